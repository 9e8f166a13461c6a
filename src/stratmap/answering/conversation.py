"""Answers by a language model: a question and passages come in, a checked answer goes out, or None where the model
gave nothing that the passages carry. It decides neither what is found nor whether the archive answers.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from stratmap.answering.extract import PageText, Sentence, cite
from stratmap.answering.finding import Found
from stratmap.answering.prompts import NOTHING, PASSAGE, SYSTEM, USER
from stratmap.answering.verify import Checked, Verifier
from stratmap.encoding import Encoder
from stratmap.records import Answer, Citation, Hit, Statement

_FENCE = re.compile(r"<\s*/?\s*passage", re.IGNORECASE)
UNSUPPORTED = "(not supported by the passages)"


class Completes(Protocol):
    """A language model."""

    def complete(self, system: str, user: str) -> str:
        """The model's text."""
        ...


def chat_answer(
    model: Completes, extractive: Answer, found: Found, encoder: Encoder, page_text: PageText, sentences: int
) -> Answer:
    """The model's checked answer, or the extractive one with a note where the model offers nothing supported.

    Raises:
        ChatModelError: The model or its provider failed.
    """
    passages = {secrets.token_hex(3): hit for hit in found.hits[: len(extractive.passages)]}
    said = model.complete(_system(passages, sentences), _user(found.question, passages))
    if NOTHING in said:
        return _noted(extractive, "The language model found no answer in these passages; quotations are shown.")
    checked = Verifier(encoder, page_text, found.question).check(said, passages)
    if not any(one.carriers for one in checked):
        return _noted(extractive, "Nothing the language model said is supported by the passages; quotations are shown.")
    return _composed(extractive, checked)


def _system(passages: Mapping[str, Hit], sentences: int) -> str:
    return SYSTEM.format(sentences=sentences, example=next(iter(passages)), nothing=NOTHING)


def _user(question: str, passages: Mapping[str, Hit]) -> str:
    blocks = [
        PASSAGE.format(key=key, text=_FENCE.sub("(passage", f"{hit.passage.heading}\n{hit.passage.text}".strip()))
        for key, hit in passages.items()
    ]
    return USER.format(passages="\n".join(blocks), question=_FENCE.sub("(passage", question))


def _composed(extractive: Answer, checked: list[Checked]) -> Answer:
    citations: dict[tuple[str, int, int, int], Citation] = {}
    statements = []
    for one in checked:
        markers = tuple(dict.fromkeys(_marker(carrier, citations) for carrier in one.carriers))
        statements.append(Statement(one.text, markers, bool(markers)))
    lines = [
        f"{s.text} {' '.join(f'[{marker}]' for marker in s.markers)}" if s.supported else f"{s.text} {UNSUPPORTED}"
        for s in statements
    ]
    return replace(
        extractive,
        answer="\n".join(lines),
        citations=tuple(citations.values()),
        statements=tuple(statements),
        notes=(*extractive.notes, "Written by a language model; every sentence was checked against its citation."),
    )


def _marker(carrier: Sentence, citations: dict[tuple[str, int, int, int], Citation]) -> int:
    key = (*carrier.page, carrier.start, carrier.end)
    if key not in citations:
        citations[key] = cite(carrier, len(citations) + 1, carrier.hit.score)
    return citations[key].marker


def _noted(answer: Answer, note: str) -> Answer:
    return replace(answer, notes=(*answer.notes, note))
