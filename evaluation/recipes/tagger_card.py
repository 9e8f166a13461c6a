"""Write the tagger's model card and the table of experiments from recorded figures.

Command: `.venv/bin/python -m evaluation.recipes.tagger_card` (after `evaluate_tagger`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.recipes.evaluate_tagger import FOLDER, RESULT
from evaluation.recipes.tagging_data import LABELS, ROOT
from stratmap.framework import load_framework

TEMPLATE = Path(__file__).with_name("tagger_card.md")
EXPERIMENTS = ROOT / "evaluation" / "results" / "tagging-experiments.json"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _with_interval(row: Mapping[str, Any], key: str) -> str:
    low, high = row["intervals"][key]
    return f"{row[key]:.3f} ({low:.3f}–{high:.3f})"


def overall(rows: Sequence[Mapping[str, Any]]) -> str:
    """Every tagger of the run."""
    keys = ("f1_objectives", "f1_principles", "map_objectives", "map_principles")
    head = ("tagger", "F1 objectives", "F1 principles", "mAP objectives", "mAP principles", "ECE")
    body = [
        [
            row["name"],
            *(_with_interval(row, key) for key in keys),
            f"{row['ece_objectives']:.3f} / {row['ece_principles']:.3f}",
        ]
        for row in rows
    ]
    return table(head, body)


def by_label(row: Mapping[str, Any]) -> str:
    """F1 and average precision of each label."""
    names = {label.code: label.name for label in load_framework("iom-seeeca").labels}
    body = [
        [c, names[c], row["labels"][c]["positives"], f"{row['labels'][c]['f1']:.2f}", f"{row['labels'][c]['ap']:.2f}"]
        for c in LABELS
    ]
    return table(("label", "name", "positives", "F1", "AP"), body)


def by_group(row: Mapping[str, Any]) -> str:
    """Micro-F1 of sources and lengths."""
    body = [
        [name, g["texts"], f"{g['micro_f1_objectives']:.2f}", f"{g['micro_f1_principles']:.2f}"]
        for name, g in row["groups"].items()
    ]
    return table(("source or length", "texts", "micro-F1 objectives", "micro-F1 principles"), body)


def bins(row: Mapping[str, Any]) -> str:
    """The reliability diagram as a table."""
    body = [
        [half, f"{b['probability']:.2f}", f"{b['observed']:.2f}", b["pairs"]]
        for half, found in row["reliability"].items()
        for b in found
    ]
    return table(("half", "mean probability", "observed share", "pairs"), body)


def main() -> None:
    """Write both files."""
    rows = json.loads(RESULT.read_text(encoding="utf-8"))
    shipped = rows[0]
    automatic = {key: f"{value:.2f}" for key, value in shipped["automatic"].items()}
    card = TEMPLATE.read_text(encoding="utf-8").format(
        overall=overall(rows), by_label=by_label(shipped), by_group=by_group(shipped), bins=bins(shipped), **automatic
    )
    (FOLDER / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    tried = json.loads(EXPERIMENTS.read_text(encoding="utf-8"))
    body = [[t["what"], t["map"], t["f1"], t["verdict"], f"`{t['command']}`"] for t in tried["rows"]]
    text = f"# What was tried for the tagger\n\n{tried['note']}\n\n"
    text += table(("what", "mAP obj. / princ.", "F1 obj. / princ.", "verdict", "command"), body) + "\n"
    EXPERIMENTS.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
