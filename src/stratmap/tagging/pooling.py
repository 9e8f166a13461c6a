"""From the probabilities of passages to those of the document.

A label is given to a document by the passages that carry it, not by the average page: the mean of the highest
tenth of the passages, at least one. One passage: its own probability; a long report: as many passages must speak
of a subject as a reader would want before filing it there, so that an annex or a list does not decide.
"""

from __future__ import annotations

import math

import numpy as np

_SHARE = 0.1


def pool(probabilities: np.ndarray) -> np.ndarray:
    """Document probabilities, (n_labels,), from those of passages, (n, n_labels); zeros for no passage.

    >>> pool(np.array([[0.2, 0.9], [0.8, 0.1]])).tolist()
    [0.8, 0.9]
    """
    if not len(probabilities):
        return np.zeros(probabilities.shape[1])
    most = max(1, math.ceil(_SHARE * len(probabilities)))
    highest: np.ndarray = np.sort(probabilities, axis=0)[-most:]
    return np.asarray(highest.mean(axis=0))
