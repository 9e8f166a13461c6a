"""The light part of the tagger that corrections refit: a linear term on the search vector, added to its logits.

Comes in: for each verdict a vector, the shipped tagger's logit and a target; and vectors at which nothing should
change. Goes out: an `Adjustment`, and a passage model that applies it. It reads no files and knows no documents.

For each label it minimises the weighted logistic loss of `logit + x.w + b`, plus a ridge on w and b, plus the squares
of `x.w + b` at the anchors (texts on which the shipped tagger is right, where the term has to stay near zero). Each
step uses one bound on the curvature (Boehning and Lindsay 1988, doi:10.1007/BF00049423), factorised once for all
folds, since a bound for all verdicts is one for a part of them; steps are accelerated (Nesterov 1983).
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
_RIDGE, _RIDGE_BIAS, _ANCHOR = 0.1, 10.0, 0.03
_STEPS, _SMALL = 100, 5e-4
_SURE = 1e-9  # probabilities nearer to 0 and 1 than this have no further logit


@dataclass(frozen=True, slots=True)
class Rows:
    """What verdicts teach, one row each: vectors (n, dim); logits, targets, weights (n,); column of the label (n,);
    number of the document that it is about (n,).
    """

    vectors: Floats
    logits: Floats
    targets: Floats
    weights: Floats
    columns: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What is added to a passage's logits: `vector @ weights + bias`; weights (dim, n_labels), bias (n_labels,)."""

    labels: tuple[str, ...]
    weights: Floats
    bias: Floats

    def applied(self, vectors: Floats, logits: Floats) -> Floats:
        """Logits of passages with the adjustment, (n, n_labels)."""
        return np.asarray(logits + vectors @ self.weights + self.bias)


@dataclass(frozen=True, slots=True)
class _Part:
    """One label's rows: their numbers, their coordinates (n, r), the basis (dim + 1, r) of these, and the step."""

    rows: npt.NDArray[np.int64]
    x: Floats
    basis: Floats
    step: Floats


class Fitting:
    """Fits adjustments on all rows, or on those of some documents.

    Args:
        labels: Codes in the order of the columns.
        rows: What to learn from; at least one.
        anchors: Vectors (m, dim) at which an adjustment stays near zero; m may be 0.
    """

    def __init__(self, labels: Sequence[str], rows: Rows, anchors: Floats) -> None:
        self.labels = tuple(labels)
        self._rows = rows
        pull = _with_one(anchors)
        ridge = np.full(pull.shape[1], _RIDGE)
        ridge[-1] = _RIDGE_BIAS
        # In coordinates u with |u|^2 = the whole penalty: x.v = (x back) . u, and v = back u.
        self._back = np.linalg.inv(np.linalg.cholesky(_ANCHOR * pull.T @ pull + np.diag(ridge))).T
        self._x = _with_one(rows.vectors) @ self._back
        self._parts = {column: self._part(column) for column in np.unique(rows.columns).tolist()}

    def _part(self, column: int) -> _Part:
        """What one label needs, in no more dimensions than it has rows: the solution lies in their span."""
        own = np.flatnonzero(self._rows.columns == column)
        basis, upper = np.linalg.qr(self._x[own].T)
        x = upper.T
        weights = self._rows.weights[own]
        step = np.linalg.inv(np.eye(x.shape[1]) + x.T @ (x * weights[:, None]) / 4)
        return _Part(own, x, basis, step)

    def fit(self) -> Adjustment:
        """An adjustment from all rows."""
        return self.fit_without([np.zeros(0, dtype=np.int64)])[0]

    def fit_without(self, left_out: Sequence[npt.NDArray[np.int64]]) -> list[Adjustment]:
        """One adjustment for each set of documents (numbers of owners), from all rows but theirs.

        All are solved side by side, since what a step costs is reading the matrices.
        """
        kept = np.stack([~np.isin(self._rows.owners, owners) for owners in left_out], axis=1)
        found = np.zeros((len(left_out), len(self._back), len(self.labels)))
        for column, part in self._parts.items():
            found[:, :, column] = (self._back @ (part.basis @ self._solve(part, kept[part.rows]))).T
        return [Adjustment(self.labels, one[:-1].astype(np.float32), one[-1].astype(np.float32)) for one in found]

    def _solve(self, part: _Part, kept: npt.NDArray[np.bool_]) -> Floats:
        """Solutions (dimensions, n_sets) for one label; `kept` says which of its rows each set keeps, (n, n_sets)."""
        logits, targets, weights = (
            values[part.rows][:, None] for values in (self._rows.logits, self._rows.targets, self._rows.weights)
        )
        weights = weights * kept
        found = ahead = np.zeros((part.x.shape[1], kept.shape[1]))
        speed = 1.0
        for _ in range(_STEPS):
            error = weights * (sigmoid(logits + part.x @ ahead) - targets)
            moved = ahead - part.step @ (part.x.T @ error + ahead)
            faster = (1 + np.sqrt(1 + 4 * speed * speed)) / 2
            ahead = moved + (speed - 1) / faster * (moved - found)
            change, found, speed = float(np.abs(moved - found).max()), moved, faster
            if change < _SMALL:
                break
        return np.asarray(found)


def _with_one(vectors: Floats) -> Floats:
    return np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)


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
    def reads_states(self) -> bool:
        """Whether the model below scores hidden states."""
        return bool(getattr(self.below, "reads_states", False))

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
