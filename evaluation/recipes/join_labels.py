"""Turn readers' label lines into `corpora/annotated/unlabelled-labels.jsonl`: ids and labels, no text.

A line is `id|objectives|primary|principles|sure|`, as the labelling guide describes; `LANG` marks a text in
another language and is left out. Lines that do not follow the form are reported and left out.
Command: `.venv/bin/python -m evaluation.recipes.join_labels FILE...`
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from evaluation.recipes.tagging_data import ROOT

TARGET = ROOT / "corpora" / "annotated" / "unlabelled-labels.jsonl"


def parse_line(line: str) -> dict[str, object] | None:
    """One label line as a record, None for a text in another language.

    Raises:
        ValueError: The line does not follow the form.
    """
    parts = line.strip().split("|")
    if len(parts) > 1 and parts[1] == "LANG":
        return None
    if len(parts) < 5 or parts[4] not in {"0", "1", "2"}:
        raise ValueError(f"expected id|objectives|primary|principles|sure|, found {line!r}")
    objectives = [code for code in parts[1].split(",") if code]
    principles = [code for code in parts[3].split(",") if code]
    good = all(re.fullmatch("O[1-9]", c) for c in objectives) and all(re.fullmatch("P[1-6]", c) for c in principles)
    if not good or (parts[2] and parts[2] not in objectives):
        raise ValueError(f"expected codes O1-O9, P1-P6 and a primary among them, found {line!r}")
    return {
        "id": parts[0],
        "objectives": sorted(objectives),
        "primary": parts[2] or None,
        "principles": sorted(principles),
        "sure": int(parts[4]),
    }


def main(paths: Sequence[str]) -> None:
    """Join the files, the first reading of a text kept, and write the records in the order of their ids."""
    records: dict[str, dict[str, object]] = {}
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if not line.strip():
                continue
            try:
                record = parse_line(line)
            except ValueError as error:
                print(error, file=sys.stderr)
                continue
            if record is not None:
                records.setdefault(str(record["id"]), record)
    lines = [json.dumps(records[key]) for key in sorted(records)]
    TARGET.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} texts")


if __name__ == "__main__":
    main(sys.argv[1:])
