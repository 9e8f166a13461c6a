"""From logits of held-out sources to probabilities, thresholds and the measures of both.

Everything here is fitted on out-of-source predictions: a text's logits come from models that saw no text of
its source. Few labels have many examples, so what is fitted for one label is drawn towards what holds for its
half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from sklearn.metrics import average_precision_score, f1_score

from evaluation.recipes.tagging_data import LABELS, OBJECTIVES, PRINCIPLES

HALVES = (OBJECTIVES, PRINCIPLES)
USUAL_WEIGHTS = (2 / 3, 1 / 3)  # tower, words


@dataclass(frozen=True)
class Calibration:
    """Platt's sigmoid by label: probability = sigmoid(slope * logit + offset), both of shape (n_labels,)."""

    slope: np.ndarray
    offset: np.ndarray

    def __call__(self, mixed: np.ndarray) -> np.ndarray:
        """Probabilities of mixed logits, both (n_texts, n_labels)."""
        return 1.0 / (1.0 + np.exp(-(mixed * self.slope + self.offset)))


def mix(parts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted sum of logits: parts (n_parts, n_texts, n_labels), weights (n_parts, n_labels)."""
    return np.einsum("ptl,pl->tl", parts, weights)


def fit_weights(parts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Mixing weights by half that sum to 1: halfway between the best of a grid of tenths and `USUAL_WEIGHTS`."""
    weights = np.zeros((len(parts), len(LABELS)))
    for half in HALVES:
        best = (-1.0, (1.0, 0.0))
        for tower in np.arange(0, 1.01, 0.1):
            mixed = np.tensordot((tower, 1 - tower), parts[:, :, half], 1)
            best = max(best, (mean_precision(wanted[:, half], mixed), (tower, 1 - tower)))
        weights[:, half] = (np.array(best[1])[:, None] + np.array(USUAL_WEIGHTS)[:, None]) / 2
    return weights


def fit_platt(mixed: np.ndarray, wanted: np.ndarray, pull: float = 1000.0) -> Calibration:
    """Fit one slope a half and one offset a label, the offsets drawn to their mean with strength `pull`."""
    slope, offset = np.zeros(len(LABELS)), np.zeros(len(LABELS))
    for half in HALVES:
        logit, hit = mixed[:, half], wanted[:, half]

        def loss(p: np.ndarray, logit: np.ndarray = logit, hit: np.ndarray = hit) -> float:
            score = logit * p[0] + p[1] + p[2:]
            return float((np.logaddexp(0, score) - hit * score).sum() + pull * (p[2:] ** 2).sum())

        found = minimize(loss, np.array([1.0, 0.0, *np.zeros(logit.shape[1])]), method="L-BFGS-B").x
        slope[half], offset[half] = found[0], found[1] + found[2:]
    return Calibration(slope, offset)


def fit_thresholds(probability: np.ndarray, wanted: np.ndarray, trust: float = 1000.0) -> np.ndarray:
    """Thresholds (n_labels,) of the best F1, drawn to the half's common one where a label has few positives."""
    grid = np.arange(0.10, 0.71, 0.02)
    scores = np.stack([f1_each(wanted, probability >= t) for t in grid])
    out = np.zeros(len(LABELS))
    for half in HALVES:
        common = grid[_smooth(scores[:, half].mean(1)).argmax()]
        own = grid[np.stack([_smooth(column) for column in scores[:, half].T]).argmax(1)]
        share = wanted[:, half].sum(0) / (wanted[:, half].sum(0) + trust)
        out[half] = share * own + (1 - share) * common
    return out


def fit_automatic(
    probability: np.ndarray, wanted: np.ndarray, promise: float = 0.90, trust: float = 60.0
) -> np.ndarray:
    """Smallest thresholds (n_labels,) that keep the promised precision, the half's precision as prior.

    No label gets a laxer one than its half: a single source can make a label look safer than it is elsewhere.
    """
    grid, out = np.arange(0.20, 0.991, 0.01), np.ones(len(LABELS))
    for half in HALVES:
        pooled = {t: _mean_of_labels(probability[:, half], wanted[:, half], t) for t in grid}
        common = next((t for t in grid if pooled[t] >= promise), 0.99)
        for label in range(half.start, half.stop):

            def precision(t: float, label: int = label, pooled: dict[float, float] = pooled) -> float:
                chosen = probability[:, label] >= t
                return float((wanted[chosen, label].sum() + trust * pooled[t]) / (chosen.sum() + trust))

            kept = [t for t in grid if precision(t) >= promise]
            out[label] = max(kept[0] if kept else 0.99, common)
    return out


def _mean_of_labels(probability: np.ndarray, wanted: np.ndarray, threshold: float, least: int = 5) -> float:
    """Mean over labels of the precision above a threshold; labels with fewer than `least` texts are left out."""
    chosen = probability >= threshold
    each = [wanted[chosen[:, c], c].mean() for c in range(wanted.shape[1]) if chosen[:, c].sum() >= least]
    return float(np.mean(each)) if each else 1.0


def _smooth(values: np.ndarray) -> np.ndarray:
    return np.convolve(np.pad(values, 3, mode="edge"), np.ones(7) / 7, mode="valid")


def f1_each(wanted: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """F1 of each label, 0 where nothing was found."""
    return np.array(f1_score(wanted > 0.5, decided, average=None, zero_division=0.0))


def mean_precision(wanted: np.ndarray, scores: np.ndarray) -> float:
    """Mean over labels of the average precision; labels without a positive are left out."""
    columns = [c for c in range(wanted.shape[1]) if wanted[:, c].any()]
    return float(np.mean([average_precision_score(wanted[:, c] > 0.5, scores[:, c]) for c in columns]))


def expected_calibration_error(wanted: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """ECE over all (text, label) pairs in bins of equal width (Naeini et al. 2015)."""
    hit, p = wanted.ravel(), probability.ravel()
    place = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(hit[place == b].mean() - p[place == b].mean()) * (place == b).mean() for b in np.unique(place)]
    return float(np.sum(gaps))


def measure(wanted: np.ndarray, probability: np.ndarray, thresholds: np.ndarray) -> dict[str, float]:
    """Macro-F1, mean average precision and ECE of both halves."""
    out: dict[str, float] = {}
    each = f1_each(wanted, probability >= thresholds)
    for name, half in zip(("objectives", "principles"), HALVES, strict=True):
        out[f"f1_{name}"] = float(each[half].mean())
        out[f"map_{name}"] = mean_precision(wanted[:, half], probability[:, half])
        out[f"ece_{name}"] = expected_calibration_error(wanted[:, half], probability[:, half])
    return out


def intervals(
    wanted: np.ndarray, probability: np.ndarray, thresholds: np.ndarray, draws: int = 500, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals over texts of the measures of `measure`."""
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(draws):
        rows = rng.integers(0, len(wanted), len(wanted))
        samples.append(measure(wanted[rows], probability[rows], thresholds))
    return {key: tuple(float(v) for v in np.percentile([s[key] for s in samples], [2.5, 97.5])) for key in samples[0]}
