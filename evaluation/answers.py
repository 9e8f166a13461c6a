"""Answers measured from scripts: the product's own evaluation, as plain tables.

`stratmap evaluate answers QUESTIONS --index DIR` does the same from the command line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from stratmap.answering.assistant import Assistant
from stratmap.evaluating.answers import Question, read_questions
from stratmap.evaluating.answers import evaluate_answers as _evaluate
from stratmap.records import Answer

__all__ = ["evaluate_answers", "read_questions"]


class _Asked:
    """An assistant with the pages of its index."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self.page_text = assistant.index.page_text

    def ask(self, question: str) -> Answer:
        return self._assistant.ask(question)


def evaluate_answers(assistant: Assistant, questions: Sequence[Question]) -> dict[str, Any]:
    """Ask all questions and count; the fields are those of `stratmap.evaluating.answers.AnswerFigures`."""
    return asdict(_evaluate(_Asked(assistant), questions))
