"""Items, outcomes and questions as JSON, in which they travel between machines.

Comes in: an `Item`, an `Outcome`, a `Print` or a `Known`. Goes out: a string, and the other way round; what comes back
equals what went in.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stratmap.archive.items import Item
from stratmap.archive.work import Known, Outcome, Print
from stratmap.records import Document, Language, Page, Unreadable


def item_to(item: Item) -> str:
    """An item as JSON; a name with bytes that UTF-8 cannot hold is kept."""
    ready: dict[str, Any] | None = None
    if item.ready is not None:
        kind = "unreadable" if isinstance(item.ready, Unreadable) else "document"
        ready = {"kind": kind, "value": asdict(item.ready)}
    value = {"key": item.key, "stamp": item.stamp, "path": str(item.path), "member": item.member, "ready": ready}
    return json.dumps(value, ensure_ascii=True)


def item_from(text: str) -> Item:
    """The item of a JSON text."""
    value = json.loads(text)
    return Item(value["key"], value["stamp"], Path(value["path"]), value["member"], _ready(value["ready"]))


def outcome_to(outcome: Outcome) -> str:
    """An outcome as JSON."""
    return json.dumps(asdict(outcome), ensure_ascii=True)


def outcome_from(text: str) -> Outcome:
    """The outcome of a JSON text."""
    return Outcome(**json.loads(text))


def print_to(found: Print) -> str:
    """What other documents are found by, as JSON."""
    return json.dumps(asdict(found), ensure_ascii=True)


def print_from(text: str) -> Print:
    """The print of a JSON text."""
    return Print(**json.loads(text))


def known_to(known: Known | None) -> str:
    """A finished document, or that there is none, as JSON."""
    return json.dumps(None if known is None else asdict(known), ensure_ascii=True)


def known_from(text: str) -> Known | None:
    """The finished document of a JSON text, if there is one."""
    value = json.loads(text)
    return None if value is None else Known(**value)


def _ready(ready: dict[str, Any] | None) -> Document | Unreadable | None:
    if ready is None:
        return None
    value = ready["value"]
    if ready["kind"] == "unreadable":
        return Unreadable(**value)
    return Document(
        value["doc_id"],
        value["name"],
        value["source"],
        tuple(Page(**page) for page in value["pages"]),
        Language(**value["language"]),
        value["title"],
        value["metadata"],
        tuple(value["warnings"]),
        tuple(value["empty_pages"]),
    )
