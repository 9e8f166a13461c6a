"""The last generation that was committed, noted beside the database.

Comes in: a number after each commit. Goes out: the same, for `checks`. It decides nothing: the database alone is the
truth. But a database that is older than the note has lost commits (a deleted write-ahead log, an old backup), which
nothing within it can tell.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from stratmap.files import atomic_write_text

NAME = "head.json"


def note_head(folder: Path, generation: int) -> None:
    """Note a generation that is committed. A disk that refuses is no failure: the commit stands."""
    with contextlib.suppress(OSError):
        atomic_write_text(folder / NAME, json.dumps({"generation": generation}) + "\n")


def noted_head(folder: Path) -> int | None:
    """The generation last noted; None where there is no note that can be read."""
    try:
        value = json.loads((folder / NAME).read_text(encoding="utf-8"))["generation"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    return value if type(value) is int else None
