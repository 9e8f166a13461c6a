"""Hybrid search over the passages of an archive: vectors (`dense`) and words (`lexical`), fused.

Comes in: unit vectors and words, in memory or mapped from the disk. Goes out: row numbers with scores. It knows no
files and no documents; `snapshot` maps rows to passages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stratmap.index.best import best_rows
from stratmap.index.dense import Dense, Mask
from stratmap.index.fusion import fuse
from stratmap.index.lexical import Lexical, build_postings
from stratmap.index.words import query_words, words

CANDIDATES = 100
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a search, best first, ties by row; `dense` and `lexical` hold each half's own score (0 where that
    half did not propose the row).
    """

    rows: Rows
    scores: Scores
    dense: Scores
    lexical: Scores


class Hybrid:
    """Search over n passages.

    Args:
        vectors: float32 (n, dim), rows of length 1; or a `Dense` over them.
        texts: What the words are taken from, one a row; or a function that makes the `Lexical` over them when the
            first question comes.
        languages: ISO codes for stemming, one a row (all there are, where the words come from a function); None means
            English.
        alive: Rows that may be found at all, bool (n,); None means all.
    """

    def __init__(
        self,
        vectors: Scores | Dense,
        texts: Sequence[str] | Callable[[], Lexical],
        languages: Sequence[str] | None = None,
        alive: Mask | None = None,
    ) -> None:
        self._dense = vectors if isinstance(vectors, Dense) else Dense([np.ascontiguousarray(vectors, np.float32)])
        self._make = texts if callable(texts) else lambda: _lexical_of(texts, languages)
        self._alive = alive
        self._spoken = frozenset(languages or ("en",))

    def search(
        self, query: str, vector: Scores, k: int, rows: Rows | None = None, candidates: int = CANDIDATES
    ) -> Found:
        """The k best rows for a query.

        Args:
            query: The question in words.
            vector: Its vector, (dim,).
            k: Most rows to return.
            rows: Restriction: sorted row numbers; None means all.
            candidates: How many rows each half proposes.
        """
        allowed = self._allowed(rows)
        total = len(self._dense) if allowed is None else int(np.count_nonzero(allowed))
        if total == 0 or k < 1:
            empty = np.zeros(0, dtype=np.float32)
            return Found(np.zeros(0, dtype=np.int64), empty, empty, empty)
        wanted = min(max(k, candidates), total)
        terms = query_words(query, self._spoken)
        dense_rows, dense_scores = self._dense.search(vector, wanted, allowed)
        lexical_rows, lexical_scores = self._by_words(terms, wanted, allowed)
        fused, scores = fuse(dense_rows, dense_scores, lexical_rows, lexical_scores, len(terms))
        best = np.asarray(fused[:k], dtype=np.int64)
        return Found(
            best,
            np.asarray(scores[:k], dtype=np.float32),
            _aligned(best, dense_rows, dense_scores),
            _aligned(best, lexical_rows, lexical_scores),
        )

    def dense(self, vector: Scores, k: int, rows: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows of the highest cosine."""
        return self._dense.search(vector, k, self._allowed(rows))

    def lexical(self, terms: list[str], k: int, rows: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows of the highest BM25 score above zero."""
        return self._by_words(terms, k, self._allowed(rows))

    def _by_words(self, terms: list[str], k: int, allowed: Mask | None) -> tuple[Rows, Scores]:
        known = [term for term in terms if self._lexical.knows(term)]
        if not known:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        scores = self._lexical.scores(known)
        if allowed is not None:
            scores[~allowed] = 0.0
        best = best_rows(scores, k)
        best = best[scores[best] > 0]
        return best, scores[best]

    def _allowed(self, rows: Rows | None) -> Mask | None:
        if rows is None:
            return self._alive
        allowed = np.zeros(len(self._dense), dtype=np.bool_)
        allowed[rows] = True
        return allowed if self._alive is None else allowed & self._alive

    @cached_property
    def _lexical(self) -> Lexical:
        return self._make()


def _lexical_of(texts: Sequence[str], languages: Sequence[str] | None) -> Lexical:
    given = languages or ["en"] * len(texts)
    return Lexical([build_postings(words(text, language) for text, language in zip(texts, given, strict=True))])


def _aligned(rows: Rows, from_rows: Rows, scores: Scores) -> Scores:
    found = dict(zip(from_rows.tolist(), scores.tolist(), strict=True))
    return np.array([found.get(row, 0.0) for row in rows.tolist()], dtype=np.float32)
