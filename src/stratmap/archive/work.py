"""The work on one item, the same in this process and in a worker: read, look for a twin, tag.

Comes in: an item and a tagger. Goes out: an `Outcome` that the journal can keep. Nothing is raised for a bad
document; what a tagger raises is a failed try.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from stratmap.archive.copies import carried_over
from stratmap.archive.items import Item, open_item, twin_key
from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded, ReadingError, UnsupportedFormat
from stratmap.reading.facts import facts_of
from stratmap.reading.near import signature
from stratmap.records import Document, TaggedDocument, Unreadable
from stratmap.reporting.characters import utf8_safe
from stratmap.reporting.jsonlines import as_dict, as_line
from stratmap.reporting.masking import mask_name, mask_with_names, masked_tags
from stratmap.settings import Settings


@dataclass(frozen=True, slots=True)
class Print:
    """By what other documents like one are found.

    Attributes:
        key: The item.
        twin: Equal for documents that a tagger cannot tell apart.
        signature: Alike for documents that say nearly the same.
    """

    key: str
    twin: str
    signature: str


@dataclass(frozen=True, slots=True)
class Known:
    """A finished document like the one in hand.

    Attributes:
        result: Its line of the results.
        warnings: Its own warnings, as JSON.
        origin: The item it is, where the one in hand says nearly the same as that one.
        exact: Whether no tagger can tell the two apart.
    """

    result: str
    warnings: str
    origin: str = ""
    exact: bool = False


Tag: TypeAlias = Callable[[Document], TaggedDocument]
FindTwin: TypeAlias = Callable[[Print], Known | None]

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
        signature: Alike for documents that say nearly the same.
        origin: An earlier item that says nearly the same; its tags were taken over if they fit (`copied`).
    """

    result: str = ""
    twin: str = ""
    warnings: str = "[]"
    pages: int = 0
    reason: str = ""
    final: bool = False
    copied: bool = False
    signature: str = ""
    origin: str = ""


def work(item: Item, tag: Tag, find_twin: FindTwin, settings: Settings) -> Outcome:
    """Try one item; with personal data covered where the settings ask for it.

    Args:
        item: What to tag.
        tag: The tagger.
        find_twin: Gives a finished document like the one in hand, or None.
        settings: Limits of reading, and whether results are covered.
    """
    covered = settings.privacy.mask_exports
    try:
        document = open_item(item, settings.reading)
        found = Print(item.key, twin_key(document), signature(document.text))
        known = find_twin(found)
        copied = copy_of(known, document, found, covered) if known else None
        if copied is not None:
            return copied
        tagged = tag(document)
        own = _outcome(as_dict(masked_tags(tagged) if covered else tagged), [], document, found, covered=covered)
        return replace(own, origin=known.origin) if known else own
    except ReadingError as error:
        return Outcome(reason=error.reason, final=isinstance(error, _FINAL) or isinstance(item.ready, Unreadable))
    except Exception as error:  # one document must never end a run of thousands, whatever a tagger raises
        detail = " ".join(str(error).split())[:300]
        return Outcome(reason=utf8_safe(f"{type(error).__name__}: {detail}" if detail else type(error).__name__))


def copy_of(known: Known, document: Document, found: Print, covered: bool = False) -> Outcome | None:
    """The tags of a finished document for one like it; None where they do not carry over."""
    value = json.loads(known.result)
    if not known.exact:
        value = carried_over(value, document, covered=covered)
        if value is None:
            return None
    return _outcome(value, json.loads(known.warnings), document, found, known, covered=covered)


def _outcome(
    value: dict[str, Any],
    theirs: list[str],
    document: Document,
    found: Print,
    known: Known | None = None,
    *,
    covered: bool = False,
) -> Outcome:
    own = [mask_with_names(one) if covered else one for one in map(utf8_safe, document.warnings)]
    value = {**value, **_facts(document, covered), "warnings": _warnings(own, value["warnings"], theirs)}
    return Outcome(
        result=utf8_safe(as_line(value)),
        twin=found.twin,
        warnings=json.dumps(own, ensure_ascii=False),
        pages=len(document.pages),
        copied=known is not None,
        signature=found.signature,
        origin=known.origin if known else "",
    )


def _facts(document: Document, covered: bool) -> dict[str, Any]:
    facts = facts_of(document)
    name, source = utf8_safe(document.name), utf8_safe(document.source)
    return {
        "document": mask_name(name) if covered else name,
        "source": mask_name(source) if covered else source,
        "title": mask_with_names(document.title) if covered else document.title,
        "countries": list(facts.countries),
        "year": facts.year,
    }


def _warnings(ours: list[str], told: list[str], theirs: list[str]) -> list[str]:
    """The document's own warnings, then the tagger's; those of a twin's document are left out.

    One order for both ways to a line, so that it does not matter which of two twins came first.
    """
    return ours + [one for one in told if one not in {*theirs, *ours}]
