"""Hybrid search over passages held in memory: exact vector search (FAISS) and BM25 (bm25s), fused.

Comes in: a matrix of unit vectors and the texts. Goes out: row numbers with scores. It knows no files and no
documents; `folder` maps rows to passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from stratmap.index.fusion import fuse
from stratmap.index.words import query_words, words

CANDIDATES = 100
# Robertson's BM25; chosen on ten collections: evaluation/results/retrieval-experiments.md.
_K1, _B = 0.9, 0.4
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
        vectors: float32 (n, dim), rows of length 1.
        texts: What the words are taken from, one a row.
        languages: ISO codes for stemming, one a row; None means English.
    """

    def __init__(self, vectors: Scores, texts: Sequence[str], languages: Sequence[str] | None = None) -> None:
        self.vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._texts = texts
        self._languages = languages or ["en"] * len(texts)
        self._spoken = frozenset(self._languages or ("en",))

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
        total = len(self.vectors) if rows is None else len(rows)
        if total == 0 or k < 1:
            empty = np.zeros(0, dtype=np.float32)
            return Found(np.zeros(0, dtype=np.int64), empty, empty, empty)
        wanted = min(max(k, candidates), total)
        terms = query_words(query, self._spoken)
        dense_rows, dense_scores = self.dense(vector, wanted, rows)
        lexical_rows, lexical_scores = self.lexical(terms, wanted, rows)
        fused, scores = fuse(dense_rows, dense_scores, lexical_rows, lexical_scores, len(terms))
        best = np.asarray(fused[:k], dtype=np.int64)
        return Found(
            best,
            np.asarray(scores[:k], dtype=np.float32),
            _aligned(best, dense_rows, dense_scores),
            _aligned(best, lexical_rows, lexical_scores),
        )

    def dense(self, vector: Scores, k: int, rows: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows of the highest cosine, exactly."""
        import faiss

        matrix = self.vectors if rows is None else np.ascontiguousarray(self.vectors[rows])
        query = np.ascontiguousarray(vector.reshape(1, -1), dtype=np.float32)
        scores, found = faiss.knn(query, matrix, min(k, len(matrix)), metric=faiss.METRIC_INNER_PRODUCT)
        best = found[0].astype(np.int64)
        return (best if rows is None else rows[best]), scores[0]

    def lexical(self, terms: list[str], k: int, rows: Rows | None = None) -> tuple[Rows, Scores]:
        """The k rows of the highest BM25 score above zero."""
        known = [term for term in terms if term in self._bm25.vocab_dict] if self._bm25 else []
        if not known:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        scores = np.asarray(self._bm25.get_scores(known), dtype=np.float32)
        if rows is not None:
            scores = scores[rows]
        wanted = min(k, len(scores))
        best = np.argpartition(-scores, wanted - 1)[:wanted] if wanted < len(scores) else np.arange(len(scores))
        best = best[np.lexsort((best, -scores[best]))]
        best = best[scores[best] > 0]
        return (best.astype(np.int64) if rows is None else rows[best]), scores[best]

    @cached_property
    def _bm25(self) -> Any:
        import bm25s

        tokens = [words(text, language) for text, language in zip(self._texts, self._languages, strict=True)]
        if not any(tokens):
            return None
        model = bm25s.BM25(k1=_K1, b=_B)
        model.index(tokens, show_progress=False)
        return model


def _aligned(rows: Rows, from_rows: Rows, scores: Scores) -> Scores:
    found = dict(zip(from_rows.tolist(), scores.tolist(), strict=True))
    return np.array([found.get(row, 0.0) for row in rows.tolist()], dtype=np.float32)
