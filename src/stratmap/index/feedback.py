"""Thumbs up or down on answers, kept beside the documents.

Comes in: an index folder, a question and a verdict. Goes out: a row, or all rows. The question is stored as it was
asked and nothing about who asked it; no document changes, so the generation stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stratmap.index.schema import reading, writing


@dataclass(frozen=True, slots=True)
class Feedback:
    """One verdict on one answer; `at` is ISO 8601 in UTC."""

    question: str
    helpful: bool
    at: str


def store_feedback(folder: Path, question: str, helpful: bool, timeout_s: float = 30.0) -> None:
    """Keep a verdict.

    Raises:
        IndexLocked: Another process writes for longer than `timeout_s`.
        IndexFolderError: There is no index, or the disk refused.
    """
    at = datetime.now(UTC).isoformat(timespec="seconds")
    clean = question.encode("utf-8", "replace").decode("utf-8")
    with writing(folder, timeout_s) as connection:
        connection.execute("INSERT INTO feedback (question, helpful, at) VALUES (?, ?, ?)", (clean, int(helpful), at))


def read_feedback(folder: Path) -> list[Feedback]:
    """All verdicts in the order in which they came.

    Raises:
        IndexFolderError: There is no index.
    """
    with reading(folder) as connection:
        rows = connection.execute("SELECT question, helpful, at FROM feedback ORDER BY id").fetchall()
    return [Feedback(question, bool(helpful), at) for question, helpful, at in rows]
