"""`stratmap ask`: one question, or a file of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratmap.assembly import Desk
from stratmap.cli.show import answer_lines, complain, place_lines, statement_line
from stratmap.errors import StratmapError, UsageError
from stratmap.records import Answer, Filters, Statement
from stratmap.reporting.masking import mask_with_names, masked_answer, masked_statement
from stratmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: a question, what the search is restricted to, and earlier questions, oldest first."""

    question: str
    filters: Filters
    history: tuple[str, ...] = ()


def run(
    asked: Asked, queries: Path | None, index: Path, settings: Settings, *, as_json: bool, stream: bool = False
) -> int:
    """Answer and print; returns the exit code."""
    desk = Desk(settings, index)
    if queries is not None:
        return _many(desk, queries, asked.filters)
    if not asked.question.strip():
        raise UsageError(
            'expected a question in quotation marks, found none. Example: stratmap ask "Who …?" --index DIR'
        )
    if stream:
        return _streamed(desk, asked, as_json)
    answer = _covered(desk, desk.ask(asked.question, asked.filters, asked.history))
    print(json.dumps(as_dict(answer), ensure_ascii=False) if as_json else "\n".join(answer_lines(answer)))
    return 0


def _covered(desk: Desk, answer: Answer) -> Answer:
    return masked_answer(answer) if desk.settings.privacy.mask_exports else answer


def _streamed(desk: Desk, asked: Asked, as_json: bool) -> int:
    """Print checked sentences as they come, then what is left to say; with JSON one line a part."""
    told: list[Statement] = []
    for part in desk.stream(asked.question, asked.filters, asked.history):
        if isinstance(part, Statement):
            part = masked_statement(part) if desk.settings.privacy.mask_exports else part
            told.append(part)
            line = json.dumps({"statement": _statement(part)}, ensure_ascii=False) if as_json else statement_line(part)
            print(line, flush=True)
            continue
        part = _covered(desk, part)
        if as_json:
            print(json.dumps(as_dict(part), ensure_ascii=False), flush=True)
        else:
            same = part.statements == tuple(told) and told
            print("\n".join(place_lines(part) if same else answer_lines(part)), flush=True)
    return 0


def _many(desk: Desk, queries: Path, filters: Filters) -> int:
    done = failed = 0
    for identifier, question in _questions(queries):
        try:
            answer = _covered(desk, desk.ask(question, filters))
        except UsageError as error:
            failed += 1
            complain(f"{identifier}: {error}")
            told = mask_with_names(question[:200]) if desk.settings.privacy.mask_exports else question[:200]
            line: dict[str, Any] = {"id": identifier, "question": told, "answered": False, "answer": ""}
            line |= {"citations": [], "passages": [], "error": str(error)}
        else:
            done += 1
            line = {"id": identifier, **as_dict(answer)}
        print(json.dumps(line, ensure_ascii=False), flush=True)
    return 0 if not failed else (3 if done else 1)


def _questions(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                row = json.loads(line)
                yield str(row.get("id", number)), str(row["question"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StratmapError(f"{path}: expected JSONL with `id` and `question`, found: {error!r}.") from error


def as_dict(answer: Answer) -> dict[str, Any]:
    """An answer in the stable form for programs."""
    return {
        "question": answer.question,
        "answered": answer.answered,
        "answer": answer.answer,
        "citations": [
            {
                "marker": c.marker,
                "document": c.document,
                "page": c.page,
                "quote": c.quote,
                "score": round(c.score, 4),
            }
            for c in answer.citations
        ],
        "passages": [
            {
                "document": hit.document,
                "page": hit.passage.page,
                "start": hit.passage.start,
                "end": hit.passage.end,
                "text": hit.passage.text,
                "score": round(hit.score, 4),
            }
            for hit in answer.passages
        ],
        "confidence": round(answer.confidence, 4),
        "notes": list(answer.notes),
        "statements": [_statement(statement) for statement in answer.statements],
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {"text": statement.text, "markers": list(statement.markers), "supported": statement.supported}
