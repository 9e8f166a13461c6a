"""From the probabilities of passages to those of the document.

The odds of a label for a document are the mean of the passages' odds, weighted by length and capped. One passage:
its own probability. A long report: a subject must fill a share of it, so that one sentence, an annex or a list does
not decide: at the cap of 19 (a probability of 0.95), a tenth of the text gives 0.66, one passage of four hundred 0.05.
What stands in an annex, or in a list of abbreviations, contents or references, counts a quarter: three
pages of annex would else tag a report of a hundred.
Chosen on `dev.jsonl` (mean average precision 0.694 / 0.728 for the tower alone, against 0.684 / 0.732 for the maximum,
0.678 / 0.732 for noisy-or and 0.687 / 0.705 for the mean probability; `evaluation/results/tagging-experiments.md`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stratmap.reading.annexes import counted
from stratmap.records import Passage

_FEW = 3
_CAP, _CAP_FEW = 19.0, 99.0


def weights_of(passages: Sequence[Passage]) -> list[int]:
    """How much each passage of a document counts: its length in characters, a quarter of it in annexes and lists."""
    return [counted(passage.heading, len(passage.text)) for passage in passages]


def pool(probabilities: np.ndarray, lengths: Sequence[float]) -> np.ndarray:
    """Document probabilities, (n_labels,), from those of passages; zeros for no passage.

    Args:
        probabilities: Of labels for passages, (n, n_labels).
        lengths: Of the passages, as `weights_of` gives them, n of them.

    >>> pool(np.array([[0.5, 0.9], [0.5, 0.0]]), [100, 300]).round(4).tolist()
    [0.5, 0.6923]
    """
    if not len(probabilities):
        return np.zeros(probabilities.shape[1])
    cap = _CAP_FEW if len(probabilities) <= _FEW else _CAP
    ceiling = cap / (1 + cap)
    kept = np.minimum(probabilities, ceiling)
    weights = np.asarray(lengths, dtype=np.float64) / max(1.0, float(np.sum(lengths)))
    odds = weights @ (kept / (1 - kept))
    return np.asarray(odds / (1 + odds))
