"""The trained tagger of passages: hidden states and text in, calibrated probabilities out.

Comes in: the hidden states of the shipped encoder's lower layers, and the text. Goes out: a probability for each label.
Two parts vote in logit space: the tower (upper encoder layers fine-tuned on labels, ONNX) and a logistic regression on
word n-grams. A third one on the search vector gave nothing that its cost was worth
(`evaluation/results/tagging-experiments.md`). It reads no files but its folder, encodes nothing, pools no passages into
documents and trains nothing; `evaluation/recipes/train_tower.py` makes the folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from safetensors.numpy import load_file

from stratmap.artefacts import load_manifest
from stratmap.encoding.sessions import open_session, run_each
from stratmap.errors import ArtefactError
from stratmap.tagging.ngrams import tfidf_rows

TOWER, LINEAR, VOCABULARY, HEAD = "tower.onnx", "linear.safetensors", "vocabulary.txt", "head.json"


@dataclass(frozen=True)
class TaggingModel:
    """A tagger of passages as loaded from its folder; build it with `TaggingModel.load`.

    Attributes:
        labels: Codes in the order of every column below.
        thresholds: Probability from which a label is given, balanced between misses and false alarms, (n_labels,).
        auto_thresholds: Probability from which a label may be applied unseen, at the promised precision, (n_labels,).
        calibrated: Whether the probabilities were fitted on sources that training did not see.
        embedder: Identity of the encoder whose vectors and hidden states it takes.
        head: Everything else that `head.json` says.
    """

    labels: tuple[str, ...]
    thresholds: np.ndarray
    auto_thresholds: np.ndarray
    calibrated: bool
    embedder: str
    head: Mapping[str, Any]
    folder: Path
    threads: int = 0
    reads_states: ClassVar[bool] = True
    reads_vectors: ClassVar[bool] = False

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> TaggingModel:
        """Load a folder of kind `tagger`.

        Args:
            folder: The folder with `manifest.json`.
            threads: Passages at the same time, one thread each; 0 takes all cores.

        Raises:
            ArtefactError: A file is missing, was changed, or does not say what it must.
        """
        load_manifest(folder, "tagger")
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        labels = tuple(head["labels"])
        columns = {key: np.array(head[key], dtype=np.float64) for key in ("thresholds", "auto_thresholds")}
        for key, values in columns.items():
            if values.shape != (len(labels),):
                raise ArtefactError(
                    f"{folder / HEAD}: expected {len(labels)} {key}, one a label, found shape {values.shape}."
                )
        return cls(
            labels,
            columns["thresholds"],
            columns["auto_thresholds"],
            bool(head["calibrated"]),
            str(head["embedder"]),
            head,
            folder,
            threads,
        )

    def predict_proba(self, texts: Sequence[str], embeddings: np.ndarray, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Calibrated probability of each label for each passage; a passage's does not depend on the others.

        Args:
            texts: The passages, n of them.
            embeddings: Their search vectors, n of any dimension; they take no part.
            hidden: Their hidden states, n arrays of float32 (tokens, 384).

        Returns:
            Probabilities, float64 (n, n_labels), columns in the order of `labels`.

        Raises:
            ValueError: The three do not have the same length.
        """
        if not len(texts) == len(embeddings) == len(hidden):
            raise ValueError(
                f"expected one vector and one array of hidden states a text, found {len(texts)} texts, "
                f"{len(embeddings)} vectors, {len(hidden)} arrays"
            )
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        logits = self.mixed_logits(texts, hidden)
        slope, offset = (np.array(self.head["calibration"][key]) for key in ("slope", "offset"))
        return np.asarray(1.0 / (1.0 + np.exp(-(logits * slope + offset))))

    def mixed_logits(self, texts: Sequence[str], hidden: Sequence[np.ndarray]) -> np.ndarray:
        """The parts' weighted logits before calibration, float64 (n, n_labels)."""
        parts = {"tower": self._tower_logits(hidden), "words": self._word_logits(texts)}
        total = np.zeros((len(texts), len(self.labels)))
        for name, weights in self.head["mixing"].items():
            total += parts[name] * np.array(weights)
        return total

    def _word_logits(self, texts: Sequence[str]) -> np.ndarray:
        weights, bias = self._linear["words.weights"], self._linear["words.bias"]
        rows = tfidf_rows(texts, self._vocabulary, self._linear["words.idf"])
        return np.stack([values @ weights[columns] + bias for columns, values in rows])

    def _tower_logits(self, hidden: Sequence[np.ndarray]) -> np.ndarray:
        """Run each text alone: int8 activations share one scale in a run, so in a batch texts would sway each other."""
        out = np.zeros((len(hidden), len(self.labels)), dtype=np.float32)
        for number, values in enumerate(run_each(self._session, ["logits"], _inputs(hidden), self.threads)):
            out[number] = values[0][0]
        return out

    @cached_property
    def _linear(self) -> dict[str, np.ndarray]:
        return {key: np.asarray(value, dtype=np.float32) for key, value in _read(self.folder / LINEAR).items()}

    @cached_property
    def _vocabulary(self) -> dict[str, int]:
        grams = (self.folder / VOCABULARY).read_text(encoding="utf-8").splitlines()
        return {gram: column for column, gram in enumerate(grams)}

    @cached_property
    def _session(self) -> Any:  # onnxruntime has no types
        return open_session(self.folder / TOWER)


def _inputs(hidden: Sequence[np.ndarray]) -> list[dict[str, np.ndarray]]:
    states = [np.asarray(rows, dtype=np.float32)[None] for rows in hidden]
    return [{"hidden": rows, "attention_mask": np.ones(rows.shape[:2], dtype=np.int64)} for rows in states]


def _read(path: Path) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = load_file(path)
    return tensors
