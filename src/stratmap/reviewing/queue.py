"""The review queue: which question to a person is worth most.

Comes in: features of documents, the version in use, and what people have already said. Goes out: questions "does this
label apply to this document?", most valuable first. Nothing is encoded.

The value of a question is uncertainty times novelty. Uncertainty is 4 q (1 - q), where q is the probability moved so
that the label's threshold lies at a half: 1 at the threshold, near 0 far from it. Novelty is one minus the largest
cosine between the passages behind this question and those behind a question on the same label that was answered or
is asked before; so ten near-copies are asked about once. Questions are picked one after the other, the best first
(greedy, as in maximal marginal relevance, Carbonell and Goldstein 1998, doi:10.1145/290941.291025).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stratmap.index.corrections import TAG
from stratmap.index.features import Features
from stratmap.records import Correction
from stratmap.reviewing.adjusting import Adjustment, Floats, logits_of, sigmoid
from stratmap.reviewing.corrections import Standing
from stratmap.reviewing.examples import logits_under, pooled, responsibility

_LEAST_UNCERTAINTY = 0.15  # below, an answer would teach little
_MOST_PAIRS = 4_000  # considered, most uncertain first
_PASSAGES = 3  # shown with a question
_NOBODY = Standing()


@dataclass(frozen=True, slots=True)
class Question:
    """Does a label apply to a document?

    `passages` are rows of the document's passages, the most telling first; `value`, `uncertainty` and `novelty` are
    0 to 1.
    """

    doc_id: str
    document: str
    code: str
    probability: float
    threshold: float
    value: float
    uncertainty: float
    novelty: float
    passages: tuple[int, ...]
    spans: tuple[tuple[int, int, int], ...]

    @property
    def applied(self) -> bool:
        """What the tagger says."""
        return self.probability >= self.threshold


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a review is: answers given, and how many of them agreed with what the tagger had said."""

    answered: int
    agreed: int

    @property
    def share(self) -> float | None:
        """Share of answers that agreed, None before the first."""
        return self.agreed / self.answered if self.answered else None


def progress_of(corrections: Sequence[Correction], doc_ids: set[str] | None = None) -> Progress:
    """Answers and agreement among verdicts that stand; the last one on a tag counts."""
    last = {
        (one.doc_id, one.code): one
        for one in corrections
        if one.kind == TAG and not one.undone and (doc_ids is None or one.doc_id in doc_ids)
    }
    told = [one for one in last.values() if one.applied is not None]
    return Progress(len(told), sum(one.applies == one.applied for one in told))


@dataclass(frozen=True, slots=True)
class _Pairs:
    """All pairs that may be asked about, as columns of equal length; `behind` is float32 (n, dim)."""

    document: np.ndarray
    label: np.ndarray
    probability: np.ndarray
    uncertainty: np.ndarray
    behind: Floats


def questions(
    documents: Sequence[Features],
    adjustment: Adjustment | None,
    labels: Sequence[str],
    thresholds: np.ndarray,
    stands: Mapping[str, Standing],
    most: int = 50,
) -> list[Question]:
    """The most valuable questions, best first.

    Args:
        documents: What may be asked about.
        adjustment: The version in use.
        labels: Codes in the order of the columns.
        thresholds: Of the labels, (n_labels,).
        stands: What people have said; pairs with a verdict are not asked again.
        most: Most questions.
    """
    logits = [logits_under(one, adjustment) for one in documents]
    asked = _pairs(documents, logits, labels, thresholds, stands)
    if not len(asked.document):
        return []
    novelty = _novelty_to(asked, *_known(documents, logits, labels, stands))
    chosen: list[Question] = []
    open_ = np.ones(len(asked.document), dtype=bool)
    while len(chosen) < most and open_.any():
        value = np.where(open_, asked.uncertainty * novelty, -1.0)
        best = int(np.argmax(value))
        one = documents[int(asked.document[best])]
        chosen.append(_question(one, logits[int(asked.document[best])], asked, best, labels, thresholds, novelty))
        open_[best] = False
        same = asked.label == asked.label[best]
        novelty[same] = np.minimum(novelty[same], 1 - np.clip(asked.behind[same] @ asked.behind[best], 0, 1))
    return chosen


