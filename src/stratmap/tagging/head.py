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


class HeadModel:
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
        self.labels = tuple(framework.codes)
        self._weights, self._bias = tensors["weights"], tensors["bias"]
        self._otherwise = otherwise
        self._own = np.array([self.labels.index(code) for code in head["labels"]], dtype=np.int64)
        order = [otherwise.labels.index(code) for code in self.labels]
        self._order = np.array(order, dtype=np.int64)
        self.thresholds = np.array(otherwise.thresholds, dtype=np.float64)[order]
        self.thresholds[self._own] = head["thresholds"]
        self.auto_thresholds = np.maximum(self.thresholds, _SURE)

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Probabilities, (n, n_labels)."""
        out: np.ndarray = self._otherwise.predict_proba(texts, embeddings, hidden)[:, self._order].copy()
        out[:, self._own] = 1 / (1 + np.exp(-(embeddings @ self._weights + self._bias)))
        return out
