"""Documents that say nearly the same have the tags of the first of them, in whatever order they were worked on.

Comes in: the journal of a run in which all work is done. Goes out: the same, so that results depend on the input
alone: with several jobs, or after a crash, a document may be tagged before the one that it is a copy of. It tags
nothing itself; what has to be tagged is set to waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stratmap.archive.items import Item, open_item, twin_key
from stratmap.archive.journal import Entry, Journal
from stratmap.archive.sources import items_of
from stratmap.archive.work import Print, copy_of
from stratmap.errors import ReadingError
from stratmap.settings import Settings


def settle(journal: Journal, files: Iterable[Path], settings: Settings) -> bool:
    """Correct what was worked on out of order; whether something has to be tagged again.

    One transaction: a crash leaves all of it to the next run.
    """
    if journal.settled():
        return False
    moved = _moved(journal, settings.tagging.near_duplicates)
    again = False
    if moved:
        for path in files:
            for item in items_of(path, settings.reading):
                origin = moved.pop(item.key, None)
                if origin is not None and not _corrected(journal, item, origin, settings):
                    journal.undo(item.key)
                    again = True
            if not moved:
                break
        for key in moved:  # files that have gone meanwhile
            journal.undo(key)
    journal.settled(note=True)
    return again


def _moved(journal: Journal, least: float) -> dict[str, str]:
    """The items whose first near twin is another one than noted, with that one ("" where there is none)."""
    moved: dict[str, str] = {}
    for key in journal.done_keys():
        entry = journal.entry(key)
        first = journal.near(key, entry.signature, least)
        origin = first.key if first else ""
        if origin != entry.origin:
            journal.assign(key, origin)
            moved[key] = origin
    return moved


def _corrected(journal: Journal, item: Item, origin: str, settings: Settings) -> bool:
    """Give an item the tags of its origin where they fit; whether its result now is what it has to be."""
    entry = journal.entry(item.key)
    if origin and journal.entry(origin).state != "done":  # it is done again itself, and this one after it
        return False
    if origin and _copied(journal, item, journal.entry(origin), entry, settings):
        return True
    return not entry.copied  # tags of its own are right where those of the origin do not fit


def _copied(journal: Journal, item: Item, first: Entry, entry: Entry, settings: Settings) -> bool:
    try:
        document = open_item(item, settings.reading)
    except ReadingError:
        return False
    found = Print(item.key, twin_key(document), entry.signature)
    outcome = copy_of(first.known(found), document, found, settings.privacy.mask_exports)
    if outcome is None:
        return False
    journal.keep(item.key, outcome)
    return True
