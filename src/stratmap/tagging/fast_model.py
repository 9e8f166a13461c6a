"""The fast tier's model: a token table and counts of tokens in, calibrated probabilities out.

Comes in: texts. Goes out: a probability for each label. Two linear models vote in logit space: one on the text's vector
from the token table, one on its tokens and pairs of neighbouring tokens (pairs share columns by a hash). Everything
is arithmetic on whole batches; there is no network to run. `evaluation/recipes/fit_fast_tier.py` makes the folder.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stratmap.artefacts import load_manifest
from stratmap.encoding.table import KIND, Tokens, TokenTable, summed
from stratmap.errors import ArtefactError

HEAD, WEIGHTS = "head.json", "weights.safetensors"
PAIR_COLUMNS = 1 << 15
_FIRST, _SECOND, _PRIME = 1_000_003, 7_919, (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Weighted counts of n texts in compressed form: `values` of `columns` of `texts`, ascending by text."""

    texts: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]
    count: int


def count_columns(tokens: Tokens, size: int) -> Counts:
    """`1 + ln count` of each token (column: its number) and of each pair (column: `size` plus its hash)."""
    same = tokens.texts[:-1] == tokens.texts[1:]
    first, second = tokens.ids[:-1][same], tokens.ids[1:][same]
    pairs = size + (first * _FIRST + second * _SECOND) % _PRIME % PAIR_COLUMNS
    columns = np.concatenate([tokens.ids, pairs])
    texts = np.concatenate([tokens.texts, tokens.texts[:-1][same]])
    keys, counts = np.unique(texts * (size + PAIR_COLUMNS) + columns, return_counts=True)
    found, column = np.divmod(keys, size + PAIR_COLUMNS)
    return Counts(found, column, (1.0 + np.log(counts)).astype(np.float32), tokens.count)


def weighted(counts: Counts, idf: np.ndarray) -> Counts:
    """The counts times the rarity of their columns, each text scaled to length 1."""
    values = counts.values * idf[counts.columns]
    lengths = np.sqrt(np.bincount(counts.texts, values**2, minlength=counts.count))
    scaled = (values / np.maximum(lengths, 1e-9)[counts.texts]).astype(np.float32)
    return Counts(counts.texts, counts.columns, scaled, counts.count)


class FastModel:
    """The model of a folder of kind `table`; it takes the place of `TaggingModel`.

    Args:
        folder: The folder.
        table: The table of the same folder.

    Raises:
        ArtefactError: The folder is damaged.
    """

    calibrated = True

    def __init__(self, folder: Path, table: TokenTable) -> None:
        from safetensors.numpy import load_file

        load_manifest(folder, KIND)
        head = json.loads((folder / HEAD).read_text(encoding="utf-8"))
        tensors = {key: value.astype(np.float32) for key, value in load_file(folder / WEIGHTS).items()}
        self.table = table
        self.labels = tuple(head["labels"])
        self.thresholds = np.array(head["thresholds"], dtype=np.float64)
        self.auto_thresholds = np.array(head["auto_thresholds"], dtype=np.float64)
        self.escalate_above = float(head["escalate_above"])
        self._mixing = {name: np.array(values) for name, values in head["mixing"].items()}
        self._slope, self._offset = (np.array(head["calibration"][key]) for key in ("slope", "offset"))
        self._idf, self._vector = tensors["words.idf"], (tensors["vector.weights"], tensors["vector.bias"])
        self._words = (tensors["words.weights"] * tensors["words.scales"], tensors["words.bias"])
        if self._words[0].shape != (table.size + PAIR_COLUMNS, len(self.labels)):
            raise ArtefactError(
                f"{folder / WEIGHTS}: expected weights of {table.size + PAIR_COLUMNS} columns for {len(self.labels)} "
                f"labels, found shape {self._words[0].shape}."
            )

    def predict_proba(
        self,
        texts: Sequence[str],
        embeddings: np.ndarray,  # noqa: ARG002 - it reads the texts itself
        hidden: Sequence[np.ndarray],  # noqa: ARG002
    ) -> np.ndarray:
        """Calibrated probability of each label for each passage, float64 (n, n_labels)."""
        if not len(texts):
            return np.zeros((0, len(self.labels)))
        tokens = self.table.tokens(texts)
        mixed = self._mixing["vector"] * (self.table.vectors(tokens) @ self._vector[0] + self._vector[1])
        mixed = mixed + self._mixing["words"] * self._word_logits(tokens)
        return np.asarray(1.0 / (1.0 + np.exp(-(mixed * self._slope + self._offset))))

    def _word_logits(self, tokens: Tokens) -> np.ndarray:
        weights, bias = self._words
        counts = weighted(count_columns(tokens, self.table.size), self._idf)
        rows = weights[counts.columns] * counts.values[:, None]
        return np.asarray(summed(rows, counts.texts, counts.count) + bias)
