"""`stratmap index`: adding documents, and looking after the folder."""

from __future__ import annotations

import json
from pathlib import Path

from stratmap.assembly import Desk
from stratmap.cli.inputs import on_terminal
from stratmap.cli.show import complain
from stratmap.errors import UsageError
from stratmap.settings import Settings

VERBS = ("compact", "verify", "delete", "rollback")


def run(words: list[str], folder: Path, settings: Settings, as_json: bool) -> int:
    """Add documents or do what the first word says; returns the exit code."""
    desk = Desk(settings, folder)
    if words[0] in VERBS and not Path(words[0]).exists():
        return _maintain(words[0], words[1:], desk)
    done = desk.add([Path(word) for word in words], on_terminal("indexing"))
    for item in done.failed:
        complain(f"{item.source}: {item.reason}")
    total = len(desk.documents())
    if as_json:
        failed = [{"source": item.source, "reason": item.reason} for item in done.failed]
        print(json.dumps({"added": done.added, "unchanged": done.unchanged, "failed": failed, "documents": total}))
    else:
        print(
            f"{done.added} added or updated, {done.unchanged} unchanged, {len(done.failed)} failed; "
            f"{total} documents, {len(desk.index)} passages in {folder}"
        )
    return 0 if not done.failed else (3 if done.added or done.unchanged else 1)


def _maintain(verb: str, words: list[str], desk: Desk) -> int:
    index = desk.index
    if verb == "verify":
        problems = index.verify()
        print("\n".join(problems) or f"sound: generation {index.generation}, {len(index.documents())} documents")
        return 1 if problems else 0
    if verb == "compact":
        print(f"{index.compact()} deleted or replaced documents removed from the disk")
    elif verb == "delete":
        deleted = index.delete(words)
        print(f"{deleted} documents deleted; `stratmap index compact` removes their text from the disk")
        return 0 if deleted else 1
    else:
        if len(words) != 1 or not words[0].isdigit():
            raise UsageError(
                f"expected the number of a generation (now {index.generation}), found {' '.join(words)!r}."
            )
        index.rollback(int(words[0]))
        print(f"back to generation {words[0]}, as generation {index.generation}")
    return 0
