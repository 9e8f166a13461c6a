"""From the words of a command to documents: files, folders, lists and standard input."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stratmap.cli.show import complain, plain
from stratmap.errors import ReadingError, UsageError
from stratmap.reading import read_bytes, read_items
from stratmap.reading.folders import readable_files
from stratmap.records import Document, Unreadable
from stratmap.settings import ReadingSettings

STANDARD_INPUT = "-"


class Failures:
    """What could not be done, told at once on standard error."""

    def __init__(self) -> None:
        self.items: list[Unreadable] = []

    def add(self, item: Unreadable) -> None:
        """Keep and tell a failure."""
        self.items.append(item)
        complain(f"{item.source}: {item.reason}")

    def exit_code(self, done: int) -> int:
        """0 without failures, 3 where something was done, 1 where nothing was."""
        return 0 if not self.items else (3 if done else 1)


def documents_of(sources: list[str], settings: ReadingSettings, failures: Failures) -> Iterator[Document]:
    """Documents of files, folders (recursively), lists and `-`, in order; failures are told and skipped."""
    for source in sources:
        if source == STANDARD_INPUT:
            yield from _standard_input(settings, failures)
            continue
        for path in readable_files([Path(source)]):
            for item in _items(path, settings):
                if isinstance(item, Unreadable):
                    failures.add(item)
                else:
                    yield item


def _items(path: Path, settings: ReadingSettings) -> Iterator[Document | Unreadable]:
    """Documents of a file; of a zip archive or an IATI activities file one for each member or activity."""
    if path.suffix.lower() not in {".zip", ".xml"} or not path.is_file():
        yield from read_items(path, settings)
        return
    from stratmap.archive.items import open_item
    from stratmap.archive.sources import items_of

    for item in items_of(path, settings):
        try:
            yield Unreadable(item.key, item.skip) if item.skip else open_item(item, settings)
        except ReadingError as error:
            yield Unreadable(item.key, error.reason)


def _standard_input(settings: ReadingSettings, failures: Failures) -> Iterator[Document]:
    data = sys.stdin.buffer.read(settings.max_bytes + 1)
    try:
        yield read_bytes(data, "standard-input.txt" if not data.startswith(b"%PDF") else "standard-input", settings)
    except ReadingError as error:
        failures.add(Unreadable(STANDARD_INPUT, error.reason))


def need(values: list[str], what: str) -> list[str]:
    """The values, if there are any.

    Raises:
        UsageError: There are none.
    """
    if not values:
        raise UsageError(f"expected {what}, found none. See --help for examples.")
    return values


def counted(items: Iterable[Document], verb: str) -> Iterator[Document]:
    """The same items, with a count on standard error where that is a terminal and it takes over two seconds."""
    started = shown = time.monotonic()
    number = 0
    for number, item in enumerate(items, 1):
        yield item
        now = time.monotonic()
        if sys.stderr.isatty() and now - started > 2 and now - shown > 0.5:
            print(f"\r{verb} {number}: {plain(item.name)[:60]:<60}", end="", file=sys.stderr)
            shown = now
    if shown != started:
        print(f"\r{verb} {number}: done{'':<60}", file=sys.stderr)


def on_terminal(total_verb: str) -> Callable[[int, int, str], None] | None:
    """A progress printer for standard error, None where that is no terminal."""
    if not sys.stderr.isatty():
        return None
    return lambda done, total, name: print(
        f"\r{total_verb} {done + 1}/{total} {plain(name)[:60]:<60}",
        end="\n" if done + 1 == total else "",
        file=sys.stderr,
    )
