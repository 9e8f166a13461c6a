"""Retraining: corrections come in; a refit with its figures goes out, and whether it may be used.

A refit starts from the shipped tagger each time and takes all corrections that stand, so that versions do not drift.
It is refused where held-out texts or corrected texts that it did not see would be tagged worse. It keeps no version;
`Reviews` does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from stratmap.errors import UsageError
from stratmap.framework import Framework
from stratmap.reviewing.adjusting import Adjustment, Fitting
from stratmap.reviewing.corrections import now
from stratmap.reviewing.examples import Example, rows_of
from stratmap.reviewing.held_out import HeldOut
from stratmap.reviewing.measuring import (
    Agreement,
    HeldOutFigures,
    agreement,
    held_out_figures,
    reproduced,
)

_MOST_F1_LOST = 0.01  # on the held-out texts; of 68 texts one tag more or less moves it by about 0.002
_MOST_LOSS_GAINED = 0.02  # of the log-loss, relative


@dataclass(frozen=True, slots=True)
class Report:
    """What a refit learned from and how good it is.

    Attributes:
        author: Who asked for it.
        at: When, ISO 8601 in UTC.
        verdicts: Verdicts on tags that it learned from.
        wrong_evidence: Passages marked as wrong evidence.
        left_out: Corrected documents whose features are not kept (deleted, or never seen by this tagger).
        seconds: How long it took.
        before: The version in use so far, on held-out texts; None where none are shipped.
        after: The refit on the same texts.
        shipped: The shipped tagger on the same texts.
        agreement: On corrections, cross-validated.
        reproduced: Share of the verdicts that the refit repeats on the texts it learned from.
        refused: Why it must not be used; empty where it may.
    """

    author: str
    at: str
    verdicts: int
    wrong_evidence: int
    left_out: int
    seconds: float
    before: HeldOutFigures | None
    after: HeldOutFigures | None
    shipped: HeldOutFigures | None
    agreement: Agreement | None
    reproduced: float | None
    refused: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Plain tables and lists, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a refit is made in: the framework, the tagger's labels and thresholds, and what is held out."""

    framework: Framework
    labels: tuple[str, ...]
    thresholds: np.ndarray
    held_out: HeldOut


def refit(
    examples: Sequence[Example], setting: Setting, active: Adjustment | None, author: str, left_out: int = 0
) -> tuple[Adjustment, Report]:
    """Fit on all examples and measure.

    Args:
        examples: Corrected texts with their features.
        setting: Labels, thresholds and held-out texts.
        active: The version in use so far; None for the shipped tagger.
        author: Who asks for it.
        left_out: Corrected documents without features, for the report.

    Raises:
        UsageError: There is nothing to learn from.
    """
    started = time.monotonic()
    rows = rows_of(examples, setting.labels)
    if rows is None:
        raise UsageError(
            "expected corrections to learn from, found none. Correct tags in the app, or import them: "
            "stratmap corrections import FILE.xlsx"
        )
    fitting = Fitting(setting.labels, rows, setting.held_out.anchors)
    found = fitting.fit()
    unseen = setting.held_out.without({one.features.doc_id for one in examples})
    measured = [
        held_out_figures(unseen, one, setting.framework, setting.labels, setting.thresholds)
        for one in (None, active, found)
    ]
    agreed = agreement(examples, fitting, setting.thresholds)
    report = Report(
        author=author,
        at=now(),
        verdicts=sum(len(one.stands.verdicts) for one in examples),
        wrong_evidence=sum(len(places) for one in examples for places in one.stands.wrong.values()),
        left_out=left_out,
        seconds=round(time.monotonic() - started, 3),
        before=measured[1],
        after=measured[2],
        shipped=measured[0],
        agreement=agreed,
        reproduced=reproduced(examples, found, setting.labels, setting.thresholds),
        refused=tuple(_reasons(measured, agreed, setting.framework)),
    )
    return found, report


def _reasons(measured: Sequence[HeldOutFigures | None], agreed: Agreement | None, framework: Framework) -> list[str]:
    """Why a refit must not be used: worse than the shipped tagger or the version in use, whichever is better."""
    reasons: list[str] = []
    shipped, active, after = measured
    if shipped is not None and active is not None and after is not None:
        for group in framework.groups:
            best = max(shipped.f1[group.id], active.f1[group.id])
            if after.f1[group.id] < best - _MOST_F1_LOST:
                reasons.append(
                    f"F1 of {group.name.lower()} on {after.texts} held-out texts would fall from {best:.3f} to "
                    f"{after.f1[group.id]:.3f}; at most {_MOST_F1_LOST} may be lost"
                )
        loss = min(shipped.log_loss, active.log_loss)
        if after.log_loss > loss * (1 + _MOST_LOSS_GAINED):
            reasons.append(
                f"probabilities on {after.texts} held-out texts would be less true: log-loss {loss:.3f} to "
                f"{after.log_loss:.3f}"
            )
    if agreed is not None and agreed.after is not None and agreed.after < agreed.before:
        reasons.append(
            f"on corrected texts that it did not see it would agree with {agreed.after:.0%} of the verdicts, "
            f"the shipped tagger with {agreed.before:.0%}: do some corrections contradict each other?"
        )
    return reasons
