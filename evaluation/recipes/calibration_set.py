"""Which sources are held out, in turn, to calibrate the tagger.

The big families of short project lines stay in training always; the others, whose texts are closer to what
people tag, are dealt into two folds, so that each calibrated text was scored by models that saw no text of
its source.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evaluation.recipes.tagging_data import FAMILIES, Item, source_folds

ALWAYS_TRAINED = frozenset({"uninfo-iom", "uninfo-other", "upr"})


def calibration_folds(items: Sequence[Item], folds: int = 2) -> np.ndarray:
    """Fold number of each item, -1 for what is always trained on; shape (n_items,)."""
    asked = np.array([FAMILIES.get(item.source, item.source) not in ALWAYS_TRAINED for item in items])
    out = np.full(len(items), -1)
    out[asked] = source_folds([items[i] for i in np.flatnonzero(asked)], folds)
    return out
