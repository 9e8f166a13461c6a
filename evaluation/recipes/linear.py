"""The linear half of the tagger: logistic regressions on the search vector and on word n-grams.

Both are plain weight matrices in the end; scikit-learn fits them and is not needed afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from evaluation.recipes.tagging_data import LABELS, PRINCIPLES
from stratmap.tagging.ngrams import ngrams, tfidf_rows


@dataclass(frozen=True)
class Linear:
    """Weights and biases of one linear model: (n_features, n_labels) and (n_labels,)."""

    weights: np.ndarray
    bias: np.ndarray


@dataclass(frozen=True)
class Vocabulary:
    """The n-grams in column order and their inverse document frequencies."""

    grams: tuple[str, ...]
    idf: np.ndarray


def build_vocabulary(texts: Sequence[str], least: int = 3, most: int = 25_000) -> Vocabulary:
    """Keep the `most` most frequent n-grams that occur in at least `least` texts; smoothed idf."""
    seen: Counter[str] = Counter()
    for text in texts:
        seen.update(ngrams(text).keys())
    grams = sorted((gram for gram, n in seen.items() if n >= least), key=lambda gram: (-seen[gram], gram))[:most]
    grams.sort()
    counts = np.array([seen[gram] for gram in grams])
    return Vocabulary(tuple(grams), (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32))


def features(texts: Sequence[str], vocabulary: Vocabulary) -> csr_matrix:
    """The tf-idf matrix (n_texts, n_grams)."""
    columns = {gram: number for number, gram in enumerate(vocabulary.grams)}
    rows = tfidf_rows(texts, columns, vocabulary.idf)
    pointers = np.cumsum([0, *(len(found) for found, _ in rows)])
    return csr_matrix(
        (np.concatenate([v for _, v in rows]), np.concatenate([c for c, _ in rows]), pointers),
        shape=(len(texts), len(columns)),
    )


def fit(matrix: np.ndarray | csr_matrix, wanted: np.ndarray, strength: float) -> Linear:
    """Fit one balanced logistic regression a label; `strength` is scikit-learn's C (larger: freer).

    Principles are fitted on texts with any label only: they are empty by rule where a text is off the
    subject, and a linear model cannot learn "rights words, but only where migration is the subject" (dev mean
    average precision 0.66 on all texts, 0.70 on these). Whether the subject is there, the tower decides.
    """
    on_subject = np.flatnonzero(wanted.max(1) > 0.5)
    solver = "newton-cholesky" if isinstance(matrix, np.ndarray) else "liblinear"
    columns, bias = [], []
    for label in range(len(LABELS)):
        rows = on_subject if label >= PRINCIPLES.start else np.arange(len(wanted))
        model = LogisticRegression(C=strength, class_weight="balanced", solver=solver)
        model.fit(matrix[rows], wanted[rows, label] > 0.5)
        columns.append(model.coef_[0])
        bias.append(model.intercept_[0])
    return Linear(np.array(columns, dtype=np.float32).T, np.array(bias, dtype=np.float32))


def logits(model: Linear, matrix: np.ndarray | csr_matrix) -> np.ndarray:
    """Logits (n_texts, n_labels)."""
    return np.asarray(matrix @ model.weights + model.bias, dtype=np.float32)
