"""Answers by a language model: a question and passages come in, a checked answer goes out, at once or sentence by
sentence. It decides neither what is found nor whether the archive answers.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from stratmap.answering.chat_budget import tokens_in
from stratmap.answering.extract import PageText, Sentence, cite
from stratmap.answering.finding import Found
from stratmap.answering.prompts import NOTHING, PASSAGE, SYSTEM, USER
from stratmap.answering.verify import MOST_SENTENCES, Checked, Verifier
from stratmap.encoding import Encoder
from stratmap.records import Answer, Citation, Hit, Statement
from stratmap.settings import AnsweringSettings

_FENCE = re.compile(r"<\s*/?\s*passage", re.IGNORECASE)
UNSUPPORTED = "(not supported by the passages)"


class Completes(Protocol):
    """A language model."""

    def complete(self, system: str, user: str) -> str:
        """The model's text."""
        ...

    def stream(self, system: str, user: str) -> Iterator[str]:
        """The model's text in pieces."""
        ...


class Conversation:
    """One question put to a language model with the passages that were found for it.

    Args:
        model: The model.
        extractive: The answer by quotations, given where the model offers nothing supported.
        found: The passages.
        encoder: For checking what the model says.
        page_text: The text of a page.
        settings: Most sentences of an answer, most tokens of a prompt.
    """

    def __init__(
        self,
        model: Completes,
        extractive: Answer,
        found: Found,
        encoder: Encoder,
        page_text: PageText,
        settings: AnsweringSettings,
    ) -> None:
        self._model, self._extractive, self._question = model, extractive, found.question
        hits = _within(found.hits[: len(extractive.passages)], settings.chat_max_prompt_tokens)
        self._passages = {secrets.token_hex(3): hit for hit in hits}
        self._sentences = settings.quotations
        self._verifier = Verifier(encoder, page_text, found.question)
        self._citations: dict[tuple[str, int, int, int], Citation] = {}

    def answer(self) -> Answer:
        """The model's checked answer, or the extractive one with a note.

        Raises:
            ChatModelError: The model or its provider failed.
        """
        said = self._model.complete(self._system(), self._user())
        return self._final(said, self._checked(said))

    def stream(self) -> Iterator[Statement | Answer]:
        """Every line as a checked statement as soon as it is complete, then the answer as a whole.

        Raises:
            ChatModelError: The model or its provider failed, perhaps after some statements.
        """
        said = line = ""
        statements: list[Statement] = []
        for piece in self._model.stream(self._system(), self._user()):
            if len(statements) >= MOST_SENTENCES:
                break
            said += piece
            *complete, line = (line + piece).split("\n")
            for fresh in self._fresh(complete, statements, said):
                statements.append(fresh)
                yield fresh
        for fresh in self._fresh([line], statements, said):
            statements.append(fresh)
            yield fresh
        yield self._final(said, statements)

    def _fresh(self, lines: Sequence[str], statements: Sequence[Statement], said: str) -> list[Statement]:
        if NOTHING in said:
            return []
        return self._checked("\n".join(lines[: MOST_SENTENCES - len(statements)]))

    def _checked(self, said: str) -> list[Statement]:
        return [self._statement(one) for one in self._verifier.check(said, self._passages)]

    def _statement(self, one: Checked) -> Statement:
        markers = tuple(dict.fromkeys(self._marker(carrier) for carrier in one.carriers))
        return Statement(one.text, markers, bool(markers))

    def _marker(self, carrier: Sentence) -> int:
        key = (*carrier.page, carrier.start, carrier.end)
        if key not in self._citations:
            self._citations[key] = cite(carrier, len(self._citations) + 1, carrier.hit.score)
        return self._citations[key].marker

    def _final(self, said: str, statements: Sequence[Statement]) -> Answer:
        if NOTHING in said:
            note = "The language model found no answer in these passages; quotations are shown."
            return _noted(self._extractive, note)
        if not any(statement.supported for statement in statements):
            note = "Nothing the language model said is supported by the passages; quotations are shown."
            return _noted(self._extractive, note)
        return replace(
            self._extractive,
            answer=in_lines(statements),
            citations=tuple(self._citations.values()),
            statements=tuple(statements),
            notes=(
                *self._extractive.notes,
                "Written by a language model; every sentence was checked against its citation.",
            ),
        )

    def _system(self) -> str:
        return SYSTEM.format(sentences=self._sentences, example=next(iter(self._passages)), nothing=NOTHING)

    def _user(self) -> str:
        blocks = [PASSAGE.format(key=key, text=_fenced(_text_of(hit))) for key, hit in self._passages.items()]
        return USER.format(passages="\n".join(blocks), question=_fenced(self._question))


def in_lines(statements: Iterable[Statement]) -> str:
    """Statements as the text of an answer, one a line: with its markers, or marked as unsupported."""
    return "\n".join(map(_line, statements))


def _line(statement: Statement) -> str:
    if not statement.supported:
        return f"{statement.text} {UNSUPPORTED}"
    return " ".join([statement.text, *(f"[{marker}]" for marker in statement.markers)])


def _within(hits: Sequence[Hit], most_tokens: int) -> list[Hit]:
    """The first hits that fit into a prompt; at least one."""
    room = most_tokens - tokens_in(SYSTEM + USER)
    kept: list[Hit] = []
    for hit in hits:
        room -= tokens_in(_text_of(hit) + PASSAGE)
        if room < 0 and kept:
            break
        kept.append(hit)
    return kept


def _text_of(hit: Hit) -> str:
    return f"{hit.passage.heading}\n{hit.passage.text}".strip()


def _fenced(text: str) -> str:
    """Text that cannot open or close a passage."""
    return _FENCE.sub("(passage", text)


def _noted(answer: Answer, note: str) -> Answer:
    return replace(answer, notes=(*answer.notes, note))
