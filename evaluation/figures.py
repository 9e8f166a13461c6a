"""Writes the README's table of figures from `evaluation/results/`: `python -m evaluation.figures`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from evaluation.provenance import RESULTS
from stratmap.files import atomic_write_text

README = Path("README.md")


def table() -> str:
    """The table: what, on which data, the figure, the command."""
    rows = ["| what | data | figure | command |", "|---|---|---|---|"]
    for name, what in (
        ("tagging", _tagging), ("deletion", _deletion), ("off-topic", _off_topic), ("encoder", _encoder), ("retrieval-benchmark", _beside), ("answers", _answers),
    ):  # fmt: skip
        path = RESULTS / f"{name}.json"
        if path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            source = content["provenance"]
            rows += [
                f"| {left} | {source['data']} | {right} | `{source['command']}` |"
                for left, right in what(content["figures"])
            ]
    return "\n".join(rows) + "\n"


def _tagging(figures: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            f"tagging, {group}",
            f"macro-F1 {value['macro_f1']:.3f} ({value['macro_f1_interval'][0]:.3f}–{value['macro_f1_interval'][1]:.3f}), "
            f"mAP {value['mean_average_precision']:.3f}, ECE {value['calibration_error']:.3f}; "
            f"{value['automatic']:.0%} applied unseen at precision {value['automatic_precision']:.2f}",
        )
        for group, value in figures.items()
    ]


def _deletion(figures: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            f"evidence, {name}",
            f"taking it out lowers the tag's probability by {value['all']['drop_by_evidence']:.2f}, as many other words at "
            f"random by {value['all']['drop_by_chance']:.2f} (difference {value['all']['difference']:.2f}, "
            f"{value['all']['interval'][0]:.2f}–{value['all']['interval'][1]:.2f}; {value['all']['tags']} tags)",
        )
        for name, value in figures.items()
    ]


def _off_topic(figures: dict[str, Any]) -> list[tuple[str, str]]:
    value = figures["objectives"]
    return [
        (
            "texts outside the field",
            f"{value['false_positive_rate']:.0%} ({value['interval'][0]:.0%}–{value['interval'][1]:.0%}) given an objective, "
            f"{value['applied_unseen']:.0%} without review",
        )
    ]


def _encoder(figures: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            "encoder against the original",
            f"cosine {figures['cosine_mean']:.3f} on {figures['abstracts']:,} abstracts, nDCG@10 "
            f"{figures['ndcg_10_shipped']:.3f} against {figures['ndcg_10_original']:.3f}",
        )
    ]


def _beside(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rows = []
    for name, value in figures.items():
        points = {system: measured["nDCG@10"] for system, measured in value["systems"].items()}
        peers = ", ".join(
            f"{system} {point:.3f}" for system, point in points.items() if not system.startswith("stratmap")
        )
        rows.append((f"search, {name}", f"nDCG@10 {points['stratmap']:.3f}; {peers}"))
    return rows


def _answers(figures: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (
            f"answers, {name}",
            f"right page cited first {value['cited_page_hit_at_1']:.0%}, answered {value['answerable_answered']:.0%} of the "
            f"answerable, refused {value['refusal_recall']:.0%} of the others, quotations verbatim "
            f"{value['quotations_verbatim']:.0%}",
        )
        for name, value in figures.items()
    ]


def write_section(name: str, content: str) -> None:
    """Put lines into the README, between `<!-- name -->` and `<!-- end of name -->`."""
    start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = README.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    atomic_write_text(README, before + start + content + end + after)


if __name__ == "__main__":
    write_section("figures", table())