def _known(
    documents: Sequence[Features], logits: Sequence[Floats], labels: Sequence[str], stands: Mapping[str, Standing]
) -> tuple[Floats, np.ndarray]:
    """What lies behind the answered questions, (n, dim), and the column of each one's label, (n,)."""
    behind: list[Floats] = []
    columns: list[int] = []
    for one, rows in zip(documents, logits, strict=True):
        verdicts = stands.get(one.doc_id, _NOBODY).verdicts
        answered = [column for column, code in enumerate(labels) if code in verdicts]
        if answered:
            behind += list(_behind(one, rows)[answered])
            columns += answered
    return np.array(behind, dtype=np.float32), np.array(columns, dtype=np.int64)


def _pairs(
    documents: Sequence[Features],
    logits: Sequence[Floats],
    labels: Sequence[str],
    thresholds: np.ndarray,
    stands: Mapping[str, Standing],
) -> _Pairs:
    offset = logits_of(thresholds)
    columns: list[tuple[int, int, float, float]] = []
    for number, (one, rows) in enumerate(zip(documents, logits, strict=True)):
        if not len(rows):
            continue
        probability = pooled(rows, one.lengths)
        moved = sigmoid(logits_of(probability) - offset)
        verdicts = stands.get(one.doc_id, _NOBODY).verdicts
        columns += [
            (number, column, float(probability[column]), float(4 * moved[column] * (1 - moved[column])))
            for column, code in enumerate(labels)
            if code not in verdicts
        ]
    columns = [pair for pair in columns if pair[3] >= _LEAST_UNCERTAINTY]
    columns = sorted(columns, key=lambda pair: -pair[3])[:_MOST_PAIRS]
    behind = {number: _behind(documents[number], logits[number]) for number in {pair[0] for pair in columns}}
    table = np.array(columns, dtype=np.float64).reshape(-1, 4)
    vectors = np.array([behind[number][column] for number, column, _, _ in columns], dtype=np.float32)
    return _Pairs(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2], table[:, 3], vectors)


def _behind(one: Features, logits: Floats) -> Floats:
    """For each label the mean vector of the passages that carry it, length 1, (n_labels, dim)."""
    mean = responsibility(logits, one.lengths).T @ one.vectors
    return np.asarray(mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9))


def _novelty_to(asked: _Pairs, known: Floats, labels: np.ndarray) -> np.ndarray:
    novelty = np.ones(len(asked.document))
    for label in np.unique(labels):
        same = asked.label == label
        nearest = np.clip(asked.behind[same] @ known[labels == label].T, 0, 1)
        if nearest.size:
            novelty[same] = 1 - nearest.max(axis=1)
    return novelty


def _question(
    one: Features,
    logits: Floats,
    asked: _Pairs,
    number: int,
    labels: Sequence[str],
    thresholds: np.ndarray,
    novelty: np.ndarray,
) -> Question:
    column = int(asked.label[number])
    share = responsibility(logits, one.lengths)[:, column]
    rows = tuple(int(row) for row in np.argsort(-share, kind="stable")[:_PASSAGES])
    spans = tuple((int(a), int(b), int(c)) for a, b, c in one.spans[list(rows)])
    uncertainty, new = float(asked.uncertainty[number]), float(novelty[number])
    return Question(
        doc_id=one.doc_id,
        document=one.document,
        code=labels[column],
        probability=float(asked.probability[number]),
        threshold=float(thresholds[column]),
        value=uncertainty * new,
        uncertainty=uncertainty,
        novelty=new,
        passages=rows,
        spans=spans,
    )
