"""Tagging on annotated items: JSONL with `text` and one list of codes for each group of the framework."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratmap.errors import UsageError
from stratmap.evaluating import measures
from stratmap.framework import Framework
from stratmap.reading import read_text
from stratmap.records import Document, TaggedDocument


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """Figures of one group of labels. `automatic` is the share of applied tags that need no look, and
    `automatic_precision` how many of those are right; `false_alarms` is the share of items without any true label
    of the group that were given one. The mean average precision is over labels that are true somewhere; that of
    another label is None.
    """

    macro_f1: float
    micro_f1: float
    mean_average_precision: float
    calibration_error: float
    automatic: float
    automatic_precision: float
    false_alarms: float
    labels: dict[str, dict[str, float | None]]


def load_items(path: Path, framework: Framework) -> tuple[list[Document], dict[str, np.ndarray]]:
    """Documents, and for each group the truth, bool (n, labels).

    Raises:
        UsageError: The file is missing, not JSONL, or an item lacks its text.
    """
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        documents = [read_text(row["text"], str(row.get("id", i))) for i, row in enumerate(rows)]
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise UsageError(f"{path}: expected JSONL items with `text` and lists of codes, found: {error!r}.") from error
    if not rows:
        raise UsageError(f"{path}: expected JSONL items, found none.")
    truth = {
        group.id: np.array(
            [[label.code in (row.get(group.id) or ()) for label in group.labels] for row in rows], dtype=bool
        )
        for group in framework.groups
    }
    return documents, truth


def evaluate_tagging(
    tagged: Iterable[TaggedDocument], truth: dict[str, np.ndarray], framework: Framework
) -> dict[str, GroupFigures]:
    """Figures for each group."""
    results = list(tagged)
    return {
        group.id: _figures(results, truth[group.id], group.id, [label.code for label in group.labels])
        for group in framework.groups
    }


def _figures(results: list[TaggedDocument], truth: np.ndarray, group: str, codes: list[str]) -> GroupFigures:
    tags = [{tag.code: tag for tag in result.tags[group]} for result in results]
    scores = np.array([[row[code].probability for code in codes] for row in tags])
    given = np.array([[row[code].applied for code in codes] for row in tags], dtype=bool)
    sure = np.array([[row[code].applied and not row[code].review for code in codes] for row in tags], dtype=bool)
    each = measures.f1(truth, given)
    precisions = [measures.average_precision(truth[:, j], scores[:, j]) for j in range(len(codes))]
    hits = int((truth & given).sum())
    empty = ~truth.any(1)
    return GroupFigures(
        macro_f1=float(each.mean()),
        micro_f1=2 * hits / max(1, int(truth.sum() + given.sum())),
        mean_average_precision=float(np.mean(known)) if (known := [p for p in precisions if p == p]) else 0.0,
        calibration_error=measures.calibration_error(truth, scores),
        automatic=float(sure.sum() / max(1, given.sum())),
        automatic_precision=float((truth & sure).sum() / max(1, sure.sum())),
        false_alarms=float(given[empty].any(1).mean()) if empty.any() else 0.0,
        labels={
            code: {
                "f1": float(each[j]),
                "ap": precisions[j] if precisions[j] == precisions[j] else None,
                "true": int(truth[:, j].sum()),
                "given": int(given[:, j].sum()),
            }
            for j, code in enumerate(codes)
        },
    )
