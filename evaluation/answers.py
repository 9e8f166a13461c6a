"""Measures answers: an assistant and questions with gold documents and pages come in, figures go out.

A question is `{"id", "question", "answerable", "gold": [{"document", "pages"}]}`; no pages means that any page
of the document is right. Page hits at 1 and 5 are counted over the answerable questions, twice: by the first
citations (a refusal is a miss) and by the passages alone. It changes no setting and chooses no threshold.

    python -m evaluation.answers --index DIR evaluation/questions/corpora.jsonl
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from stratmap.answering.assistant import Assistant
from stratmap.records import Citation, Hit

Question = dict[str, Any]


def read_questions(paths: Iterable[Path]) -> list[Question]:
    """Questions of JSON lines files."""
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines() if line]


def evaluate_answers(assistant: Assistant, questions: Sequence[Question]) -> dict[str, Any]:
    """Ask all questions and count.

    Returns:
        Shares between 0 and 1 (None where nothing was counted), milliseconds, and `failures`: ids by kind.
    """
    asked = []
    started = time.perf_counter()
    for question in questions:
        asked.append((question, assistant.ask(question["question"])))
    milliseconds = 1000 * (time.perf_counter() - started) / max(1, len(asked))
    right = [(q, a) for q, a in asked if q["answerable"]]
    wrong = [(q, a) for q, a in asked if not q["answerable"]]
    refused = [(q, a) for q, a in asked if not a.answered]
    quotations = [citation for _, answer in asked for citation in answer.citations]
    return {
        "questions": len(asked),
        "answerable": len(right),
        "cited_page_hit_at_1": _share(_hit(q, a.citations[:1]) for q, a in right),
        "cited_page_hit_at_5": _share(_hit(q, a.citations[:5]) for q, a in right),
        "passage_page_hit_at_1": _share(_hit(q, [a.passages[0]] if a.passages else []) for q, a in right),
        "passage_page_hit_at_5": _share(_hit(q, a.passages[:5]) for q, a in right),
        "answerable_answered": _share(a.answered for _, a in right),
        "refusal_recall": _share(not a.answered for _, a in wrong),
        "refusal_precision": _share(not q["answerable"] for q, _ in refused),
        "answerability_auroc": _auroc([a.confidence for _, a in right], [a.confidence for _, a in wrong]),
        "quotations": len(quotations),
        "quotations_verbatim": _share(_verbatim(assistant, citation) for citation in quotations),
        "milliseconds": round(milliseconds, 1),
        "failures": {
            "page": [q["id"] for q, a in right if a.answered and not _hit(q, a.citations[:1])],
            "refused": [q["id"] for q, a in right if not a.answered],
            "answered": [q["id"] for q, a in wrong if a.answered],
        },
    }


def _hit(question: Question, places: Sequence[Citation | Hit]) -> bool:
    return any(_right(question, place) for place in places)


def _right(question: Question, place: Citation | Hit) -> bool:
    page = place.page if isinstance(place, Citation) else place.passage.page
    return any(
        gold["document"] == place.document and (not gold.get("pages") or page in gold["pages"])
        for gold in question["gold"]
    )


def _verbatim(assistant: Assistant, citation: Citation) -> bool:
    text = assistant.index.page_text(citation.doc_id, citation.page_index)
    return text[citation.start : citation.end] == citation.quote


def _share(values: Iterable[bool]) -> float | None:
    counted = list(values)
    return round(sum(counted) / len(counted), 4) if counted else None


def _auroc(right: list[float], wrong: list[float]) -> float | None:
    if not right or not wrong:
        return None
    wins = sum((r > w) + 0.5 * (r == w) for r in right for w in wrong)
    return round(wins / (len(right) * len(wrong)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("questions", type=Path, nargs="+")
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--reranker", type=Path, help="folder of a reranker; none without")
    arguments = parser.parse_args()
    assistant = open_assistant(arguments.index, arguments.reranker)
    print(json.dumps(evaluate_answers(assistant, read_questions(arguments.questions)), indent=1))


def open_assistant(folder: Path, reranker_folder: Path | None = None) -> Assistant:
    """An assistant on an index folder, with the shipped encoder."""
    from stratmap.answering.reranker import Reranker
    from stratmap.encoding import load_encoder
    from stratmap.framework import load_framework
    from stratmap.index.folder import Index

    reranker = Reranker.load(reranker_folder) if reranker_folder else None
    return Assistant(Index(folder), load_encoder(), reranker=reranker, framework=load_framework())


if __name__ == "__main__":
    main()
