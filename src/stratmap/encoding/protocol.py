"""What an encoder is, and which one the settings name.

Invariants of every encoder: rows have length 1, are finite, stand in the order of the texts, and do not depend
(beyond 1e-3) on what else is in the batch. No text is cut silently: `count_tokens` tells beforehand, and
what is longer than `window` is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stratmap.errors import EncodingError
from stratmap.settings import EncodingSettings

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Texts after one pass.

    Attributes:
        embeddings: float32, shape (n, dim), rows of length 1.
        hidden: For each text its hidden states after the tower layer, float32 (tokens, dim); empty where the
            encoder offers none.
        offsets: For each text where the tokens of its hidden states stand, int64 (tokens, 2): start and end as
            characters of the text, equal for special tokens; empty where there are no hidden states.
    """

    embeddings: Vectors
    hidden: tuple[npt.NDArray[np.floating], ...] = ()
    offsets: tuple[npt.NDArray[np.int64], ...] = ()


class Encoder(Protocol):
    """Turns texts into vectors. `fingerprint` identifies the weights, `window` counts special tokens."""

    name: str
    fingerprint: str
    dim: int
    window: int
    languages: frozenset[str] | None

    def count_tokens(self, texts: list[str]) -> list[int]:
        """Numbers of tokens, special tokens included."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, shape (n, dim).

        Raises:
            EncodingError: A text exceeds the window, or a vector is not finite.
        """
        ...

    def encode_full(self, texts: Sequence[str]) -> Encoded:
        """Vectors and, where the encoder has them, hidden states.

        Raises:
            EncodingError: As `encode`.
        """
        ...

    def encode_states(self, texts: Sequence[str]) -> Encoded:
        """Hidden states alone where that is cheaper than `encode_full`; else what that gives.

        Raises:
            EncodingError: As `encode`.
        """
        ...


def load_encoder(settings: EncodingSettings | None = None) -> Encoder:
    """The encoder that the settings name: `shipped`, or a sentence-transformers model.

    Raises:
        ArtefactError: The shipped encoder is missing or damaged.
        MissingExtra: A sentence-transformers model is named and the extra is not installed.
        EncodingError: That model cannot be loaded.
    """
    settings = settings or EncodingSettings()
    if settings.encoder == "shipped":
        from stratmap.artefacts import shipped_folder
        from stratmap.encoding.onnx_encoder import OnnxEncoder

        return OnnxEncoder(shipped_folder("encoder"), settings.threads)
    from stratmap.encoding.sentence_transformer import SentenceTransformerEncoder

    return SentenceTransformerEncoder(settings.encoder)


def checked(vectors: Vectors) -> Vectors:
    """The same vectors, if they are embeddings.

    Raises:
        EncodingError: A value is not finite, or a row has no length.
    """
    if not np.isfinite(vectors).all():
        raise EncodingError("expected finite vectors, found NaN or infinity. Check the model with `stratmap doctor`.")
    lengths = np.linalg.norm(vectors, axis=1)
    if vectors.size and float(lengths.min()) < 0.5:
        raise EncodingError("expected vectors of length 1, found one without length. Check `stratmap doctor`.")
    return vectors
