"""From verdicts on documents to passages with targets.

Comes in: the features of a text and what people said of its tags. Goes out: `Rows` to fit on, and probabilities of
documents. A verdict on a document weighs one in all: it is spread over the passages that carry the tag, in proportion
to their share of the document's odds; a passage marked as wrong evidence is a counter-example of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stratmap.index.features import Features
from stratmap.reviewing.adjusting import Adjustment, Floats, Rows, sigmoid
from stratmap.reviewing.corrections import Standing
from stratmap.tagging.pooling import pool

_PASSAGES = 8  # that share a verdict
_CEILING = 0.95  # as pooling caps the odds of one passage


@dataclass(frozen=True, slots=True)
class Example:
    """A text with what stands for it."""

    features: Features
    stands: Standing


def rows_of(examples: Sequence[Example], labels: Sequence[str]) -> Rows | None:
    """Passages with targets and weights; None where nothing was said."""
    parts = [part for example in examples if (part := _rows(example, labels)) is not None]
    if not parts:
        return None
    return Rows(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.logits for part in parts]),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.weights for part in parts]),
    )


def _rows(example: Example, labels: Sequence[str]) -> Rows | None:
    features, stands = example.features, example.stands
    targets = np.zeros(features.logits.shape, dtype=np.float32)
    weights = np.zeros_like(targets)
    column = {code: place for place, code in enumerate(labels)}
    shares = responsibility(features.logits, features.lengths)
    for code, places in stands.wrong.items():
        if code in column:
            rows = [row for row, span in enumerate(features.spans) if any(_overlap(span, place) for place in places)]
            weights[rows, column[code]] = 1.0
            shares[rows, column[code]] = 0.0
    for code, applies in stands.verdicts.items():
        if code in column:
            _spread(shares[:, column[code]], weights[:, column[code]], targets[:, column[code]], applies)
    told = weights.any(axis=1)
    if not told.any():
        return None
    return Rows(features.vectors[told], features.logits[told], targets[told], weights[told])


def _spread(share: Floats, weights: Floats, targets: Floats, applies: bool) -> None:
    """Give a verdict's weight to the passages that carry the tag (in place)."""
    best = np.argsort(-share, kind="stable")[:_PASSAGES]
    best = best[share[best] > 0]
    if len(best):
        weights[best] += share[best] / share[best].sum()
        targets[best] = float(applies)


def _overlap(span: np.ndarray, place: tuple[int, int, int]) -> bool:
    return bool(span[0] == place[0] and span[1] < place[2] and place[1] < span[2])


def responsibility(logits: Floats, lengths: np.ndarray) -> Floats:
    """Share of each passage in the document's odds of each label, (n, n_labels), columns of sum 1."""
    kept = np.minimum(sigmoid(logits), _CEILING)
    odds = np.maximum(lengths, 1)[:, None] * kept / (1 - kept)
    return np.asarray(odds / np.maximum(odds.sum(axis=0, keepdims=True), 1e-12))


def document_probabilities(features: Features, adjustment: Adjustment | None) -> np.ndarray:
    """Probabilities of a document's labels, (n_labels,), as the tagger would say them."""
    logits = features.logits if adjustment is None else adjustment.applied(features.vectors, features.logits)
    return pool(np.asarray(sigmoid(logits), dtype=np.float64), features.lengths.tolist())
