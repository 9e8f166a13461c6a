"""The results of a run: written once from the journal, and read again by whoever reports on them.

Comes in: the journal. Goes out: `tags.jsonl` and `failed.jsonl`, in input order, streamed and moved into place
whole; and results one at a time. What is written depends on the items alone, not on the order of the work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stratmap.archive.journal import Entry, Journal
from stratmap.errors import ExportError
from stratmap.files import atomic_write_parts
from stratmap.records import TaggedDocument
from stratmap.reporting.characters import utf8_safe
from stratmap.reporting.coverage_records import CoveredDocument
from stratmap.reporting.jsonlines import as_line, from_dict
from stratmap.reporting.masking import mask_name, mask_with_names

TAGS, FAILED = "tags.jsonl", "failed.jsonl"


@dataclass(frozen=True, slots=True)
class Result:
    """One line of `tags.jsonl`.

    `duplicate_of` names an earlier document with the same text, `near_duplicate_of` one that says nearly the same;
    or they are "".
    """

    tagged: TaggedDocument
    source: str
    title: str
    countries: tuple[str, ...]
    year: int | None
    duplicate_of: str
    near_duplicate_of: str = ""

    def covered(self) -> CoveredDocument:
        """As coverage counts it."""
        covered = CoveredDocument.from_tagged(self.tagged, self.countries, self.year)
        return replace(covered, source=self.source, near=self.near_duplicate_of)


def write_results(journal: Journal, out: Path, *, covered: bool = False) -> None:
    """Write both lists from the journal; its results are covered already where `covered` says so, its keys never."""
    _write_lines(out / TAGS, _tag_lines(journal, covered))
    listed = (one for state in ("failed", "skipped") for one in journal.entries(state))
    _write_lines(out / FAILED, (_failure(one, covered) for one in listed))


def read_results(out: Path) -> Iterator[Result]:
    """The results of a folder in input order, one at a time.

    Raises:
        ExportError: The folder holds no results, or a line is none.
    """
    path = out / TAGS
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                yield _result(line, f"{path} line {number}")
    except OSError as error:
        raise ExportError(f"{path}: expected the results of a run ({error.strerror}).") from error


def _tag_lines(journal: Journal, covered: bool) -> Iterator[str]:
    first: dict[str, str] = {}
    for entry in journal.entries("done"):
        value = json.loads(entry.result)
        earlier = first.setdefault(value["doc_id"], value["source"])
        if earlier != value["source"]:
            value["duplicate_of"] = earlier
        elif entry.origin:
            value["near_duplicate_of"] = mask_name(entry.origin) if covered else entry.origin
        yield as_line(value)


def _result(line: str, where: str) -> Result:
    try:
        value = json.loads(line)
        return Result(
            from_dict(value),
            str(value.get("source", value["document"])),
            str(value.get("title", "")),
            tuple(value.get("countries", ())),
            value.get("year"),
            str(value.get("duplicate_of", "")),
            str(value.get("near_duplicate_of", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ExportError(f"{where}: expected a result of `stratmap tag` ({error}).") from error


def _failure(entry: Entry, covered: bool) -> str:
    source, reason = utf8_safe(entry.key), utf8_safe(entry.reason)
    if covered:
        source, reason = mask_name(source), mask_with_names(reason)
    value: dict[str, Any] = {"source": source, "reason": reason, "tries": entry.tries}
    return as_line(value | ({"skipped": True} if entry.state == "skipped" else {}))


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    atomic_write_parts(path, (line.encode("utf-8") + b"\n" for line in lines))
