"""`stratmap index`: adding documents, and looking after the folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stratmap.assembly import Desk
from stratmap.cli.inputs import need, on_terminal
from stratmap.cli.show import complain
from stratmap.errors import UsageError
from stratmap.settings import Settings

VERBS = ("compact", "verify", "delete", "rollback", "export", "import", "sync")


def run(words: list[str], folder: Path, settings: Settings, as_json: bool) -> int:
    """Add documents or do what the first word says; returns the exit code."""
    desk = Desk(settings, folder)
    if words[0] in VERBS and not Path(words[0]).exists():
        return _maintain(words[0], words[1:], desk, as_json)
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


def _maintain(verb: str, words: list[str], desk: Desk, as_json: bool) -> int:
    if verb in {"export", "import"}:
        return _carry(verb, words, desk, as_json)
    index = desk.index
    if verb == "sync":
        sent = _sync(desk)
        _say(as_json, {"sent": sent, "documents": len(desk.documents())}, f"{sent} documents sent; Milvus holds all")
        return 0
    if verb == "verify":
        return _verify(desk, as_json)
    if verb == "compact":
        removed = index.compact()
        _say(as_json, {"removed": removed}, f"{removed} deleted or replaced documents removed from the disk")
    elif verb == "delete":
        deleted = index.delete(need(words, "documents to delete"))
        _say(
            as_json,
            {"deleted": deleted},
            f"{deleted} documents deleted; `stratmap index compact` removes their text from the disk",
        )
        return 0 if deleted else 1
    else:
        if len(words) != 1 or not words[0].isdigit():
            raise UsageError(
                f"expected the number of a generation (now {index.generation}), found {' '.join(words)!r}."
            )
        index.rollback(int(words[0]))
        now = {"generation": index.generation, "as": int(words[0])}
        _say(as_json, now, f"back to generation {words[0]}, as generation {index.generation}")
    return 0


def _verify(desk: Desk, as_json: bool) -> int:
    problems = desk.index.verify()
    facts = {"problems": problems, "generation": desk.index.generation}
    if not problems:
        facts["documents"] = len(desk.index.documents())
    sound = f"sound: generation {facts['generation']}, {facts.get('documents')} documents"
    _say(as_json, facts, "\n".join(problems) or sound)
    return 1 if problems else 0


def _carry(verb: str, words: list[str], desk: Desk, as_json: bool) -> int:
    """Export to a carrier, or import from one: a folder that another machine or kind of index takes."""
    from stratmap.index.transfer import carried, export_index, import_index

    folder = desk.index_folder
    if len(words) != 1 or folder is None:
        raise UsageError(f"expected the folder of the carrier, found {' '.join(words)!r}.")
    carrier = Path(words[0])
    if verb == "export":
        contents = export_index(folder, carrier)
    else:
        carried(carrier, desk.encoder.name, desk.encoder.fingerprint)
        contents = import_index(carrier, folder)
        if desk.settings.index.backend == "milvus":
            _sync(desk)
    facts = {
        "generation": contents.generation,
        "documents": contents.documents,
        "passages": contents.passages,
        "parts": len(contents.parts),
        "rows": {name: rows for name, (_, _, rows) in contents.tables.items()},
    }
    both = f"{contents.documents} documents and {contents.passages} passages of generation {contents.generation}"
    place = f"carried to {carrier}" if verb == "export" else f"imported into {folder}"
    _say(as_json, facts, f"{both} {place}, deleted and replaced ones of kept generations among them")
    return 0


def _sync(desk: Desk) -> int:
    """Send Milvus what it lacks; returns how many documents were sent.

    Raises:
        UsageError: The index does not search in Milvus.
    """
    from stratmap.milvus import MilvusIndex

    index = desk.index
    if not isinstance(index, MilvusIndex):
        raise UsageError('expected backend = "milvus" under [index] of stratmap.toml: only Milvus has to be sent to.')
    shown = on_terminal("sending")
    return index.catch_up((lambda done, total: shown(done - 1, total, "")) if shown else None)


def _say(as_json: bool, facts: dict[str, Any], sentence: str) -> None:
    print(json.dumps(facts, ensure_ascii=False) if as_json else sentence)
