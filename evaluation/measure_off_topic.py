"""Texts outside the field: `python -m evaluation.measure_off_topic`.

How many of the illustrative texts in `evaluation/off_topic/`, none of which is about migration, are given an objective or
a principle; whole and by subject. Writes `evaluation/results/off-topic.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from evaluation.provenance import record
from stratmap.assembly import Desk
from stratmap.reading import read_text
from stratmap.records import TaggedDocument
from stratmap.settings import EncodingSettings, Settings

SNIPPETS = Path(__file__).parent / "off_topic" / "snippets.jsonl"
Z = 1.96


def interval(hits: int, of: int) -> list[float]:
    """Wilson's 95 % interval of a share.

    >>> [round(value, 3) for value in interval(0, 20)]
    [0.0, 0.161]
    """
    share, width = hits / of, Z**2 / of
    middle = (share + width / 2) / (1 + width)
    half = Z / (1 + width) * (share * (1 - share) / of + width / (4 * of)) ** 0.5
    return [max(0.0, middle - half), min(1.0, middle + half)]


def figures(tagged: Sequence[TaggedDocument], subjects: Sequence[str], group: str) -> dict[str, object]:
    """Share of texts that are given a label of a group, how many of these without review, by subject and by label."""
    wrong = [bool(one.applied(group)) for one in tagged]
    unseen = [any(tag.applied and not tag.review for tag in one.tags[group]) for one in tagged]
    labels = [code for one in tagged for code in one.applied(group)]
    return {
        "texts": len(tagged),
        "false_positive_rate": sum(wrong) / len(wrong),
        "interval": interval(sum(wrong), len(wrong)),
        "applied_unseen": sum(unseen) / len(unseen),
        "labels": {code: labels.count(code) for code in sorted(set(labels))},
        "subjects": {
            subject: f"{sum(w for w, s in zip(wrong, subjects, strict=True) if s == subject)} of {subjects.count(subject)}"
            for subject in dict.fromkeys(subjects)
        },
    }


def main() -> None:
    """Tag and record."""
    rows = [json.loads(line) for line in SNIPPETS.read_text(encoding="utf-8").splitlines()]
    desk = Desk(Settings(encoding=EncodingSettings(threads=1)))
    tagged = list(desk.tagger.tag_many(read_text(row["text"], str(row["id"])) for row in rows))
    subjects = [row["subject"] for row in rows]
    found: dict[str, object] = {group.id: figures(tagged, subjects, group.id) for group in desk.framework.groups}
    found["given"] = {
        row["id"]: [*one.applied("objectives"), *one.applied("principles")]
        for row, one in zip(rows, tagged, strict=True)
        if one.applied("objectives") or one.applied("principles")
    }
    command, data = "python -m evaluation.measure_off_topic", f"evaluation/off_topic, {len(rows)} texts (illustrative)"
    print(record("off-topic", found, command, data))
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
