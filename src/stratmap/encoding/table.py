"""A static table: one vector a token, distilled from the shipped encoder, and texts as weighted sums of them.

Comes in: texts. Goes out: their tokens, and vectors of length 1, hundreds of times as fast as the encoder and much
rougher: a token means the same wherever it stands. It serves the fast tier of tagging; search stays with the encoder,
whose vectors it cannot replace. `evaluation/recipes/fit_fast_tier.py` makes the folder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from stratmap.artefacts import load_manifest, shipped_folder
from stratmap.encoding.onnx_encoder import load_tokenizer
from stratmap.encoding.protocol import Encoded, Vectors
from stratmap.errors import ArtefactError

KIND = "table"
TABLE = "table.safetensors"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of n texts, one after the other, without the special ones.

    Attributes:
        ids: Whole numbers of the tokens, int64.
        texts: For each token its text, int64, ascending.
        count: n; a text may have no token.
    """

    ids: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]
    count: int


class TokenTable:
    """The table of a folder of kind `table`.

    Args:
        folder: The folder; the tokenizer is that of the encoder which the table was made from.

    Raises:
        ArtefactError: It is damaged, or was made from another encoder than the shipped one.
    """

    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        manifest = load_manifest(folder, KIND)
        encoder = load_manifest(shipped_folder("encoder"), "encoder")
        made_from = manifest.facts.get("embedder_fingerprint")
        if made_from != encoder.fingerprint:
            raise ArtefactError(
                f"{folder}: expected a table made from {encoder.name} ({encoder.fingerprint}), found one from "
                f"{made_from}. Make it again: python -m evaluation.recipes.fit_fast_tier"
            )
        tensors = load_file(folder / TABLE)
        self.name, self.fingerprint = manifest.name, manifest.fingerprint
        self._vectors, self._scales = tensors["vectors"], tensors["scales"].astype(np.float32)
        self.size, self.dim = self._vectors.shape
        self.window = int(encoder.facts["window"])
        self._tokenizer = load_tokenizer(shipped_folder("encoder") / "tokenizer.json")

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Numbers of tokens as the encoder counts them, the two special ones included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(texts)]

    def tokens(self, texts: Sequence[str]) -> Tokens:
        """The tokens of texts of any length."""
        found = [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
        lengths = np.array([len(ids) for ids in found], dtype=np.int64)
        ids = np.fromiter((number for ids in found for number in ids), dtype=np.int64, count=int(lengths.sum()))
        return Tokens(ids, np.repeat(np.arange(len(found)), lengths), len(found))

    def vectors(self, tokens: Tokens) -> Vectors:
        """Vectors of texts, float32 (n, dim), length 1; zero for a text without tokens."""
        out = summed(self._vectors[tokens.ids] * self._scales[tokens.ids, None], tokens.texts, tokens.count)
        return np.asarray(out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9), dtype=np.float32)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, float32 (n, dim)."""
        return self.vectors(self.tokens(texts))


def summed(rows: npt.NDArray[np.float32], texts: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.float32]:
    """Sums of the rows of each of `count` texts, (count, dim), `texts` ascending; zero for a text without rows."""
    out = np.zeros((count, rows.shape[1]), dtype=np.float32)
    if len(rows):
        starts = np.flatnonzero(np.diff(texts, prepend=-1))
        out[texts[starts]] = np.add.reduceat(rows, starts, axis=0)
    return out


class CountingEncoder:
    """A table in the place of an encoder, for a model that reads the texts itself: it counts and encodes nothing."""

    languages = TokenTable.languages

    def __init__(self, table: TokenTable) -> None:
        self.name, self.fingerprint, self.dim, self.window = table.name, table.fingerprint, 0, table.window
        self.count_tokens = table.count_tokens

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors without dimensions, (n, 0)."""
        return np.zeros((len(texts), 0), dtype=np.float32)

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """The same, and hidden states without any."""
        return Encoded(self.encode(texts), (np.zeros((0, 0), dtype=np.float32),) * len(texts))

    encode_states = encode_full
