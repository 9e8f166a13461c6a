"""Writes the figures of the README's section "Reliability" from `evaluation/results/`: `python -m evaluation.reliability`."""

from __future__ import annotations

import json

from evaluation.figures import write_section
from evaluation.provenance import RESULTS


def table() -> str:
    """The table: what was done, how often, what was lost, the command, the date."""
    rows = ["| proof | figure | lost | command, date |", "|---|---|---|---|"]
    for name, what in (("faults", _faults), ("soak", _soak)):
        path = RESULTS / f"{name}.json"
        if path.is_file():
            content = json.loads(path.read_text(encoding="utf-8"))
            figures, source = content["figures"], content["provenance"]
            rows.append(f"| {what(figures)} | {figures['lost']} | `{source['command']}`, {source['date']} |")
    return "\n".join(rows) + "\n"


def _faults(figures: dict[str, float]) -> str:
    share = "every call" if figures["share"] == 1 else f"{figures['share']:.1%} of the calls"
    return (
        f"fifteen operations struck at {share} to the disk | {figures['points']:,} strikes: {figures['killed']:,} killed, "
        f"{figures['refused']:,} refused, {figures['returned']:,} got through; {figures['old']:,} times the old state, "
        f"{figures['new']:,} times the new one"
    )


def _soak(figures: dict[str, float]) -> str:
    return (
        f"mixed work with random kills for {figures['seconds'] / 60:.0f} minutes | {figures['operations']:,} operations, "
        f"{figures['kills']:,} kills, {figures['recoveries']:,} recoveries"
    )


if __name__ == "__main__":
    write_section("reliability", table())
