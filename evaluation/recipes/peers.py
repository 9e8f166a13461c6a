"""The simple taggers that the shipped one is compared with, trained on the same texts and measured the same
way.

Trained peers get per-label thresholds from predictions on held-out sources of their own training texts, as
the shipped tagger does. The two without training (cosine, keywords) get one threshold a half from the same
texts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from evaluation.recipes import calibration as cal
from evaluation.recipes import linear
from evaluation.recipes.tagging_data import Item, source_folds, targets
from stratmap.framework import load_framework

Scorer = Callable[[Sequence[int], Sequence[str], np.ndarray], np.ndarray]


def sigmoid(values: np.ndarray) -> np.ndarray:
    """Logistic function."""
    return 1.0 / (1.0 + np.exp(-values))


def keyword_scores(texts: Sequence[str]) -> np.ndarray:
    """Share of a label's keywords found, as `found / (found + 2)`: (n_texts, n_labels) in [0, 1)."""
    labels = load_framework("iom-seeeca").labels
    lowered = [text.lower() for text in texts]
    found = np.array([[sum(word.lower() in text for word in label.keywords) for label in labels] for text in lowered])
    return found / (found + 2.0)


def statement_scores(vectors: np.ndarray, embed: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """Cosine of each text to each label's statement: (n_texts, n_labels)."""
    return vectors @ embed([f"{label.name}. {label.statement}" for label in load_framework("iom-seeeca").labels]).T


class LinearPeer:
    """Logistic regressions on words, on vectors, or the mean of both logits."""

    def __init__(self, items: Sequence[Item], vectors: np.ndarray, kind: str) -> None:
        self.items, self.vectors, self.kind = items, vectors, kind

    def fitted(self, rows: np.ndarray) -> Callable[[Sequence[str], np.ndarray], np.ndarray]:
        """Train on the items in `rows`; what comes back scores texts with their vectors: (n_texts, n_labels)."""
        wanted, own = targets(self.items)[rows], [self.items[i].text for i in rows]
        parts: list[Callable[[Sequence[str], np.ndarray], np.ndarray]] = []
        if self.kind in {"words", "both"}:
            vocabulary = linear.build_vocabulary(own)
            words = linear.fit(linear.features(own, vocabulary), wanted, 10.0)
            parts.append(lambda texts, _: linear.logits(words, linear.features(texts, vocabulary)))
        if self.kind in {"vector", "both"}:
            vector = linear.fit(self.vectors[rows], wanted, 10.0)
            parts.append(lambda _, vectors: linear.logits(vector, vectors))
        return lambda texts, vectors: sigmoid(np.mean([part(texts, vectors) for part in parts], axis=0))

    def scores(self, rows: np.ndarray, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """Train on the items in `rows` and score texts: (n_texts, n_labels) in (0, 1)."""
        return self.fitted(rows)(texts, vectors)

    def thresholds(self, folds: int = 3) -> np.ndarray:
        """Thresholds from predictions on held-out sources."""
        fold = source_folds(self.items, folds)
        out = np.zeros((len(self.items), 15))
        for number in range(folds):
            test = np.flatnonzero(fold == number)
            out[test] = self.scores(
                np.flatnonzero(fold != number), [self.items[i].text for i in test], self.vectors[test]
            )
        return cal.fit_thresholds(out, targets(self.items))


def one_threshold(scores: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The threshold of the best macro-F1 of each half, repeated for its labels."""
    out = np.zeros(wanted.shape[1])
    for half in cal.HALVES:
        grid = np.quantile(scores[:, half], np.linspace(0.3, 0.995, 60))
        best = max(grid, key=lambda t, half=half: float(np.mean(cal.f1_each(wanted[:, half], scores[:, half] >= t))))
        out[half] = best
    return out
