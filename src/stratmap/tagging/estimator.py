"""The tagger with scikit-learn's manners (extra `train`): `fit`, `predict_proba`, `predict`, for pipelines and
cross-validation.

Comes in: texts of any length, perhaps with an indicator matrix of labels. Goes out: probabilities and decisions.
Without labels `fit` takes the shipped model of the framework or its descriptions; with labels it trains a head, and
labels with fewer than ten examples are decided by their description and the few examples there are. It writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from stratmap.encoding import Encoder, load_encoder
from stratmap.errors import MissingExtra, UsageError
from stratmap.framework import Framework, load_framework
from stratmap.reading import read_text
from stratmap.settings import EncodingSettings, Settings
from stratmap.tagging.choice import passage_model
from stratmap.tagging.head import HeadOver
from stratmap.tagging.pooling import pool, weights_of
from stratmap.tagging.scores import TagScores
from stratmap.tagging.tagger import PassageModel, Read, Tagger
from stratmap.tagging.training import enough_examples, fit_head
from stratmap.tagging.zero_shot import ZeroShotModel

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.validation import check_is_fitted
except ModuleNotFoundError as error:
    raise MissingExtra("the estimator", "train") from error


class TaggingEstimator(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A multi-label classifier of texts.

    Attributes:
        labels_: Codes in the order of the columns.
        thresholds_: Probability from which `predict` gives a label, (n_labels,).
        classes_: Numbers of the columns, as scikit-learn's cross-validation wants them.
        model_: What scores passages.

    Args:
        framework: Name of a shipped framework, or a path to a YAML file.
        encoder: `shipped`, or the name or folder of a sentence-transformers model.
        threshold: One threshold for all labels; None keeps those of the model.
        seed: Of the folds that choose thresholds.
    """

    def __init__(
        self,
        framework: str = "iom-seeeca",
        encoder: str = "shipped",
        threshold: float | None = None,
        seed: int = 0,
    ) -> None:
        self.framework = framework
        self.encoder = encoder
        self.threshold = threshold
        self.seed = seed

    def fit(self, X: Sequence[str] | None = None, y: Any = None) -> TaggingEstimator:  # noqa: N803
        """Fit to labelled texts, or take what needs no training.

        Args:
            X: Texts; not read where `y` is None.
            y: 0 or 1, (n_texts, n_labels), columns in the order of the framework's codes.

        Raises:
            UsageError: `y` has another shape.
        """
        framework, encoder = load_framework(self.framework), _encoder(self.encoder)
        settings = Settings(encoding=EncodingSettings(encoder=self.encoder))
        self.labels_ = framework.codes
        self.classes_ = np.arange(len(self.labels_))
        if y is None:
            self.model_ = passage_model(framework, encoder, settings)
        else:
            self.model_ = self._trained(framework, encoder, list(X or ()), np.asarray(y))
        order = [self.model_.labels.index(code) for code in self.labels_]
        own = np.array(self.model_.thresholds, dtype=np.float64)[order]
        self.thresholds_ = own if self.threshold is None else np.full(len(own), float(self.threshold))
        self.order_ = order
        return self

    def scores(self, X: Sequence[str]) -> TagScores:  # noqa: N803
        """Scores with their thresholds, which can be moved afterwards."""
        return TagScores(self.labels_, self.predict_proba(X), self.thresholds_)

    def predict_proba(self, X: Sequence[str]) -> np.ndarray:  # noqa: N803
        """Probabilities, (n_texts, n_labels)."""
        check_is_fitted(self, "model_")
        tagger = Tagger(load_framework(self.framework), _encoder(self.encoder), self.model_)
        rows = [pool(read.seen.probabilities, weights_of(read.passages)) for read in _read(tagger, X)]
        return np.stack(rows)[:, self.order_] if rows else np.zeros((0, len(self.labels_)))

    def predict(self, X: Sequence[str]) -> np.ndarray:  # noqa: N803
        """Decisions, 0 or 1, (n_texts, n_labels)."""
        return (self.predict_proba(X) >= self.thresholds_).astype(np.int64)

    def _trained(self, framework: Framework, encoder: Encoder, texts: list[str], y: np.ndarray) -> PassageModel:
        if y.shape != (len(texts), len(framework.codes)):
            expected = (len(texts), len(framework.codes))
            raise UsageError(f"expected labels of shape {expected}, one column a label, found {y.shape}.")
        truth, tagger = y.astype(bool), Tagger(framework, encoder, ZeroShotModel(framework, encoder))
        reads = list(_read(tagger, texts))
        rows = np.array([row for row, read in enumerate(reads) for _ in read.passages], dtype=np.int64)
        usable = enough_examples(truth[rows])
        otherwise = ZeroShotModel(framework, encoder, _few_examples(texts, truth, usable, framework))
        if not len(usable):
            return otherwise
        vectors = np.concatenate([read.seen.embeddings for read in reads])
        head = fit_head(vectors, truth[rows], usable, self.seed)
        return HeadOver(framework.codes, usable, head.weights, head.bias, head.thresholds, otherwise)


@lru_cache(maxsize=2)
def _encoder(name: str) -> Encoder:
    return load_encoder(EncodingSettings(encoder=name))


def _read(tagger: Tagger, texts: Sequence[str]) -> list[Read]:
    return list(tagger.read_many(read_text(str(text), str(number)) for number, text in enumerate(texts)))


def _few_examples(
    texts: Sequence[str], truth: np.ndarray, usable: np.ndarray, framework: Framework
) -> list[tuple[str, frozenset[str]]]:
    """Texts that bear a label with too few examples to be trained, with all their labels."""
    rare = np.setdiff1d(np.arange(truth.shape[1]), usable)
    return [
        (texts[row], frozenset(framework.codes[column] for column in np.flatnonzero(truth[row]).tolist()))
        for row in np.flatnonzero(truth[:, rare].any(axis=1)).tolist()
    ]
