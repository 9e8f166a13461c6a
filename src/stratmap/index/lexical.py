"""Word search: BM25 over postings that may lie on the disk.

Comes in: the words of passages. Goes out: scores of all rows for the words of a question. Postings keep counts and
lengths rather than finished scores, so that passages which came later change the weights of words without anything
being built again. Equal to bm25s and Lucene (Robertson's BM25 without the constant factor `k1 + 1`) to the last digits
of float32; the tests compare them. It knows no documents and no vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Chosen on ten collections, none of them a test set: evaluation/results/retrieval-experiments.md.
K1, B = 0.9, 0.4
_BLOCK = 50_000  # rows sorted at a time while building
Scores = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Postings:
    """Which rows hold a word, and how often.

    Attributes:
        columns: Column of each word.
        starts: Where a column's postings begin, int64 (n_words + 1,).
        rows: Rows of the postings, ascending in a column, int32.
        counts: How often the row holds the word, uint16.
        lengths: Words of each row, int32 (n,).
    """

    columns: Mapping[str, int]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint16]
    lengths: npt.NDArray[np.int32]

    def of(self, word: str) -> slice:
        """Where the postings of a word lie; an empty slice for a word that no row holds."""
        column = self.columns.get(word)
        return slice(0, 0) if column is None else slice(int(self.starts[column]), int(self.starts[column + 1]))


def build_postings(texts: Iterable[Sequence[str]]) -> Postings:
    """Postings of texts given as lists of words, one a row."""
    columns: dict[str, int] = {}
    lengths: list[int] = []
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    flat: list[int] = []
    first = 0
    for words in texts:
        flat.extend([columns.setdefault(word, len(columns)) for word in words])
        lengths.append(len(words))
        if len(lengths) - first == _BLOCK:
            parts.append(_counted(flat, lengths[first:], first))
            flat, first = [], len(lengths)
    parts.append(_counted(flat, lengths[first:], first))
    words_, rows, counts = (np.concatenate(column) for column in zip(*parts, strict=True))
    del parts
    order = np.argsort(words_, kind="stable")  # rows ascend in every part, so they do in every column
    starts = np.concatenate([[0], np.cumsum(np.bincount(words_, minlength=len(columns)))]).astype(np.int64)
    return Postings(columns, starts, rows[order], counts[order], np.array(lengths, dtype=np.int32))


def _counted(flat: list[int], lengths: list[int], first: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Words, rows and counts of a block, sorted by row."""
    rows = np.repeat(np.arange(first, first + len(lengths), dtype=np.int64), lengths)
    keys, counts = np.unique(rows << 32 | np.array(flat, dtype=np.int64), return_counts=True)
    return (
        (keys & 0xFFFFFFFF).astype(np.int32),
        (keys >> 32).astype(np.int32),
        np.minimum(counts, np.iinfo(np.uint16).max).astype(np.uint16),
    )


class Lexical:
    """BM25 over the rows of several postings, one after the other.

    Args:
        parts: Postings whose rows follow each other: those of the first part, then those of the second.
    """

    def __init__(self, parts: Sequence[Postings]) -> None:
        self._parts = [part for part in parts if len(part.lengths)]
        self._total = sum(len(part.lengths) for part in self._parts)
        words = sum(int(part.lengths.sum()) for part in self._parts)
        average = max(1.0, words / max(1, self._total))
        self._damping = [(K1 * (1 - B + B * part.lengths / average)).astype(np.float32) for part in self._parts]

    def knows(self, word: str) -> bool:
        """Whether any row holds a word."""
        return any(part.of(word).stop for part in self._parts)

    def scores(self, words: Sequence[str]) -> Scores:
        """BM25 of every row for words; a word that comes twice counts twice. Float32 (n,), zero where none is held."""
        found = np.zeros(self._total, dtype=np.float32)
        for word in words:
            places = [part.of(word) for part in self._parts]
            holders = sum(place.stop - place.start for place in places)
            weight = np.float32(np.log1p((self._total - holders + 0.5) / (holders + 0.5)))
            first = 0
            for part, place, damping in zip(self._parts, places, self._damping, strict=True):
                rows, counts = part.rows[place], part.counts[place].astype(np.float32)
                found[first : first + len(part.lengths)][rows] += weight * (counts / (counts + damping[rows]))
                first += len(part.lengths)
        return found
