"""Features for documents of an archive that have none: indexed by an earlier version, or with another tagger.

Comes in: the reviews of an index and its encoder. Goes out: logits kept for each document, one transaction a document,
so that it can be stopped at any time. It is the one place of this room that encodes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from stratmap.encoding import Encoder
from stratmap.reviewing.adjusting import logits_of
from stratmap.reviewing.reviews import Reviews

_BATCH = 64
Progress = Callable[[int, int], None]


def score_archive(reviews: Reviews, encoder: Encoder, progress: Progress | None = None) -> int:
    """Score every document that lacks it; returns how many there were.

    Raises:
        EncodingError: A passage cannot be encoded; what was scored before is kept.
    """
    waiting = reviews.features.unscored()
    for number, doc_id in enumerate(waiting):
        if progress:
            progress(number, len(waiting))
        texts = reviews.features.passage_texts(doc_id)
        parts = [_logits(reviews, encoder, texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        empty = np.zeros((0, len(reviews.model.labels)), dtype=np.float32)
        reviews.features.keep_scores([(doc_id, np.concatenate(parts) if parts else empty)])
    return len(waiting)


def _logits(reviews: Reviews, encoder: Encoder, texts: list[str]) -> np.ndarray:
    encoded = encoder.encode_full(texts)
    return logits_of(reviews.model.predict_proba(texts, encoded.embeddings, encoded.hidden)).astype(np.float32)
