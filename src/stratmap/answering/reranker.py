"""Reads a question and a passage together and says how surely the one answers the other.

Comes in: a question and the passages that the search proposed. Goes out: one logit a passage, comparable between
questions (above zero: held to be an answer). It does not search, sort, or turn logits into probabilities; `refusal`
does that, with coefficients of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.artefacts import Manifest, load_manifest
from stratmap.encoding.onnx_encoder import load_tokenizer
from stratmap.encoding.sessions import open_session, run_each
from stratmap.errors import ArtefactError

KIND = "reranker"
MODEL_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "logit"
# A passage has at most 160 tokens; the window leaves room for a heading path and an ordinary question.
WINDOW = 224
# Only an absurdly long question is cut, so that the passage keeps nearly half of the window.
MAX_QUESTION_TOKENS = 120
# Far above what fits the window; keeps the tokenizer from reading a book that is then cut.
MAX_CHARACTERS = 4_000
_ASKING = re.compile(
    r"(?i)^\W*(who|whom|whose|what|when|where|which|why|how|in (what|which)|is|are|was|were|do|does|did|has|have|had|"
    r"can|could|should|will|would|may|must)\b"
)


def asks(query: str) -> bool:
    """Whether a query is a question, which the reranker was trained on, and not a claim or a row of keywords.

    For rankings of mixed collections: on claims the first stage alone is better (SciFact, in
    `evaluation/results/retrieval-experiments.md`).

    >>> [asks(text) for text in ("How many returned", "AVRR budget?", "Statins lower the risk of stroke.")]
    [True, True, False]
    """
    return query.rstrip().endswith("?") or _ASKING.match(query) is not None


class Reranker:
    """A cross-encoder in ONNX; made by `Reranker.load`, safe to share between threads.

    Args:
        session: An onnxruntime session with the inputs `INPUTS` (int64) and the output `OUTPUT` (n,).
        tokenizer: A `tokenizers.Tokenizer` that knows `[CLS]` and `[SEP]`.
        manifest: What the model folder says of itself.
        threads: Passages at the same time; 0 takes all cores.
    """

    def __init__(self, session: Any, tokenizer: Any, manifest: Manifest, threads: int = 0) -> None:
        self.manifest = manifest
        self._threads = threads
        self._session = session
        self._tokenizer = tokenizer
        self._start, self._end = (tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]"))

    @classmethod
    def load(cls, folder: Path, threads: int = 0) -> Reranker:
        """Open a model folder of kind `reranker`.

        Args:
            folder: Holds `model.onnx`, `tokenizer.json` and `manifest.json`.
            threads: Passages at the same time, one thread each; 0 takes all cores.

        Raises:
            ArtefactError: The folder is missing, damaged, or holds another kind of model.
            EncodingError: The model is no graph that can be run.
        """
        manifest = load_manifest(folder, KIND)
        if missing := {MODEL_FILE, TOKENIZER_FILE} - manifest.files.keys():
            raise ArtefactError(f"{folder}: expected a manifest that lists {', '.join(sorted(missing))}.")
        session = _checked_session(folder / MODEL_FILE)
        return cls(session, _checked_tokenizer(folder / TOKENIZER_FILE), manifest, threads)

    def score(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """Score every passage against the question.

        A passage is cut at its end where the window is full; the question is kept whole up to
        `MAX_QUESTION_TOKENS`.

        Args:
            question: As the person asked it.
            passages: Texts, each optionally with its heading path in front (`heading: text`).

        Returns:
            Logits, float32 (n,), in the order of `passages`; higher answers better.
        """
        logits = np.zeros(len(passages), dtype=np.float32)
        asked = self._ids([question])[0][:MAX_QUESTION_TOKENS]
        room = WINDOW - len(asked) - 3
        texts = [ids[:room] for ids in self._ids(passages)]
        rows = [_inputs([self._start, *asked, self._end, *ids, self._end], len(asked) + 2) for ids in texts]
        # Each alone: int8 activations share one scale in a run.
        for number, values in enumerate(run_each(self._session, [OUTPUT], rows, self._threads)):
            logits[number] = values[0][0]
        return logits

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        cut = [text[:MAX_CHARACTERS] for text in texts]
        return [encoded.ids for encoded in self._tokenizer.encode_batch(cut, add_special_tokens=False)]


def _inputs(row: list[int], question_length: int) -> dict[str, np.ndarray]:
    """The three inputs, int64 (1, tokens); the first `question_length` tokens are of type 0."""
    ids = np.array([row], dtype=np.int64)
    kind = np.zeros_like(ids)
    kind[0, question_length:] = 1
    return dict(zip(INPUTS, (ids, np.ones_like(ids), kind), strict=True))


def _checked_session(path: Path) -> Any:
    session = open_session(path)
    inputs, outputs = ({value.name for value in side} for side in (session.get_inputs(), session.get_outputs()))
    if inputs != set(INPUTS) or OUTPUT not in outputs:
        raise ArtefactError(
            f"{path}: expected inputs {', '.join(INPUTS)} and output {OUTPUT}, "
            f"found {', '.join(sorted(inputs))} and {', '.join(sorted(outputs))}."
        )
    return session


def _checked_tokenizer(path: Path) -> Any:
    try:
        tokenizer = load_tokenizer(path)
    except Exception as error:  # tokenizers raises no narrower class
        raise ArtefactError(f"{path}: expected a tokenizer, found something else ({error}).") from error
    if tokenizer.token_to_id("[CLS]") is None or tokenizer.token_to_id("[SEP]") is None:
        raise ArtefactError(f"{path}: expected a tokenizer with [CLS] and [SEP], found one without.")
    return tokenizer
