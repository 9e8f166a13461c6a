"""Vector search: exact where that is quick, by cells of an inverted file where there are many vectors.

Comes in: unit vectors in several parts, in memory or mapped from the disk. Goes out: the rows of the highest cosine.
Which way is taken is decided by size alone; `evaluation/results/scale.md` has the table behind the numbers here. A
restriction of rows loses nothing: few rows are compared one by one, and with many the search goes on in more cells.
It knows no texts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stratmap.index.best import best_rows
from stratmap.index.cells_file import check_cells

Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

CELLS_FROM = 100_000  # rows from which a part gets cells: an exact search takes three times the processor time there
_FEW = 20_000  # allowed rows that are compared one by one
_PROBES = 48  # cells visited for a question
_TRAINING = 40  # vectors a cell that its centre is fitted on
_BLOCK = 50_000


class Dense:
    """Search over the rows of several parts, one after the other.

    Args:
        parts: float32 (n, dim), rows of length 1 (or 0).
        cells: An inverted file over the first part, or None.
    """

    def __init__(self, parts: Sequence[Scores], cells: Any = None) -> None:
        self.parts = [part for part in parts if len(part)]
        self.cells = cells

    def __len__(self) -> int:
        """Number of rows."""
        return sum(len(part) for part in self.parts)

    def search(self, vector: Scores, k: int, allowed: Mask | None = None) -> tuple[Rows, Scores]:
        """The k rows of the highest cosine, best first, ties by row.

        Args:
            vector: The question's, (dim,).
            k: Most rows.
            allowed: Which rows may be found, (n,); None means all.
        """
        query = np.ascontiguousarray(vector, dtype=np.float32).ravel()
        rows: list[Rows] = []
        scores: list[Scores] = []
        first = 0
        for number, part in enumerate(self.parts):
            mask = None if allowed is None else allowed[first : first + len(part)]
            cells = self.cells if number == 0 else None
            found, values = _search_part(part, cells, query, k, mask)
            rows.append(found + first)
            scores.append(values)
            first += len(part)
        if not rows:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        together, values = np.concatenate(rows), np.concatenate(scores)
        order = np.lexsort((together, -values))[:k]
        return together[order], values[order]


def _search_part(part: Scores, cells: Any, query: Scores, k: int, mask: Mask | None) -> tuple[Rows, Scores]:
    count = len(part) if mask is None else int(np.count_nonzero(mask))
    if cells is not None and count > _FEW:
        return _by_cells(part, cells, query, k, mask, count)
    if mask is not None and count < len(part):
        chosen = np.flatnonzero(mask)
        scores = _cosines(part[chosen], query)
        best = best_rows(scores, k)
        return chosen[best].astype(np.int64), scores[best]
    scores = _cosines(part, query)
    best = best_rows(scores, k)
    return best, scores[best]


def _cosines(rows: Scores, query: Scores) -> Scores:
    """Products with the question on one thread: it is bound by memory, and BLAS threads that wait for each other take
    three times the processor time, and many times the wall time where the cores are shared.
    """
    return np.asarray(np.einsum("ij,j->i", rows, query), dtype=np.float32)


def _by_cells(part: Scores, cells: Any, query: Scores, k: int, mask: Mask | None, count: int) -> tuple[Rows, Scores]:
    """Rows of the cells next to the question, compared by their codes first and by their vectors in the end."""
    import faiss

    # The rarer the allowed rows, the more cells hold as many of them.
    probes = min(cells.nlist, math.ceil(_PROBES * len(part) / count))
    bits = None if mask is None else np.packbits(mask, bitorder="little")
    selector = None if bits is None else faiss.IDSelectorBitmap(bits)  # type: ignore[call-arg, arg-type]  # it takes arrays
    asked = faiss.SearchParametersIVF(nprobe=probes, sel=selector)  # type: ignore[call-arg]  # its stub knows neither
    _, found = cells.search(query[None], 2 * k, params=asked)  # codes rank roughly, vectors decide
    rows = np.sort(found[0][found[0] >= 0])
    scores = _cosines(part[rows], query)
    best = best_rows(scores, k)
    return rows[best].astype(np.int64), scores[best]


def build_cells(vectors: Scores, seed: int = 0) -> Any:
    """An inverted file with 8-bit codes over vectors; one cell for about 500 of them.

    Args:
        vectors: float32 (n, dim); may be mapped from the disk, it is read in blocks.
        seed: Of the choice of vectors that the cells' centres are fitted on.
    """
    import faiss

    count, dim = vectors.shape
    n_cells = max(1, count // 500)
    cells = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dim), dim, n_cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    cells.cp.niter, cells.cp.seed = 8, 1 + seed
    chosen = np.random.default_rng(seed).choice(count, min(count, _TRAINING * n_cells), replace=False)
    cells.train(vectors[np.sort(chosen)])
    for start in range(0, count, _BLOCK):
        cells.add(np.ascontiguousarray(vectors[start : start + _BLOCK]))
    return cells


def write_cells(cells: Any, path: Path) -> None:
    """Write an inverted file; the caller moves it into place."""
    import faiss

    faiss.write_index(cells, str(path))


def read_cells(path: Path) -> Any:
    """An inverted file whose codes stay on the disk until they are needed.

    Raises:
        ValueError: The file is none, or is not as `write_cells` writes it.
        OSError: It cannot be read.
    """
    check_cells(path)  # faiss itself believes the counts that it finds
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
