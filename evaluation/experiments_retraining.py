"""Does a refit on corrections help texts that it did not see, and how strongly should it be held?

Command: `.venv/bin/python -m evaluation.experiments_retraining` (a minute). Comes in: the held-out documents of
`models/review-iom-seeeca` and, where it is there, the development set of the measuring data. One half of a set plays
the corrections, with a verdict on every label; the other half is measured, over four ways to halve it. Goes out:
`evaluation/results/retraining.json`, figures only.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

import numpy as np

from stratmap.assembly import Desk
from stratmap.evaluating.tagging import load_items
from stratmap.files import atomic_write_text
from stratmap.index.features import Features
from stratmap.reviewing import adjusting
from stratmap.reviewing.adjusting import Fitting, logits_of
from stratmap.reviewing.corrections import Standing
from stratmap.reviewing.examples import Example, rows_of
from stratmap.reviewing.held_out import HeldOut, load_held_out
from stratmap.reviewing.measuring import held_out_figures
from stratmap.tagging.pooling import weights_of

ROOT = Path(__file__).resolve().parents[1]
DEV = ROOT.parent / "shared" / "datasets" / "tagging" / "dev.jsonl"
OUT = ROOT / "evaluation" / "results" / "retraining.json"
RIDGES, HALVINGS = (0.03, 0.1, 0.3, 1.0), 4


def main() -> None:
    """Measure and write."""
    desk = Desk()
    own = load_held_out(desk.framework, desk.shipped_name, desk.encoder.dim)
    sets = {"corpora/projects": own}
    if DEV.is_file():
        sets["dev"] = _dev(desk, own.anchors)
    results = {name: _grid(desk, found) for name, found in sets.items()}
    if "dev" in sets:
        results["corrections from dev, measured on corpora/projects"] = _across(desk, sets["dev"], own)
    atomic_write_text(OUT, json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


def _dev(desk: Desk, anchors: np.ndarray) -> HeldOut:
    documents, truth = load_items(DEV, desk.framework)
    features = []
    for read in desk.tagger.read_many(documents):
        lengths = np.array(weights_of(read.passages))
        logits = logits_of(read.seen.probabilities).astype(np.float32)
        spans = np.zeros((len(lengths), 3), dtype=np.int64)
        features.append(Features(read.document.name, "", read.seen.embeddings, logits, lengths, spans))
    return HeldOut(tuple(features), np.hstack([truth[group.id] for group in desk.framework.groups]), anchors)


def _grid(desk: Desk, found: HeldOut) -> dict[str, object]:
    chosen = adjusting._RIDGE
    table = {}
    for ridge in RIDGES:
        adjusting._RIDGE = ridge
        halves = [_halved(desk, found, seed) for seed in range(HALVINGS)]
        table[f"ridge {ridge}"] = {key: round(mean(half[1][key] for half in halves), 4) for key in halves[0][1]}
    adjusting._RIDGE = chosen
    shipped = [_halved(desk, found, seed)[0] for seed in range(HALVINGS)]
    before = {key: round(mean(half[key] for half in shipped), 4) for key in shipped[0]}
    return {"texts": len(found.features), "chosen": f"ridge {chosen}", "shipped": before} | table


def _halved(desk: Desk, found: HeldOut, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    order = np.random.default_rng(seed).permutation(len(found.features))
    half = len(order) // 2
    corrections, measured = (_part(found, part) for part in (order[:half], order[half:]))
    return _figures(desk, measured, None), _figures(desk, measured, corrections)


def _part(found: HeldOut, rows: Sequence[int]) -> HeldOut:
    return HeldOut(tuple(found.features[row] for row in rows), found.truth[list(rows)], found.anchors)


def _figures(desk: Desk, measured: HeldOut, corrections: HeldOut | None) -> dict[str, float]:
    labels = desk.shipped_model.labels
    adjustment = None
    if corrections is not None:
        examples = [
            Example(one, Standing({code: bool(true) for code, true in zip(labels, row, strict=True)}))
            for one, row in zip(corrections.features, corrections.truth, strict=True)
        ]
        rows = rows_of(examples, labels)
        assert rows is not None
        adjustment = Fitting(labels, rows, measured.anchors).fit()
    thresholds = np.asarray(desk.shipped_model.thresholds)
    found = held_out_figures(measured, adjustment, desk.framework, labels, thresholds)
    assert found is not None
    return {**{f"F1 {group}": value for group, value in found.f1.items()}, "log-loss": found.log_loss}


def _across(desk: Desk, corrections: HeldOut, measured: HeldOut) -> dict[str, object]:
    return {"shipped": _figures(desk, measured, None), "refit": _figures(desk, measured, corrections)}


if __name__ == "__main__":
    main()
