"""What answering asks of the rooms below it, as protocols. Nothing here computes.

`Archive` is what an index offers, `Scorer` what a reranker offers; both let tests put something small in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from stratmap.records import Filters, Hit, IndexedDocument

Floats = npt.NDArray[np.float32]


class Archive(Protocol):
    """Documents whose passages can be found."""

    def search(self, question: str, vector: Floats, k: int, filters: Filters) -> list[Hit]:
        """The best `k` passages, best first; `score` lies between 0 and 1. `vector` has shape (dim,)."""
        ...

    def documents(self) -> Sequence[IndexedDocument]:
        """All documents."""
        ...

    def page_text(self, doc_id: str, page_index: int) -> str:
        """The text that the offsets of passages refer to."""
        ...


class Scorer(Protocol):
    """Reads a question and passages together."""

    def score(self, question: str, passages: Sequence[str]) -> np.ndarray:
        """Logits, shape (n,); above zero means: held to be an answer."""
        ...
