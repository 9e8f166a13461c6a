"""How good a tagger is before and after a refit.

Comes in: features, truth, verdicts, an adjustment or none. Goes out: figures. On corrections it measures with models
that did not see the corrected document. It decides nothing; `retraining` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stratmap.framework import Framework
from stratmap.reviewing.adjusting import Adjustment, Fitting
from stratmap.reviewing.examples import Example, document_probabilities
from stratmap.reviewing.held_out import HeldOut

_FOLDS = 5


@dataclass(frozen=True, slots=True)
class HeldOutFigures:
    """On texts that nothing learned from: how many, macro-F1 by group of labels, mean log-loss of all pairs."""

    texts: int
    f1: dict[str, float]
    log_loss: float


@dataclass(frozen=True, slots=True)
class Agreement:
    """On corrections: how many verdicts, of how many documents, and the share that a tagger agrees with.

    `before` is the shipped tagger, `after` a refit that did not see the document; None where there are too few.
    """

    verdicts: int
    documents: int
    before: float
    after: float | None


def held_out_figures(held_out: HeldOut, adjustment: Adjustment | None, framework: Framework,
                     labels: Sequence[str], thresholds: np.ndarray) -> HeldOutFigures | None:  # fmt: skip
    """Figures on held-out texts, None where there are none."""
    if not held_out.features:
        return None
    probabilities = np.stack([document_probabilities(one, adjustment) for one in held_out.features])
    given = probabilities >= thresholds
    column = {code: place for place, code in enumerate(labels)}
    scores = {
        group.id: _macro_f1(held_out.truth, given, [column[label.code] for label in group.labels])
        for group in framework.groups
    }
    kept = np.clip(probabilities, 1e-6, 1 - 1e-6)
    loss = -np.where(held_out.truth, np.log(kept), np.log(1 - kept)).mean()
    return HeldOutFigures(len(held_out.features), scores, round(float(loss), 4))


def _macro_f1(truth: np.ndarray, given: np.ndarray, columns: Sequence[int]) -> float:
    """Over the labels that are true or given at least once."""
    hits = (truth & given).sum(axis=0)
    total = truth.sum(axis=0) + given.sum(axis=0)
    scores = [2 * hits[column] / total[column] for column in columns if total[column]]
    return round(float(np.mean(scores)), 4) if scores else 0.0


def agreement(examples: Sequence[Example], fitting: Fitting, thresholds: np.ndarray) -> Agreement | None:
    """Agreement with people's verdicts, cross-validated by document; None without verdicts.

    Args:
        examples: Corrected texts.
        fitting: Prepared on them.
        thresholds: Of the labels.
    """
    column = {code: place for place, code in enumerate(fitting.labels)}
    told = np.array([n for n, one in enumerate(examples) if any(c in column for c in one.stands.verdicts)], dtype=int)
    if not len(told):
        return None
    before = [right for number in told for right in _right(examples[number], None, column, thresholds)]
    after = None
    if len(told) > 1:
        fold = np.random.default_rng(0).permutation(len(told)) % min(_FOLDS, len(told))
        results: list[bool] = []
        folds = [told[fold == own] for own in range(int(fold.max()) + 1)]
        for held, adjustment in zip(folds, fitting.fit_without(folds), strict=True):
            results += [right for number in held for right in _right(examples[number], adjustment, column, thresholds)]
        after = round(float(np.mean(results)), 4)
    return Agreement(len(before), len(told), round(float(np.mean(before)), 4), after)


def _right(one: Example, adjustment: Adjustment | None, column: dict[str, int], thresholds: np.ndarray) -> list[bool]:
    probabilities = document_probabilities(one.features, adjustment)
    return [
        bool(probabilities[column[code]] >= thresholds[column[code]]) == applies
        for code, applies in one.stands.verdicts.items()
        if code in column
    ]


def reproduced(examples: Sequence[Example], adjustment: Adjustment, labels: Sequence[str],
               thresholds: np.ndarray) -> float | None:  # fmt: skip
    """Share of the verdicts that a refit repeats on the very texts it learned from: what it took in, no proof."""
    column = {code: place for place, code in enumerate(labels)}
    right = [hit for one in examples for hit in _right(one, adjustment, column, thresholds)]
    return round(float(np.mean(right)), 4) if right else None
