"""What several suites share: a deterministic encoder without a model, and documents ready for an index."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from stratmap.encoding import Encoded
from stratmap.errors import EncodingError
from stratmap.index import Indexable
from stratmap.reading import read_text, split_passages

ROOT = Path(__file__).parents[1]


class HashingEncoder:
    """Adds one fixed random vector a word: equal words, equal parts. Keeps the promises of an encoder."""

    name = "hashing"
    fingerprint = "hashing-1"
    dim = 32
    window = 64
    languages: frozenset[str] | None = frozenset({"en"})

    def _words(self, text: str) -> list[str]:
        return re.findall(r"\w+", text.lower()) or ["-"]

    def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(self._words(text)) + 2 for text in texts]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        if any(count > self.window for count in self.count_tokens(list(texts))):
            raise EncodingError(f"expected texts of at most {self.window} tokens.")
        rows = np.array([sum(self._of(word) for word in self._words(text)) for text in texts])
        rows = rows.reshape(len(texts), self.dim)
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        hidden = tuple(np.ones((count, self.dim), np.float32) for count in self.count_tokens(list(texts)))
        return Encoded(self.encode(texts), hidden)

    encode_states = encode_full

    def _of(self, word: str) -> np.ndarray:
        return np.random.default_rng(zlib.crc32(word.encode())).normal(size=self.dim)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def hashing_encoder() -> HashingEncoder:
    return HashingEncoder()


@pytest.fixture(scope="session")
def indexable(hashing_encoder: HashingEncoder) -> Callable[..., Indexable]:
    """Makes a document with passages and vectors: `indexable("a.md", "Text.", labels={"O1": 1.0})`."""

    def make(name: str, text: str, **facts) -> Indexable:
        document = read_text(text, name)
        passages = split_passages(document, hashing_encoder.count_tokens, 20)
        return Indexable(document, passages, hashing_encoder.encode([p.text for p in passages]), **facts)

    return make
