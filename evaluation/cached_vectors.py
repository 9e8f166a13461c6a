"""An encoder that keeps vectors of documents in a folder, so that a benchmark can be run again. Queries are encoded
afresh (`encode_query`), so that their time counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from stratmap.encoding import Encoded, Encoder

_SLICE = 1_024  # texts between two savings


class CachedEncoder:
    """The encoder of the same name behind a file of vectors.

    Args:
        encoder: Makes the vectors that are not kept yet.
        folder: Where they are kept; made if need be.
    """

    languages: frozenset[str] | None = None

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.inner = encoder
        self.name, self.fingerprint, self.dim, self.window = (
            encoder.name,
            encoder.fingerprint,
            encoder.dim,
            encoder.window,
        )
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"vectors-{encoder.fingerprint}.npz"
        self._kept: dict[str, np.ndarray] = {}
        if self._file.exists():
            with np.load(self._file, allow_pickle=False) as held:
                self._kept = dict(zip(held["keys"].tolist(), held["vectors"], strict=True))

    def count_tokens(self, texts: list[str]) -> list[int]:
        """As the encoder does."""
        return self.inner.count_tokens(texts)

    def fitted(self, text: str) -> str:
        """As much of a text as the window holds: what sentence-transformers would read of it."""
        while self.inner.count_tokens([text])[0] > self.window:
            text = text[: len(text) * 9 // 10]
        return text

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of documents, from the file where it holds them; a text alone is a query and never kept."""
        if len(texts) == 1:
            return self.inner.encode(list(texts))
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._kept}
        missing = list(fresh)
        for start in range(0, len(missing), _SLICE):
            some = missing[start : start + _SLICE]
            self._kept |= dict(zip(some, self.inner.encode([fresh[key] for key in some]), strict=True))
            if len(missing) > _SLICE:
                self.save()
        return np.array([self._kept[key] for key in keys], dtype=np.float32).reshape(len(keys), self.dim)

    def encode_query(self, text: str) -> np.ndarray:
        """The vector of a query, shape (dim,), never from the file."""
        vector: np.ndarray = self.inner.encode([self.fitted(text)])[0]
        return vector

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """Vectors only."""
        return Encoded(self.encode(texts))

    encode_states = encode_full

    def save(self) -> None:
        """Write what is kept."""
        keys = np.array(list(self._kept))
        np.savez(self._file, keys=keys, vectors=np.array(list(self._kept.values()), dtype=np.float32))
