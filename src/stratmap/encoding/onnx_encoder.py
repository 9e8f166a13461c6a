"""The shipped encoder: an ONNX graph with pooling and normalisation inside, run by onnxruntime.

Each text is a run of its own, several at a time (`sessions`): int8 activations share one scale in a run, so that in a
batch a text's vector would depend on its neighbours (cosines of 0.976 to 0.992 between alone and batched were measured
with batches of 32); and nothing is padding. The heavy imports happen when the first encoder is built. It downloads
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.artefacts import Manifest, load_manifest
from stratmap.encoding.protocol import Encoded, Vectors, checked
from stratmap.encoding.sessions import open_session, run_each
from stratmap.errors import ArtefactError, EncodingError


class OnnxEncoder:
    """all-MiniLM-L6-v2 or a graph of the same form.

    Args:
        folder: A folder of kind `encoder`.
        threads: Texts at the same time, one thread each; 0 takes all cores.
        graph: Another graph for the same tokenizer (used to compare an export with its original).
    """

    languages: frozenset[str] | None = frozenset({"en"})

    def __init__(self, folder: Path, threads: int = 0, graph: Path | None = None) -> None:
        manifest = load_manifest(folder, "encoder")
        self.name = manifest.name
        self.fingerprint = manifest.fingerprint
        self.dim, self.window = (_fact(folder, manifest, key) for key in ("dim", "window"))
        self._tokenizer = load_tokenizer(folder / "tokenizer.json")
        self._threads = threads
        self._session = open_session(graph or folder / "model.onnx")

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Numbers of tokens, the two special ones included."""
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(texts)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, shape (n, dim)."""
        tokens = self._tokenizer.encode_batch_fast(list(texts))
        return self._run([one.ids for one in tokens], want_hidden=False).embeddings

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """Vectors, the hidden states after the tower layer, and where their tokens stand."""
        tokens = self._tokenizer.encode_batch(list(texts))
        found = self._run([one.ids for one in tokens], want_hidden=True)
        return replace(found, offsets=tuple(np.array(one.offsets, dtype=np.int64).reshape(-1, 2) for one in tokens))

    def _run(self, ids: Sequence[list[int]], want_hidden: bool) -> Encoded:
        too_long = [len(row) for row in ids if len(row) > self.window]
        if too_long:
            raise EncodingError(
                f"expected texts of at most {self.window} tokens, found one of {max(too_long)}; split it first."
            )
        embeddings = np.zeros((len(ids), self.dim), dtype=np.float32)
        hidden: list[Vectors] = [np.zeros((0, self.dim), dtype=np.float32)] * (len(ids) if want_hidden else 0)
        outputs = ["embedding", "hidden"] if want_hidden else ["embedding"]
        for row, values in enumerate(run_each(self._session, outputs, [_inputs(row) for row in ids], self._threads)):
            embeddings[row] = values[0][0]
            if want_hidden:
                hidden[row] = values[1][0]
        return Encoded(checked(embeddings), tuple(hidden))


def _inputs(tokens: list[int]) -> dict[str, np.ndarray]:
    ids = np.array([tokens], dtype=np.int64)
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def _fact(folder: Path, manifest: Manifest, key: str) -> int:
    missing = sorted({"model.onnx", "tokenizer.json"} - set(manifest.files))
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
