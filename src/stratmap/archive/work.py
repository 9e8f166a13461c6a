"""The work on one item, the same in this process and in a worker: read, look for a twin, tag.

Comes in: an item and a tagger. Goes out: an `Outcome` that the journal can keep. Nothing is raised for a bad
document; what a tagger raises is a failed try.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from stratmap.archive.items import Item, open_item, twin_key
from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded, ReadingError, UnsupportedFormat
from stratmap.reading.facts import facts_of
from stratmap.records import Document, TaggedDocument, Unreadable
from stratmap.reporting.characters import utf8_safe
from stratmap.reporting.jsonlines import as_dict, as_line
from stratmap.settings import ReadingSettings

Tag: TypeAlias = Callable[[Document], TaggedDocument]
FindTwin: TypeAlias = Callable[[str], tuple[str, str] | None]

# What no second try will change.
_FINAL = (UnsupportedFormat, EncryptedDocument, LimitExceeded, DamagedDocument)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try.

    Attributes:
        result: The line of the results as JSON, or "" for a failure.
        twin: The key of documents that a tagger cannot tell from this one.
        warnings: The document's own warnings, as JSON.
        pages: Its pages.
        reason: Why it failed, or "".
        final: Whether another try would fail the same way.
        copied: Whether the tags are those of a twin.
    """

    result: str = ""
    twin: str = ""
    warnings: str = "[]"
    pages: int = 0
    reason: str = ""
    final: bool = False
    copied: bool = False


def work(item: Item, tag: Tag, find_twin: FindTwin, settings: ReadingSettings) -> Outcome:
    """Try one item.

    Args:
        item: What to tag.
        tag: The tagger.
        find_twin: Gives (result, warnings) of a finished twin, both JSON, or None.
        settings: Limits of reading.
    """
    try:
        document = open_item(item, settings)
        twin = twin_key(document)
        found = find_twin(twin)
        value = json.loads(found[0]) if found else as_dict(tag(document))
        theirs = json.loads(found[1]) if found else []
        value = {**value, **_facts(document), "warnings": _warnings(document, value["warnings"], theirs)}
        warnings = json.dumps([utf8_safe(one) for one in document.warnings], ensure_ascii=False)
        return Outcome(utf8_safe(as_line(value)), twin, warnings, len(document.pages), copied=found is not None)
    except ReadingError as error:
        return Outcome(reason=error.reason, final=isinstance(error, _FINAL) or isinstance(item.ready, Unreadable))
    except Exception as error:  # one document must never end a run of thousands, whatever a tagger raises
        detail = " ".join(str(error).split())[:300]
        return Outcome(reason=utf8_safe(f"{type(error).__name__}: {detail}" if detail else type(error).__name__))


def _facts(document: Document) -> dict[str, Any]:
    facts = facts_of(document)
    return {
        "document": utf8_safe(document.name),
        "source": utf8_safe(document.source),
        "title": document.title,
        "countries": list(facts.countries),
        "year": facts.year,
    }


def _warnings(document: Document, told: list[str], theirs: list[str]) -> list[str]:
    """The document's own warnings, then the tagger's; those of a twin's document are left out.

    One order for both ways to a line, so that it does not matter which of two twins came first.
    """
    ours = [utf8_safe(one) for one in document.warnings]
    return ours + [one for one in told if one not in {*theirs, *ours}]
