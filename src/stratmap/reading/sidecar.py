"""`labels.csv` beside files states facts about them.

Comes in: a document and its path. Goes out: the document with what the list says of its file: country, year, labels,
a title where it has none. It judges nothing.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from stratmap.records import Document

SIDECAR = "labels.csv"


def with_sidecar(document: Document, path: Path) -> Document:
    """A document with the facts that `labels.csv` beside its file states about it."""
    sidecar = path.parent / SIDECAR
    if not sidecar.is_file():
        return document
    try:
        state = sidecar.stat()
        row = _rows(sidecar, state.st_mtime_ns, state.st_size).get(path.name)
    except (OSError, UnicodeDecodeError, csv.Error):
        warning = f"{SIDECAR} beside the file could not be read; it is expected as CSV in UTF-8"
        return replace(document, warnings=(*document.warnings, warning))
    if row is None:
        return document
    facts = {k: v for k, v in row.items() if k not in {"file", "title", None} and v is not None}
    title = document.title or row.get("title") or ""
    return replace(document, metadata={**document.metadata, **facts}, title=title)


@lru_cache(maxsize=8)
def _rows(sidecar: Path, changed_ns: int, size: int) -> dict[str, dict[str, str]]:  # noqa: ARG001 - they tell states apart
    """The first row of each file; read once for all files beside the list, and again when it has changed."""
    with open(sidecar, encoding="utf-8-sig", newline="") as file:
        rows: dict[str, dict[str, str]] = {}
        for row in csv.DictReader(file):
            if (name := row.get("file")) is not None:
                rows.setdefault(name, row)
    return rows
