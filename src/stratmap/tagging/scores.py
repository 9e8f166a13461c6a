"""Scores that are kept, so that a threshold can move without encoding anything again.

Comes in: probabilities of many texts, or one tagged document. Goes out: decisions at other thresholds. It computes no
probability.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stratmap.errors import UsageError
from stratmap.records import Tag, TaggedDocument


@dataclass(frozen=True, slots=True)
class TagScores:
    """Probabilities of texts, and the thresholds that go with them.

    Attributes:
        labels: Codes in the order of the columns.
        probabilities: (n_texts, n_labels).
        thresholds: (n_labels,).

    >>> scores = TagScores(("A", "B"), np.array([[0.6, 0.3]]), np.array([0.5, 0.5]))
    >>> scores.codes(), scores.at(0.2).codes()
    ((('A',),), (('A', 'B'),))
    """

    labels: tuple[str, ...]
    probabilities: np.ndarray
    thresholds: np.ndarray

    @property
    def applied(self) -> np.ndarray:
        """Whether each label is given to each text, bool (n_texts, n_labels)."""
        return np.asarray(self.probabilities >= self.thresholds)

    def codes(self) -> tuple[tuple[str, ...], ...]:
        """The labels given to each text, highest probability first."""
        order = np.argsort(-self.probabilities, axis=1, kind="stable")
        return tuple(
            tuple(self.labels[column] for column in row if given[column])
            for row, given in zip(order, self.applied, strict=True)
        )

    def at(self, thresholds: float | Sequence[float] | Mapping[str, float]) -> TagScores:
        """The same scores with other thresholds: one for all, one a label, or some by code.

        Raises:
            UsageError: A code is not known, there is not one a label, or one is not between 0 and 1.
        """
        return replace(self, thresholds=_row(thresholds, self.labels, self.thresholds))


def decided_anew(tagged: TaggedDocument, thresholds: float | Mapping[str, float]) -> TaggedDocument:
    """A tagged document with other thresholds; what a person decided stays.

    Evidence is that of the first decision: labels that were far from their threshold then come without any.

    Raises:
        UsageError: As `TagScores.at`.
    """
    codes = tuple(tag.code for tags in tagged.tags.values() for tag in tags)
    own = np.array([tag.threshold for tags in tagged.tags.values() for tag in tags])
    least = dict(zip(codes, _row(thresholds, codes, own).tolist(), strict=True))
    tags = {group: tuple(_anew(tag, least[tag.code]) for tag in tags) for group, tags in tagged.tags.items()}
    return replace(tagged, tags=tags)


def _anew(tag: Tag, threshold: float) -> Tag:
    if tag.corrected:
        return tag
    return replace(tag, applied=tag.probability >= threshold, threshold=threshold)


def _row(
    thresholds: float | Sequence[float] | Mapping[str, float], labels: tuple[str, ...], own: np.ndarray
) -> np.ndarray:
    if isinstance(thresholds, Mapping):
        strangers = sorted(set(thresholds) - set(labels))
        if strangers:
            raise UsageError(
                f"expected thresholds of known labels, found {', '.join(strangers)}. Known: {', '.join(labels)}."
            )
        row = np.array([thresholds.get(label, was) for label, was in zip(labels, own, strict=True)], dtype=np.float64)
    elif isinstance(thresholds, int | float):
        row = np.full(len(labels), float(thresholds))
    else:
        row = np.array(thresholds, dtype=np.float64)
    if row.shape != (len(labels),) or not ((row >= 0) & (row <= 1)).all():
        raise UsageError(f"expected {len(labels)} thresholds between 0 and 1, one a label, found {row.tolist()!r:.80}.")
    return row
