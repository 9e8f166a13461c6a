"""Questions of our own on passages of the field: for training the reranker and for fitting the refusal.

Comes in: `evaluation/questions/field.jsonl` (questions, answers' lengths and passage ids; the passages themselves
are data that stays outside the repository) and the collections that hold the passages. Goes out: `Reports`. Two
thirds of the passages are for training; the last third is kept for fitting and measuring.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUESTIONS = Path(__file__).parents[1] / "questions" / "field.jsonl"
KEPT_SHARE = 3  # one passage in so many is kept from training
LONG_ENOUGH = 75  # words: the shortest passage of the pool


@dataclass(frozen=True, slots=True)
class FieldQuestion:
    """One question; `answer` is the passage's own words, empty where the passage does not answer."""

    question: str
    passage: str
    answer: str

    @property
    def answerable(self) -> bool:
        """Whether the passage answers."""
        return bool(self.answer)


@dataclass(frozen=True, slots=True)
class Reports:
    """All passages of the pool by id, and the questions on some of them."""

    passages: dict[str, str]
    training: Sequence[FieldQuestion]
    kept: Sequence[FieldQuestion]


def load_reports(datasets: Path) -> Reports:
    """The pool of passages in `datasets` (the shared folder) and the questions that point into it."""
    records = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    passages = pool(datasets, {record["passage"] for record in records})
    asked = [_question(record, passages) for record in records]
    return Reports(
        passages,
        [one for one in asked if not _is_kept(one.passage)],
        [one for one in asked if _is_kept(one.passage)],
    )


def _question(record: dict[str, Any], passages: dict[str, str]) -> FieldQuestion:
    start, end = record["answer"] or (0, 0)
    return FieldQuestion(record["question"], record["passage"], passages[record["passage"]][start:end])


def _is_kept(passage: str) -> bool:
    return int(hashlib.sha256(passage.encode()).hexdigest(), 16) % KEPT_SHARE == 0


def pool(datasets: Path, asked: Collection[str]) -> dict[str, str]:
    """Passages by id, one of each beginning; of equal beginnings those that are asked about."""
    with gzip.open(datasets / "unlabelled" / "texts.jsonl.gz", "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    with (datasets / "tagging" / "train.jsonl").open(encoding="utf-8") as lines:
        records += [json.loads(line) for line in lines]
    passages: dict[str, str] = {}
    seen: set[str] = set()
    for record in sorted(records, key=lambda record: record["id"] not in asked):
        text = " ".join(record["text"].split())
        if len(text.split()) >= LONG_ENOUGH and text[:50].lower() not in seen:
            seen.add(text[:50].lower())
            passages[record["id"]] = text
    return passages
