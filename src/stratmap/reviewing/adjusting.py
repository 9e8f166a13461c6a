"""The light part of the tagger that corrections refit: a linear term on the search vector, added to its logits.

Comes in: vectors of passages, the shipped tagger's logits, targets with weights, and vectors at which nothing should
change. Goes out: an `Adjustment`, and a passage model that applies it. It reads no files and knows no documents.

For each label it minimises the weighted logistic loss of `logit + x.w + b`, plus a ridge on w and b, plus the squares
of `x.w + b` at the anchors (texts on which the shipped tagger is right, where the term has to stay near zero). All
labels share one bound on the curvature (Boehning and Lindsay 1988, doi:10.1007/BF00049423), factorised once, so that
thousands of passages take a second; steps are accelerated (Nesterov 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stratmap.tagging.tagger import PassageModel

Floats = npt.NDArray[np.floating]
# Chosen on two sets that training did not see, one half as corrections and the other half measured:
# evaluation/results/retraining.json.
_RIDGE, _RIDGE_BIAS, _ANCHOR = 0.3, 10.0, 0.03
_STEPS, _SMALL = 80, 2e-4
_SURE = 1e-6  # probabilities nearer to 0 and 1 than this have no further logit


@dataclass(frozen=True, slots=True)
class Rows:
    """Passages to learn from: vectors (n, dim), logits, targets and weights (n, n_labels); weight 0 says nothing."""

    vectors: Floats
    logits: Floats
    targets: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is added to a passage's logits: `vector @ weights + bias`; weights (dim, n_labels), bias (n_labels,)."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def applied(self, vectors: Floats, logits: Floats) -> Floats:
        """Logits of passages with the adjustment, (n, n_labels)."""
        return np.asarray(logits + vectors @ self.weights + self.bias)


def fit(labels: Sequence[str], rows: Rows, anchors: Floats) -> Adjustment:
    """Fit an adjustment.

    Args:
        labels: Codes in the order of the columns.
        rows: What to learn from; at least one.
        anchors: Vectors (m, dim) at which the adjustment stays near zero; m may be 0.
    """
    x, pull = _with_one(rows.vectors), _with_one(anchors)
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[-1] = _RIDGE_BIAS
    held = _ANCHOR * (pull.T @ pull).astype(np.float64) + np.diag(ridge)
    heaviest = rows.weights.max(axis=1, keepdims=True).astype(np.float32)
    step = np.linalg.inv(held + (x.T @ (x * heaviest)).astype(np.float64) / 4)
    found = ahead = np.zeros((x.shape[1], len(labels)))
    speed = 1.0
    for _ in range(_STEPS):
        error = rows.weights * (sigmoid(rows.logits + x @ ahead.astype(np.float32)) - rows.targets)
        moved = ahead - step @ (x.T @ error.astype(np.float32) + held @ ahead)
        faster = (1 + np.sqrt(1 + 4 * speed * speed)) / 2
        ahead = moved + (speed - 1) / faster * (moved - found)
        change, found, speed = float(np.abs(moved - found).max()), moved, faster
        if change < _SMALL:
            break
    return Adjustment(tuple(labels), found[:-1].astype(np.float32), found[-1].astype(np.float32))


def _with_one(vectors: Floats) -> npt.NDArray[np.float32]:
    return np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float32)


def sigmoid(logits: Floats) -> Floats:
    """Probabilities of logits."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -30, 30))))


def logits_of(probabilities: Floats) -> Floats:
    """Logits of probabilities, finite also for 0 and 1."""
    kept = np.clip(probabilities, _SURE, 1 - _SURE)
    return np.asarray(np.log(kept / (1 - kept)))


class AdjustedModel:
    """A passage model with an adjustment; thresholds stay those of the model below.

    Args:
        below: The shipped or zero-shot model.
        adjustment: For the same labels in the same order.
    """

    def __init__(self, below: PassageModel, adjustment: Adjustment) -> None:
        self.below = below
        self.adjustment = adjustment

    @property
    def labels(self) -> tuple[str, ...]:
        """Codes in the order of the columns."""
        return self.below.labels

    @property
    def thresholds(self) -> np.ndarray:
        """Probability from which a label is applied."""
        return self.below.thresholds

    @property
    def auto_thresholds(self) -> np.ndarray:
        """Probability from which no person needs to look."""
        return self.below.auto_thresholds

    @property
    def calibrated(self) -> bool:
        """Whether the probabilities below were calibrated."""
        return self.below.calibrated

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities of passages, (n, n_labels)."""
        below = self.below.predict_proba(texts, embeddings, hidden)
        if not len(below):
            return below
        return np.asarray(sigmoid(self.adjustment.applied(embeddings, logits_of(below))), dtype=np.float64)
