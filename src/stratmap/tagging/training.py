"""Training a head for any framework: annotated texts in, a tagger's folder out, in seconds and without torch.

One logistic regression a label on the encoder's vectors (scikit-learn, extra `train`), probabilities and thresholds
from five held-out folds. The shipped tagger has more parts and is made by `evaluation/recipes/train_tower.py`; this
is what `stratmap train` does with a user's own data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratmap.artefacts import write_artefact
from stratmap.encoding import Encoder
from stratmap.errors import MissingExtra, UsageError
from stratmap.framework import Framework

HEAD, WEIGHTS = "head.json", "weights.safetensors"
_FOLDS = 5
_LEAST_EXAMPLES = 2 * _FOLDS
_PRIOR_WEIGHT = 20.0  # how strongly thresholds of rare labels are drawn to the common one


@dataclass(frozen=True, slots=True)
class TrainingFigures:
    """Held-out figures: macro-F1 over the labels with enough examples, their number, and which had too few."""

    items: int
    macro_f1: float
    labels: int
    too_few: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FittedHead:
    """Weights (dim, labels), bias and thresholds (labels,), and the held-out macro-F1."""

    weights: np.ndarray
    bias: np.ndarray
    thresholds: np.ndarray
    macro_f1: float


def train_head(
    texts: Sequence[str], truth: np.ndarray, framework: Framework, encoder: Encoder, folder: Path, seed: int = 0
) -> TrainingFigures:
    """Fit a head and write its folder.

    Args:
        texts: Texts within the encoder's window, n of them.
        truth: bool (n, labels), columns in the order of `framework.codes`.
        framework: The labels.
        encoder: Vectors.
        folder: Where to write.
        seed: Of the folds.

    Raises:
        MissingExtra: scikit-learn is not installed.
        UsageError: No label has ten examples with and ten without it.
    """
    usable = enough_examples(truth)
    if not len(usable):
        raise UsageError(
            f"expected at least {_LEAST_EXAMPLES} texts with and without a label, found none; "
            "the labels' descriptions alone work without training: stratmap tag --framework FILE"
        )
    found = fit_head(encoder.encode(texts), truth, usable, seed)
    codes = [framework.codes[column] for column in usable]
    _write(folder, framework, encoder, codes, found, len(texts))
    too_few = tuple(code for column, code in enumerate(framework.codes) if column not in set(usable.tolist()))
    return TrainingFigures(len(texts), found.macro_f1, len(usable), too_few)


def enough_examples(truth: np.ndarray) -> np.ndarray:
    """Columns of the labels with ten texts with and ten without them; `truth` is bool (n, labels)."""
    counts = truth.sum(0)
    return np.flatnonzero((counts >= _LEAST_EXAMPLES) & (len(truth) - counts >= _LEAST_EXAMPLES))


def fit_head(vectors: np.ndarray, truth: np.ndarray, usable: np.ndarray, seed: int = 0) -> FittedHead:
    """Fit the labels of some columns on vectors (n, dim); thresholds and macro-F1 from held-out folds.

    Raises:
        MissingExtra: scikit-learn is not installed.
    """
    own = truth[:, usable]
    held_out = _held_out(vectors, own, seed)
    thresholds = _thresholds(held_out, own)
    weights, bias = _fit(vectors, own)
    each = [_f1(own[:, place], held_out[:, place] >= thresholds[place]) for place in range(len(usable))]
    return FittedHead(weights, bias, thresholds, float(np.mean(each)))


def _fit(vectors: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise MissingExtra("training", "train") from error
    models = [LogisticRegression(C=10.0, max_iter=500).fit(vectors, column) for column in truth.T]
    return np.stack([m.coef_[0] for m in models], axis=1), np.array([m.intercept_[0] for m in models])


def _held_out(vectors: np.ndarray, truth: np.ndarray, seed: int) -> np.ndarray:
    """Probabilities of each text from models that did not see it, (n, labels)."""
    fold = np.random.default_rng(seed).permutation(len(vectors)) % _FOLDS
    out = np.zeros(truth.shape)
    for number in range(_FOLDS):
        inside = fold != number
        varied = [column for column in range(truth.shape[1]) if 0 < truth[inside, column].sum() < inside.sum()]
        weights, bias = _fit(vectors[inside], truth[inside][:, varied])
        out[np.ix_(~inside, varied)] = 1 / (1 + np.exp(-(vectors[~inside] @ weights + bias)))
    return out


def _thresholds(probabilities: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The best threshold of each label on held-out data, drawn to the best common one where examples are few."""
    grid = np.arange(0.1, 0.91, 0.02)
    scores = np.array([[_f1(truth[:, j], probabilities[:, j] >= t) for t in grid] for j in range(truth.shape[1])])
    common = _plateau(grid, scores.mean(0))
    own = np.array([_plateau(grid, row) for row in scores])
    share = truth.sum(0) / (truth.sum(0) + _PRIOR_WEIGHT)
    return np.asarray(share * own + (1 - share) * common)


def _plateau(grid: np.ndarray, scores: np.ndarray) -> float:
    """The middle of the thresholds that score best: an end of the plateau would fail on the next text."""
    return float(grid[scores >= scores.max() - 1e-9].mean())


def _f1(truth: np.ndarray, given: np.ndarray) -> float:
    total = int(truth.sum() + given.sum())
    return 2 * int((truth & given).sum()) / total if total else 0.0


def _write(
    folder: Path,
    framework: Framework,
    encoder: Encoder,
    codes: list[str],
    found: FittedHead,
    items: int,
) -> None:
    from safetensors.numpy import save

    tensors = {"weights": found.weights.astype(np.float32), "bias": found.bias.astype(np.float32)}
    head = {"labels": codes, "thresholds": [round(float(t), 4) for t in found.thresholds], "items": items}
    contents = {
        WEIGHTS: save({key: np.ascontiguousarray(value) for key, value in tensors.items()}),
        HEAD: (json.dumps(head, indent=1) + "\n").encode("utf-8"),
    }
    facts = {"framework": framework.id, "embedder": encoder.name, "embedder_fingerprint": encoder.fingerprint}
    write_artefact(folder, "head", f"head-{framework.id}", "1", contents, facts)
