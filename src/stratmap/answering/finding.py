"""Finding passages for a question: search, rerank, collapse near-duplicates, spread over documents.

Comes in: a question and filters. Goes out: `Found`, the passages best first with what the reranker said. It
neither answers nor decides whether there is an answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from stratmap.answering.archive import Archive, Floats, Scorer
from stratmap.answering.names import canonical, countries
from stratmap.answering.questions import fitted
from stratmap.answering.quotable import is_bare
from stratmap.answering.terms import corrections, expand, spelled
from stratmap.answering.words import STOP_WORDS, tokens
from stratmap.encoding import Encoder
from stratmap.records import Filters, Hit, IndexedDocument
from stratmap.settings import AnsweringSettings

# Passages of one document among those shown first; the others follow behind all documents' best.
MOST_OF_DOCUMENT = 5
MOST_OF_PAGE = 2
_SAME = 0.9
_COUNTRY_BONUS = 0.08


@dataclass(frozen=True, slots=True)
class Found:
    """Passages for one question, best first.

    Attributes:
        question: As searched, mistyped words corrected.
        logits: What the reranker said of passages, by passage id; empty without one.
        documents: What the index knows of the documents of the passages, by `doc_id`.
        vector: The question's embedding as searched, shape (dim,); None where nothing was searched.
    """

    question: str
    hits: tuple[Hit, ...]
    logits: dict[str, float] = field(default_factory=dict)
    documents: dict[str, IndexedDocument] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    vector: Floats | None = None

    @property
    def titles(self) -> dict[str, str]:
        """Titles of the documents, by `doc_id`."""
        return {doc_id: document.title for doc_id, document in self.documents.items()}


class Finder:
    """Searches an archive and puts the passages into their final order."""

    def __init__(
        self, index: Archive, encoder: Encoder, settings: AnsweringSettings, reranker: Scorer | None = None
    ) -> None:
        self.index, self.encoder, self.settings, self.reranker = index, encoder, settings, reranker

    def find(self, question: str, filters: Filters) -> Found:
        """All candidates for a clean question, reranked, without near-duplicates."""
        hits, vector = self._search(question, filters)
        question, notes = self._corrected(question, hits)
        if notes:
            hits, vector = self._search(question, filters)
        known = self._known(hits)
        hits = _telling(hits, known)
        hits = _favoured(hits, countries(question), known)
        hits, logits = self._reranked(question, hits)
        return Found(question, tuple(spread(without_copies(hits))), logits, known, notes, vector)

    def _search(self, question: str, filters: Filters) -> tuple[list[Hit], Floats]:
        """Passages, and the vector they were searched with."""
        vector: Floats = self.encoder.encode([fitted(spelled(question), self.encoder)])[0]
        words = fitted(expand(question), self.encoder)
        return list(self.index.search(words, vector, self.settings.candidates, filters)), vector

    def _known(self, hits: Sequence[Hit]) -> dict[str, IndexedDocument]:
        held = {hit.passage.doc_id for hit in hits}
        return {document.doc_id: document for document in self.index.documents() if document.doc_id in held}

    def _corrected(self, question: str, hits: list[Hit]) -> tuple[str, tuple[str, ...]]:
        texts = [f"{hit.passage.heading} {hit.passage.text}" for hit in hits]
        named = [word for name in countries(question) for word in tokens(name)]
        found = corrections(question, texts, [*named, *self._whole_words(question)])
        if not found:
            return question, ()
        for word, other in found.items():
            question = re.sub(rf"\b{re.escape(word)}\b", other, question)
        listed = ", ".join(f"“{word}” as “{other}”" for word, other in found.items())
        return question, (f"Read {listed}.",)

    def _whole_words(self, question: str) -> list[str]:
        """Words that the encoder knows in one piece: rightly spelled, whether or not the archive holds them."""
        asked = tokens(question)
        shortest = self.encoder.count_tokens(["a"])[0]
        return [word for word, n in zip(asked, self.encoder.count_tokens(asked), strict=True) if n <= shortest]

    def _reranked(self, question: str, hits: list[Hit]) -> tuple[list[Hit], dict[str, float]]:
        read = hits[: self.settings.rerank]
        if self.reranker is None or not read:
            return hits, {}
        from stratmap.index.fusion import blend

        texts = [
            f"{hit.passage.heading}: {hit.passage.text}" if hit.passage.heading else hit.passage.text for hit in read
        ]
        logits = np.asarray(self.reranker.score(spelled(question), texts), dtype=np.float32)
        first = np.array([hit.score for hit in read], dtype=np.float32)
        blended = 1 / (1 + np.exp(-np.asarray(blend(first, logits))))  # between 0 and 1, as the first stage
        rescored = [replace(hit, score=float(score)) for hit, score in zip(read, blended, strict=True)]
        rescored.sort(key=lambda hit: -hit.score)
        floor, top = rescored[-1].score, max(1e-9, hits[0].score)
        rest = [replace(hit, score=floor * min(1.0, hit.score / top)) for hit in hits[len(read) :]]
        ids = [hit.passage.passage_id for hit in read]
        return rescored + rest, dict(zip(ids, map(float, logits), strict=True))


def _telling(hits: list[Hit], known: dict[str, IndexedDocument]) -> list[Hit]:
    """Hits that say more than a title; all of them where none does."""

    def bare(hit: Hit) -> bool:
        document = known.get(hit.passage.doc_id)
        return is_bare(hit.passage.text, hit.passage.heading, document.title if document else "")

    return [hit for hit in hits if not bare(hit)] or hits


def _favoured(hits: list[Hit], named: set[str], known: dict[str, IndexedDocument]) -> list[Hit]:
    """Hits in their order once passages about a country that the question names have a small advantage."""
    if not named:
        return hits

    def about(hit: Hit) -> bool:
        document = known.get(hit.passage.doc_id)
        return bool(named & (set(map(canonical, document.countries)) if document else set())) or bool(
            named & countries(f"{hit.passage.heading} {hit.passage.text}")
        )

    scored = [replace(hit, score=hit.score + _COUNTRY_BONUS) if about(hit) else hit for hit in hits]
    return sorted(scored, key=lambda hit: -hit.score)


def without_copies(hits: Sequence[Hit]) -> list[Hit]:
    """Hits without those that say nearly word for word what a better one says."""
    kept: list[Hit] = []
    seen: list[set[str]] = []
    for hit in hits:
        words = {word.lower() for word in tokens(hit.passage.text)} - STOP_WORDS
        if any(_alike(words, other) for other in seen):
            continue
        kept.append(hit)
        seen.append(words)
    return kept


def _alike(one: set[str], other: set[str]) -> bool:
    if not one or not other or min(len(one), len(other)) < _SAME * max(len(one), len(other)):
        return False
    return len(one & other) >= _SAME * len(one | other)


def spread(hits: Sequence[Hit]) -> list[Hit]:
    """Hits with at most a few of one document and one page in front; what is more comes behind, in order."""
    front: list[Hit] = []
    behind: list[Hit] = []
    of_document: Counter[str] = Counter()
    of_page: Counter[tuple[str, int]] = Counter()
    for hit in hits:
        passage = hit.passage
        page = (passage.doc_id, passage.page_index)
        full = of_document[passage.doc_id] >= MOST_OF_DOCUMENT
        if full or (passage.page is not None and of_page[page] >= MOST_OF_PAGE):
            behind.append(hit)
            continue
        front.append(hit)
        of_document[passage.doc_id] += 1
        of_page[page] += 1
    return front + behind
