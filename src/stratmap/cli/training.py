"""`stratmap train`: annotated texts in, a head's folder out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from stratmap.assembly import Desk
from stratmap.settings import Settings


def run(items: Path, out: Path, framework: str, settings: Settings) -> int:
    """Train, write, and say how good it is on held-out folds; returns the exit code."""
    from stratmap.evaluating.tagging import load_items
    from stratmap.tagging.training import train_head

    desk = Desk(replace(settings, tagging=replace(settings.tagging, framework=framework)))
    documents, truth = load_items(items, desk.framework)
    columns = np.concatenate([truth[group.id] for group in desk.framework.groups], axis=1)
    passages = [(row, p.text) for row, document in enumerate(documents) for p in desk.tagger.passages(document)]
    figures = train_head(
        [text for _, text in passages], columns[[row for row, _ in passages]], desk.framework, desk.encoder, out
    )
    print(f"{figures.items} passages, {figures.labels} labels, held-out macro-F1 {figures.macro_f1:.3f}; head in {out}")
    if figures.too_few:
        print(f"too few examples, decided by their descriptions: {', '.join(figures.too_few)}")
    print(f'use it: [tagging] head = "{out}" in stratmap.toml')
    return 0
