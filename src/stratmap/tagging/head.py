"""A head made by `stratmap train`, beside the zero-shot model for labels that had too few examples.

Comes in: its folder, and the zero-shot model of the same framework. Goes out: a model of passages. It refuses a
head of another framework or encoder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stratmap.artefacts import load_manifest
from stratmap.encoding import Encoder
from stratmap.errors import ArtefactError
from stratmap.framework import Framework
from stratmap.tagging.tagger import PassageModel
from stratmap.tagging.training import HEAD, WEIGHTS

_SURE = 0.9


class HeadOver:
    """Probabilities of a head for its own labels, those of another model for the rest.

    Args:
        labels: Codes in the order of the columns.
        own: Columns of the head's labels.
        weights: Of the head, (dim, n_own).
        bias: Of the head, (n_own,).
        thresholds: Of the head, (n_own,).
        otherwise: Scores passages for the labels that the head lacks.
    """

    calibrated = False

    def __init__(
        self,
        labels: Sequence[str],
        own: np.ndarray,
        weights: np.ndarray,
        bias: np.ndarray,
        thresholds: np.ndarray,
        otherwise: PassageModel,
    ) -> None:
        self.labels = tuple(labels)
        self._own, self._weights, self._bias, self._otherwise = own, weights, bias, otherwise
        self._order = np.array([otherwise.labels.index(code) for code in self.labels], dtype=np.int64)
        self.thresholds = np.array(otherwise.thresholds, dtype=np.float64)[self._order]
        self.thresholds[own] = thresholds
        self.auto_thresholds = np.maximum(self.thresholds, _SURE)

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities, (n, n_labels)."""
        out: np.ndarray = self._otherwise.predict_proba(texts, embeddings, hidden)[:, self._order].copy()
        out[:, self._own] = 1 / (1 + np.exp(-(embeddings @ self._weights + self._bias)))
        return out


class HeadModel(HeadOver):
    """Probabilities of a trained head; labels it lacks come from the zero-shot model.

    Args:
        folder: A folder of kind `head`.
        framework: The labels.
        encoder: The encoder in use.
        otherwise: The zero-shot model of the framework.

    Raises:
        ArtefactError: The folder is damaged, or was made for another framework or encoder.
    """

    calibrated = True

    def __init__(self, folder: Path, framework: Framework, encoder: Encoder, otherwise: PassageModel) -> None:
        from safetensors.numpy import load_file

        manifest = load_manifest(folder, "head")
        facts = manifest.facts
        found = (facts.get("framework"), facts.get("embedder_fingerprint"))
        if found != (framework.id, encoder.fingerprint):
            raise ArtefactError(
                f"{folder}: expected a head for {framework.id} on {encoder.name} ({encoder.fingerprint}), "
                f"found one for {found[0]} on {facts.get('embedder')} ({found[1]}). Train it again: stratmap train"
            )
        head = json.loads((folder / manifest.file(HEAD)).read_text(encoding="utf-8"))
        tensors = load_file(folder / manifest.file(WEIGHTS))
        own = np.array([framework.codes.index(code) for code in head["labels"]], dtype=np.int64)
        thresholds = np.array(head["thresholds"], dtype=np.float64)
        super().__init__(framework.codes, own, tensors["weights"], tensors["bias"], thresholds, otherwise)
