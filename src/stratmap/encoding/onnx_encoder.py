"""The shipped encoder: two ONNX graphs run by onnxruntime, pooling and normalisation inside the second.

The lower one gives hidden states, on which the tagger's tower stands; the upper one makes search vectors of them. Who
needs the states alone pays for a third of the whole.

Each text is a run of its own, several at a time (`sessions`): int8 activations share one scale in a run, so that in a
batch a text's vector would depend on its neighbours (cosines of 0.976 to 0.992 between alone and batched were measured
with batches of 32); and nothing is padding. The heavy imports happen when the first encoder is built. It downloads
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.artefacts import Manifest, load_manifest
from stratmap.encoding.protocol import Encoded, Vectors, checked
from stratmap.encoding.sessions import Inputs, at_once, open_session
from stratmap.errors import ArtefactError, EncodingError

LOWER, UPPER, TOKENIZER = FILES = ("lower.onnx", "upper.onnx", "tokenizer.json")


class OnnxEncoder:
    """all-MiniLM-L6-v2 or graphs of the same form.

    Args:
        folder: A folder of kind `encoder`.
        threads: Texts at the same time, one thread each; 0 takes all cores.
        graphs: Other graphs, the lower and the upper one, for the same tokenizer (used to compare an export with its
            original).
    """

    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self, folder: Path, threads: int = 0, graphs: tuple[Path, Path] | None = None) -> None:
        manifest = load_manifest(folder, "encoder")
        self.name = manifest.name
        self.fingerprint = manifest.fingerprint
        self.dim, self.window = (_fact(folder, manifest, key) for key in ("dim", "window"))
        self._tokenizer = load_tokenizer(folder / TOKENIZER)
        self._threads = threads
        lower, upper = graphs or (folder / LOWER, folder / UPPER)
        self._lower, self._upper = open_session(lower), open_session(upper)

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Numbers of tokens, the two special ones included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(texts)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, shape (n, dim)."""
        feeds = self._feeds([one.ids for one in self._tokenizer.encode_batch_fast(list(texts))])
        return self._stacked(at_once(lambda feed: self._vector(feed, self._states(feed)), feeds, self._threads))

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """Vectors, the hidden states after the tower layer, and where their tokens stand."""
        feeds, offsets = self._with_offsets(texts)

        def both(feed: Inputs) -> tuple[np.ndarray, np.ndarray]:
            states = self._states(feed)
            return self._vector(feed, states), states[0]

        found = list(at_once(both, feeds, self._threads))
        return Encoded(self._stacked(vector for vector, _ in found), tuple(states for _, states in found), offsets)

    def encode_states(self, texts: Sequence[str]) -> Encoded:
        """Hidden states and where their tokens stand, at a third of the cost; the vectors have no dimension."""
        feeds, offsets = self._with_offsets(texts)
        hidden = tuple(states[0] for states in at_once(self._states, feeds, self._threads))
        return Encoded(np.zeros((len(feeds), 0), dtype=np.float32), hidden, offsets)

    def _with_offsets(self, texts: Sequence[str]) -> tuple[list[Inputs], tuple[np.ndarray, ...]]:
        tokens = self._tokenizer.encode_batch(list(texts))
        offsets = tuple(np.array(one.offsets, dtype=np.int64).reshape(-1, 2) for one in tokens)
        return self._feeds([one.ids for one in tokens]), offsets

    def _feeds(self, ids: Sequence[list[int]]) -> list[Inputs]:
        too_long = [len(row) for row in ids if len(row) > self.window]
        if too_long:
            raise EncodingError(
                f"expected texts of at most {self.window} tokens, found one of {max(too_long)}; split it first."
            )
        return [_inputs(row) for row in ids]

    def _states(self, feed: Inputs) -> np.ndarray:
        """Of one text, (1, tokens, dim)."""
        states: np.ndarray = self._lower.run(["hidden"], dict(feed))[0]
        return states

    def _vector(self, feed: Inputs, states: np.ndarray) -> np.ndarray:
        """Of one text, (dim,)."""
        feeds = {"hidden": states, "attention_mask": feed["attention_mask"]}
        vector: np.ndarray = self._upper.run(["embedding"], feeds)[0][0]
        return vector

    def _stacked(self, vectors: Iterable[np.ndarray]) -> Vectors:
        rows = list(vectors)
        return checked(np.stack(rows) if rows else np.zeros((0, self.dim), dtype=np.float32))


def _inputs(tokens: list[int]) -> dict[str, np.ndarray]:
    ids = np.array([tokens], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def _fact(folder: Path, manifest: Manifest, key: str) -> int:
    missing = sorted(set(FILES) - set(manifest.files))
    if missing:  # a file that the manifest does not name was not checked
        raise ArtefactError(f"{folder}: expected a manifest that names {', '.join(missing)}.")
    value = manifest.facts.get(key)
    if type(value) is not int or value < 1:
        raise ArtefactError(f"{folder}: expected a whole number as {key} in the manifest, found {value!r}.")
    return value


def load_tokenizer(path: Path) -> Any:
    """A tokenizer without padding and truncation: both are decided here.

    Raises:
        EncodingError: The file holds none.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain Exception
        raise EncodingError(f"{path}: expected a tokenizer, found something else ({str(error)[:160]}).") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
