"""Checks what a language model says against what it cites.

Comes in: the model's text and the passages behind its keys. Goes out: sentences, each with the quotation that
carries it or none. A sentence is supported only if every key is known, every quotation in it stands in a cited
passage, every number and name occurs there, negation agrees, and words and meaning are near enough. It asks no
model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stratmap.answering.extract import PageText, Sentence, sentences_of
from stratmap.answering.names import names
from stratmap.answering.questions import fitted
from stratmap.answering.terms import expand
from stratmap.answering.words import numbers, terms, tokens
from stratmap.encoding import Encoder
from stratmap.reading.sentences import sentence_spans
from stratmap.records import Hit

_KEY = re.compile(r"\[\s*([^\[\]]{1,60}?)\s*\]")
_QUOTED = re.compile(r"[\"“”«]([^\"“”«»]{3,}?)[\"“”»]")
_NEGATION = re.compile(r"\b(no|not|never|none|neither|nor|without|cannot|failed|refused|\w+n['’]t)\b", re.IGNORECASE)
_IMAGE = re.compile(r"!\[[^\]]*\]\([^)]*\)?")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)?")
_TAG = re.compile(r"<[^>]*>?")
_ADDRESS = re.compile(r"\b(?:https?://|www\.|javascript:|data:|vbscript:)\S*", re.IGNORECASE)
_HANDLER = re.compile(r"\bon\w+\s*=\s*\S*", re.IGNORECASE)
MOST_SENTENCES = 12
_ENOUGH_WORDS, _ENOUGH_NEARNESS, _WORDS_ALONE = 0.4, 0.5, 0.75


@dataclass(frozen=True, slots=True)
class Checked:
    """A sentence of the model without markup, and the sentences of the archive that carry it, if any do."""

    text: str
    carriers: tuple[Sentence, ...] = ()


def harmless(text: str) -> str:
    """Text without markup, images, link targets, addresses and event handlers.

    >>> harmless('See <img src=x onerror=alert(1)> [this](javascript:alert(1)).')
    'See this.'
    """
    for pattern, kept in ((_IMAGE, " "), (_LINK, r"\1"), (_TAG, " "), (_ADDRESS, " "), (_HANDLER, " ")):
        text = pattern.sub(kept, text)
    text = " ".join(text.replace("<", " ").replace(">", " ").split())
    return re.sub(r"\s+([.,;:!?])", r"\1", text)


class Verifier:
    """Checks sentences against passages.

    Args:
        encoder: For nearness in meaning.
        page_text: The text of a page.
        question: What was asked; its own names and numbers need no support.
    """

    def __init__(self, encoder: Encoder, page_text: PageText, question: str) -> None:
        self._encoder, self._page_text, self._question = encoder, page_text, question

    def check(self, said: str, passages: Mapping[str, Hit]) -> list[Checked]:
        """Check an answer whose sentences cite keys of `passages` in square brackets."""
        lines = [line for line in said.splitlines() if any(c.isalnum() for c in line)]
        return [found for line in lines[:MOST_SENTENCES] if (found := self._line(line, passages))]

    def _line(self, line: str, passages: Mapping[str, Hit]) -> Checked | None:
        line = _IMAGE.sub(" ", line)
        keys = [key for match in _KEY.finditer(_LINK.sub(r"\1", line)) for key in re.split(r"[,;\s]+", match.group(1))]
        text = harmless(_KEY.sub(" ", _LINK.sub(r"\1", line))).lstrip("-*• ")
        if not terms(text):
            return None
        if not keys or any(key not in passages for key in keys):
            return Checked(text)
        cited = [passages[key] for key in dict.fromkeys(keys)]
        return Checked(text, self._carriers(text, cited))

    def _carriers(self, text: str, cited: list[Hit]) -> tuple[Sentence, ...]:
        whole = " ".join(f"{hit.passage.heading} {hit.passage.text}" for hit in cited)
        if not (_quotations_stand(text, whole) and self._facts_stand(text, whole)):
            return ()
        carriers = [self._carrier(text, hit) for hit in cited]
        if any(carrier is None for carrier in carriers) or not _one_claim_each(text, whole):
            return ()
        return tuple(carrier for carrier in carriers if carrier)

    def _facts_stand(self, text: str, whole: str) -> bool:
        wide = f"{expand(whole)} {self._question}"
        held = {token.lower() for token in tokens(wide)}
        named = all({part.lower() for part in tokens(name)} <= held for name in names(text))
        return named and numbers(text) <= numbers(whole) | numbers(self._question)

    def _carrier(self, text: str, hit: Hit) -> Sentence | None:
        """The sentence of one passage that carries the text."""
        sentences = sentences_of([hit], self._page_text)
        if not sentences:
            return None
        said = set(terms(expand(text)))
        vectors = self._encoder.encode([fitted(t, self._encoder) for t in [text, *(s.text for s in sentences)]])
        nearness = vectors[1:] @ vectors[0]
        shares = np.array([len(said & set(terms(expand(s.text)))) / max(1, len(said)) for s in sentences])
        best = int(np.argmax(nearness + shares))
        enough = shares[best] >= _WORDS_ALONE or (shares[best] >= _ENOUGH_WORDS and nearness[best] >= _ENOUGH_NEARNESS)
        agrees = bool(_NEGATION.search(text)) == bool(_NEGATION.search(sentences[best].text))
        figures = numbers(text) - numbers(self._question) <= numbers(sentences[best].text)
        return sentences[best] if enough and agrees and figures else None


def _quotations_stand(text: str, whole: str) -> bool:
    flat = " ".join(whole.split()).lower()
    return all(" ".join(quote.split()).lower().rstrip(".,") in flat for quote in _QUOTED.findall(text))


def _one_claim_each(text: str, whole: str) -> bool:
    """Whether every sentence of a line shares words with what it cites: a true one carries no false one along."""
    held = set(terms(expand(whole)))
    parts = [set(terms(text[start:end])) for start, end in sentence_spans(text)]
    return all(len(part & held) >= _ENOUGH_WORDS * len(part) for part in parts if part)
