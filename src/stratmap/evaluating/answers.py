"""Answers on questions with gold: an assistant and questions come in, figures go out.

A question is a line of JSON, `{"id", "question", "answerable", "gold": [{"document", "pages"}]}`; no pages means that
any page of the document is right. Page hits at 1 and 5 are counted over the answerable questions, twice: by the
first citations (a refusal is a miss) and by the passages alone. It changes no setting and chooses no threshold.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from stratmap.errors import UsageError
from stratmap.records import Answer, Citation, Hit

_FIRST = 5


class Asked(Protocol):
    """What answers."""

    def ask(self, question: str) -> Answer:
        """The answer to a question."""
        ...

    def page_text(self, doc_id: str, page_index: int) -> str:
        """The text that quotations are taken from."""
        ...


@dataclass(frozen=True, slots=True)
class Gold:
    """A document that answers; `pages` is empty where any page is right."""

    document: str
    pages: frozenset[int]

    def holds(self, place: Citation | Hit) -> bool:
        """Whether a citation or passage stands here."""
        page = place.page if isinstance(place, Citation) else place.passage.page
        return self.document == place.document and (not self.pages or page in self.pages)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, whether the archive answers it, and where."""

    id: str
    text: str
    answerable: bool
    gold: tuple[Gold, ...]

    def hit(self, places: Sequence[Citation | Hit]) -> bool:
        """Whether one of the places is right."""
        return any(gold.holds(place) for gold in self.gold for place in places)


@dataclass(frozen=True, slots=True)
class AnswerFigures:
    """Shares between 0 and 1, None where nothing was counted.

    `refusal_recall` is the share of the unanswerable that was refused, `refusal_precision` the share of the
    refusals that were right, `failures` ids by kind: `page` (answered from a wrong page), `refused`, `answered`.
    """

    questions: int
    answerable: int
    cited_page_hit_at_1: float | None
    cited_page_hit_at_5: float | None
    passage_page_hit_at_1: float | None
    passage_page_hit_at_5: float | None
    answerable_answered: float | None
    refusal_recall: float | None
    refusal_precision: float | None
    answerability_auroc: float | None
    quotations: int
    quotations_verbatim: float | None
    milliseconds: float
    failures: dict[str, list[str]] = field(default_factory=dict)


def read_questions(paths: Iterable[Path]) -> list[Question]:
    """Questions of JSON lines files.

    Raises:
        UsageError: A file is missing, or a line is no such question.
    """
    found = []
    for path in paths:
        try:
            lines = path.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: expected questions as JSON lines, found none ({error}).") from error
        found += [_question(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise UsageError("expected questions as JSON lines, found none.")
    return found


def _question(path: Path, number: int, line: str) -> Question:
    try:
        row = json.loads(line)
        gold = tuple(Gold(str(one["document"]), frozenset(one.get("pages") or ())) for one in row.get("gold") or ())
        answerable = row.get("answerable", bool(gold))
        if not isinstance(row["question"], str) or not isinstance(answerable, bool) or (answerable and not gold):
            raise ValueError("a text as `question`, true or false as `answerable`, and `gold` where it is true")
        return Question(str(row.get("id", number)), row["question"], answerable, gold)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}, line {number}: expected `question`, `answerable` and `gold`, found: {error!r}."
        ) from error


def evaluate_answers(asked: Asked, questions: Sequence[Question]) -> AnswerFigures:
    """Ask all questions and count."""
    started = time.perf_counter()
    pairs = [(question, asked.ask(question.text)) for question in questions]
    spent = 1000 * (time.perf_counter() - started)
    right = [(q, a) for q, a in pairs if q.answerable]
    wrong = [(q, a) for q, a in pairs if not q.answerable]
    quotations = [citation for _, answer in pairs for citation in answer.citations]
    return AnswerFigures(
        questions=len(pairs),
        answerable=len(right),
        cited_page_hit_at_1=_share(q.hit(a.citations[:1]) for q, a in right),
        cited_page_hit_at_5=_share(q.hit(a.citations[:_FIRST]) for q, a in right),
        passage_page_hit_at_1=_share(q.hit(a.passages[:1]) for q, a in right),
        passage_page_hit_at_5=_share(q.hit(a.passages[:_FIRST]) for q, a in right),
        answerable_answered=_share(a.answered for _, a in right),
        refusal_recall=_share(not a.answered for _, a in wrong),
        refusal_precision=_share(not q.answerable for q, a in pairs if not a.answered),
        answerability_auroc=_auroc([a.confidence for _, a in right], [a.confidence for _, a in wrong]),
        quotations=len(quotations),
        quotations_verbatim=_share(_verbatim(asked, citation) for citation in quotations),
        milliseconds=round(spent / max(1, len(pairs)), 1),
        failures={
            "page": [q.id for q, a in right if a.answered and not q.hit(a.citations[:1])],
            "refused": [q.id for q, a in right if not a.answered],
            "answered": [q.id for q, a in wrong if a.answered],
        },
    )


def _verbatim(asked: Asked, citation: Citation) -> bool:
    text = asked.page_text(citation.doc_id, citation.page_index)
    return text[citation.start : citation.end] == citation.quote


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else None


def _auroc(right: list[float], wrong: list[float]) -> float | None:
    """How often an answerable question is held surer than another, ties counting half (Mann and Whitney 1947)."""
    if not right or not wrong:
        return None
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    return round(wins / (len(right) * len(wrong)), 4)
