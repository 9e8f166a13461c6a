"""Any sentence-transformers model as an encoder (extra `encoders`).

The model is a folder or a name that the library finds in its cache; nothing is downloaded unless the user named
a model that is not there and the machine is online, which is what naming it asks for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from stratmap.encoding.protocol import Encoded, Vectors, checked
from stratmap.errors import EncodingError, MissingExtra


class SentenceTransformerEncoder:
    """A sentence-transformers model. `languages` is None: what the model covers is the user's knowledge."""

    languages: frozenset[str] | None = None

    def __init__(self, model: str) -> None:
        self.name = model
        self._model = _load(model)
        named = getattr(self._model, "get_embedding_dimension", None)  # its name since sentence-transformers 5.4
        self.dim = int((named or self._model.get_sentence_embedding_dimension)() or 0)
        self.window = int(self._model.max_seq_length or 512)
        self.fingerprint = hashlib.sha256(self.encode(["fingerprint of the weights"]).tobytes()).hexdigest()[:16]

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Numbers of tokens, special tokens included."""
        return [len(ids) for ids in self._model.tokenizer(texts, truncation=False)["input_ids"]]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, shape (n, dim)."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        most = max(self.count_tokens(list(texts)))
        if most > self.window:
            raise EncodingError(f"expected texts of at most {self.window} tokens, found one of {most}; split it first.")
        vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return checked(np.asarray(vectors, dtype=np.float32))

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """Vectors only: such a model has no tower."""
        return Encoded(self.encode(texts))

    encode_states = encode_full


def _load(model: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the encoder {model!r}", "encoders") from error
    try:
        return SentenceTransformer(model, device="cpu")
    except (OSError, ValueError) as error:
        detail = " ".join(str(error).split())[:160]
        raise EncodingError(
            f"expected a sentence-transformers model, found none under {model!r} ({detail})."
        ) from error
