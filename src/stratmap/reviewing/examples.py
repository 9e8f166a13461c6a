"""From verdicts on documents to rows that a refit learns from.

Comes in: the features of a text and what people said of its tags. Goes out: `Rows`, and probabilities of documents. A
verdict on a document is one row: the mean of the passages that carry the tag, in proportion to their share of the
document's odds. A passage marked as wrong evidence is a counter-example of its own and carries the tag no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """What the verdicts on examples teach, owners being their positions; None where nothing was said."""
    told = [row for owner, example in enumerate(examples) for row in _rows(example, owner, labels)]
    if not told:
        return None
    vectors = np.stack([row.vector for row in told]).astype(np.float32)
    logits, targets = np.array([row.logit for row in told]), np.array([float(row.applies) for row in told])
    columns, owners = np.array([row.column for row in told]), np.array([row.owner for row in told])
    return Rows(vectors, logits, targets, np.ones(len(told)), columns.astype(np.int64), owners.astype(np.int64))


@dataclass(frozen=True, slots=True)
class _Row:
    vector: np.ndarray
    logit: float
    applies: bool
    column: int
    owner: int


def _rows(example: Example, owner: int, labels: Sequence[str]) -> Iterator[_Row]:
    features, stands = example.features, example.stands
    column = {code: place for place, code in enumerate(labels)}
    shares = responsibility(features.logits, features.lengths)
    for code, places in stands.wrong.items():
        for row, span in enumerate(features.spans) if code in column else ():
            if any(_overlap(span, place) for place in places):
                shares[row, column[code]] = 0.0
                logit = float(features.logits[row, column[code]])
                yield _Row(features.vectors[row], logit, False, column[code], owner)
    for code, applies in stands.verdicts.items():
        if code not in column:
            continue
        share = shares[:, column[code]]
        best = np.argsort(-share, kind="stable")[:_PASSAGES]
        total = float(share[best].sum())
        if total > 0:
            part = share[best] / total
            logit = float(part @ features.logits[best, column[code]])
            yield _Row(part @ features.vectors[best], logit, applies, column[code], owner)


def _overlap(span: np.ndarray, place: tuple[int, int, int]) -> bool:
    return bool(span[0] == place[0] and span[1] < place[2] and place[1] < span[2])


def responsibility(logits: Floats, lengths: np.ndarray) -> Floats:
    """Share of each passage in the document's odds of each label, (n, n_labels), columns of sum 1."""
    kept = np.minimum(sigmoid(logits), _CEILING)
    odds = np.maximum(lengths, 1)[:, None] * kept / (1 - kept)
    return np.asarray(odds / np.maximum(odds.sum(axis=0, keepdims=True), 1e-12))


def logits_under(features: Features, adjustment: Adjustment | None) -> Floats:
    """Logits of a document's passages with a version of the tagger, (n, n_labels); None is the shipped one."""
    return features.logits if adjustment is None else adjustment.applied(features.vectors, features.logits)


def document_probabilities(features: Features, adjustment: Adjustment | None) -> np.ndarray:
    """Probabilities of a document's labels, (n_labels,), by a version of the tagger."""
    return pooled(logits_under(features, adjustment), features.lengths)


def pooled(logits: Floats, lengths: np.ndarray) -> np.ndarray:
    """Probabilities of a document's labels, (n_labels,), from the logits of its passages and their lengths."""
    return pool(np.asarray(sigmoid(logits), dtype=np.float64), lengths.tolist())
