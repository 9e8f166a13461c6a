"""The best k of many scores, without sorting them all.

Comes in: scores. Goes out: their places, best first, ties by place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 128


def best_rows(scores: npt.NDArray[np.float32], k: int) -> npt.NDArray[np.int64]:
    """Places of the k highest scores, best first, ties by place; all of them where there are fewer.

    The k-th highest of the maxima of blocks is a lower bound of the k-th highest score, and few scores reach it.

    >>> best_rows(np.array([0.1, 0.9, 0.9, 0.3], dtype=np.float32), 3).tolist()
    [1, 2, 3]
    """
    if k < 1 or not len(scores):
        return np.zeros(0, dtype=np.int64)
    places = np.arange(len(scores)) if k >= len(scores) else np.flatnonzero(scores >= _bound(scores, k))
    if len(places) > k:  # the last place may be shared: the first of those that share it
        last = np.partition(scores[places], len(places) - k)[len(places) - k]
        above = places[scores[places] > last]
        places = np.concatenate([above, places[scores[places] == last][: k - len(above)]])
    order = np.lexsort((places, -scores[places]))
    return places[order].astype(np.int64)


def _bound(scores: npt.NDArray[np.float32], k: int) -> np.float32:
    whole = len(scores) // _BLOCK
    if whole < k:
        return np.float32(np.partition(scores, len(scores) - k)[len(scores) - k])
    highest = scores[: whole * _BLOCK].reshape(whole, _BLOCK).max(axis=1)
    return np.float32(np.partition(highest, whole - k)[whole - k])
