"""Write the tagger's model card, its reliability diagrams and the table of experiments from recorded figures.

Command: `.venv/bin/python -m evaluation.recipes.tagger_card` (after `evaluate_tagger`; it also takes in what
`evaluation.measure_off_topic` and `evaluation.deletion` recorded, where they did).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluation.recipes.evaluate_tagger import FOLDER, RESULT
from evaluation.recipes.tagging_data import LABELS, ROOT
from stratmap.artefacts import load_manifest
from stratmap.files import atomic_write_text
from stratmap.framework import load_framework
from stratmap.reporting.reliability import reliability_drawing
from stratmap.reporting.svg import as_svg

HALVES = ("objectives", "principles")
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
    body = []
    for code in LABELS:
        found = row["labels"][code]
        score = _span(found["f1"], found["f1_interval"])
        body.append([code, names[code], found["positives"], score, f"{found['ap']:.2f}"])
    return table(("label", "name", "positives", "F1", "AP"), body)


def _span(value: float, interval: Sequence[float]) -> str:
    return f"{value:.2f} ({interval[0]:.2f}–{interval[1]:.2f})"


def by_group(row: Mapping[str, Any]) -> str:
    """Micro-F1 of sources and lengths."""
    body = [
        [name, g["texts"], *(_span(g[f"micro_f1_{half}"], g[f"interval_{half}"]) for half in HALVES)]
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


def counts() -> dict[str, str]:
    """How many annotated texts the repository holds: by id alone, and written for it."""
    folder = ROOT / "corpora" / "annotated"

    def lines(pattern: str) -> int:
        return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.glob(pattern))

    return {"by_id": f"{lines('unlabelled-labels.jsonl'):,}", "own": f"{lines('hard-cases-*.jsonl'):,}"}


def diagrams(row: Mapping[str, Any], folders: Sequence[Path]) -> None:
    """One reliability diagram a half, written into each folder."""
    for half, found in row["reliability"].items():
        bins = [(b["probability"], b["observed"], b["pairs"]) for b in found]
        picture = as_svg(reliability_drawing(bins, f"Reliability on dev, {half} (ECE {row[f'ece_{half}']:.3f})"))
        for folder in folders:
            atomic_write_text(folder / f"reliability-{half}.svg", picture + "\n")


def recorded(name: str) -> Mapping[str, Any] | None:
    """The figures of a file in `evaluation/results/`; None where it was not made."""
    path = RESULT.with_name(f"{name}.json")
    if not path.is_file():
        return None
    figures: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def off_topic() -> str:
    """A sentence on texts outside the field."""
    found = recorded("off-topic")
    if found is None:
        return "Texts outside the field were not measured."
    objectives, principles = found["objectives"], found["principles"]
    low, high = objectives["interval"]
    return (
        f"Of {objectives['texts']} illustrative texts outside the field (`evaluation/off_topic/`) "
        f"{objectives['false_positive_rate']:.0%} ({low:.0%}–{high:.0%}) are given an objective and "
        f"{principles['false_positive_rate']:.0%} a principle; without review {objectives['applied_unseen']:.0%} and "
        f"{principles['applied_unseen']:.0%}."
    )


def evidence() -> str:
    """Sentences on the evidence: by deletion, and by reading."""
    found, lines = recorded("deletion"), []
    for name, sets in (found or {}).items():
        whole = sets["all"]
        low, high = whole["interval"]
        lines.append(
            f"Taking the evidence of a tag out of a document lowers its probability by {whole['drop_by_evidence']:.3f}, as many "
            f"other words at random by {whole['drop_by_chance']:.3f} ({name}, {whole['tags']} tags; difference "
            f"{whole['difference']:.3f}, {low:.3f}–{high:.3f})."
        )
    read = RESULT.with_name("evidence-read.jsonl")
    if read.is_file():
        verdicts = [json.loads(line)["after"] for line in read.read_text(encoding="utf-8").splitlines()]
        counts = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in ("good", "partly", "wrong"))
        lines.append(
            f"Of {len(verdicts)} best spans that were read: {counts} (`evaluation/results/evidence-read.jsonl`)."
        )
    return " ".join(lines) or "The evidence was not measured."


def main() -> None:
    """Write all files."""
    rows = json.loads(RESULT.read_text(encoding="utf-8"))
    shipped = rows[0]
    automatic = {key: f"{value:.2f}" for key, value in shipped["automatic"].items()}
    card = TEMPLATE.read_text(encoding="utf-8").format(
        overall=overall(rows),
        by_label=by_label(shipped),
        by_group=by_group(shipped),
        bins=bins(shipped),
        off_topic=off_topic(),
        evidence=evidence(),
        texts=f"{load_manifest(FOLDER, 'tagger').facts['texts']:,}",
        **counts(),
        **automatic,
    )
    diagrams(shipped, (FOLDER, ROOT / "docs"))
    (FOLDER / "MODEL_CARD.md").write_text(card, encoding="utf-8")
    tried = json.loads(EXPERIMENTS.read_text(encoding="utf-8"))
    body = [[t["what"], t["map"], t["f1"], t["verdict"], f"`{t['command']}`"] for t in tried["rows"]]
    text = f"# What was tried for the tagger\n\n{tried['note']}\n\n"
    text += table(("what", "mAP obj. / princ.", "F1 obj. / princ.", "verdict", "command"), body) + "\n"
    EXPERIMENTS.with_suffix(".md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
