"""The door of the room: a path, bytes or a text comes in, a `Document` goes out.

It chooses the reader of the format, sets the limits, cleans the pages and identifies the language. It parses
nothing itself, takes no folder and no URL, and never makes a network request.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from stratmap.errors import LimitExceeded, ReadingError, UnsupportedFormat
from stratmap.reading import apart
from stratmap.reading.archive_guard import check_archive
from stratmap.reading.clean import clean_text, unwrap_lines
from stratmap.reading.detect import ARCHIVES, LISTS, detect_format
from stratmap.reading.extract import Extract, Row, cut_warning
from stratmap.reading.language import identify_language
from stratmap.records import Document, Page, Unreadable
from stratmap.settings import ReadingSettings

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:/|data:", re.I)


def read_document(path: Path, settings: ReadingSettings) -> Document:
    """Read one file as one document (a list becomes one text of all its rows).

    Args:
        path: A regular file, or a symbolic link to one.
        settings: Limits.

    Returns:
        The document with clean pages.

    Raises:
        ReadingError: The file cannot be read; the message names the file and the reason.
    """
    data = _load(path, settings)
    return _document(data, path.name, str(path), settings)


def read_bytes(data: bytes, name: str, settings: ReadingSettings) -> Document:
    """Read one document from memory, as of an upload.

    Raises:
        ReadingError: The content cannot be read.
    """
    check_size(len(data), name, settings)
    return _document(data, name, name, settings)


def read_text(text: str, name: str) -> Document:
    """Make a document of a text that is already at hand (pasted, standard input).

    Raises:
        LimitExceeded: The text is longer than the default `max_characters`.
    """
    return _build(Extract(((None, unwrap_lines(text)),)), name, name, ReadingSettings())


def read_items(path: Path, settings: ReadingSettings) -> Iterator[Document | Unreadable]:
    """Read every document of a file: each row of a list (CSV, XLSX, JSONL), else the one that it is.

    What cannot be read, a row or the whole file, comes as `Unreadable`; nothing is raised.
    """
    source = str(path)
    try:
        data = _load(path, settings)
        kind = detect_format(data, path.name)
        if kind not in LISTS:
            yield _document(data, path.name, source, settings)
            return
        for row in _rows(data, path.name, kind, settings):
            yield _item(row, path.name, source, settings)
    except ReadingError as error:
        yield Unreadable(source, error.reason)


def _load(path: Path, settings: ReadingSettings) -> bytes:
    """The bytes of a regular file within the size limit."""
    source = str(path)
    if _URL.match(source) and not path.drive:
        raise UnsupportedFormat(source, "expected a file, found an address; download it first (no requests are made).")
    try:
        # Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise ReadingError(source, _why(error)) from error
    except ValueError as error:
        raise ReadingError(source, "expected a file name, found one with a NUL character.") from error
    try:
        _check_regular(os.fstat(handle), source, settings)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(settings.max_bytes + 1)
    except OSError as error:
        raise ReadingError(source, _why(error)) from error
    finally:
        os.close(handle)
    check_size(len(data), source, settings)
    return data


def _check_regular(state: os.stat_result, source: str, settings: ReadingSettings) -> None:
    if stat.S_ISDIR(state.st_mode):
        raise ReadingError(source, "expected a file, found a folder.")
    if not stat.S_ISREG(state.st_mode):
        raise ReadingError(source, "expected a regular file, found a device, pipe or socket; not read.")
    check_size(state.st_size, source, settings)


def _why(error: OSError) -> str:
    known = {
        errno.ENOENT: "expected a file, found nothing under this name.",
        errno.ENOTDIR: "expected a file, found nothing under this name.",
        errno.EACCES: "expected a readable file, found one that this user may not open.",
        errno.ELOOP: "expected a file, found a symbolic link that leads to itself.",
        errno.ENAMETOOLONG: "expected a file, found a name longer than the system allows.",
        errno.EISDIR: "expected a file, found a folder.",
        errno.ENXIO: "expected a regular file, found a socket or pipe; not opened.",
    }
    return known.get(error.errno or 0, f"the system could not open it ({error.strerror or error}).")


def check_size(size: int, source: str, settings: ReadingSettings) -> None:
    """Refuse what is larger than the setting allows.

    Raises:
        LimitExceeded: It is.
    """
    if size > settings.max_bytes:
        raise LimitExceeded(
            source, f"expected at most {settings.max_bytes:,} bytes (setting max_bytes), found {size:,}."
        )


def _document(data: bytes, name: str, source: str, settings: ReadingSettings) -> Document:
    try:
        return _read(data, name, source, settings)
    except ReadingError as error:
        # Readers know the name only; the user knows the source.
        raise (error if error.source == source else type(error)(source, error.reason)) from error.__cause__


def _read(data: bytes, name: str, source: str, settings: ReadingSettings) -> Document:
    kind = detect_format(data, name)
    if kind in LISTS:
        texts = (row.text for row in _rows(data, name, kind, settings) if row.text)
        return _build(Extract(((None, "\n\n".join(texts)),)), name, source, settings)
    if kind in ARCHIVES:
        check_archive(data, name, settings)
    return _build(apart.extract(kind, data, name, settings), name, source, settings)


def _rows(data: bytes, name: str, kind: str, settings: ReadingSettings) -> Iterator[Row]:
    if kind == "xlsx":
        check_archive(data, name, settings)
    return apart.rows(kind, data, name, settings)


def _item(row: Row, name: str, source: str, settings: ReadingSettings) -> Document | Unreadable:
    where = f"{source}#{row.number}"
    if row.problem:
        return Unreadable(where, row.problem)
    extract = Extract(((None, row.text),), title=row.title, metadata=row.metadata)
    try:
        return _build(extract, row.identifier or f"{name}#{row.number}", where, settings)
    except ReadingError as error:
        return Unreadable(where, error.reason)


def _build(extract: Extract, name: str, source: str, settings: ReadingSettings) -> Document:
    """Clean the pages, apply the limits on text, and put the document together."""
    total = sum(len(text) for _, text in extract.pages)
    if total > settings.max_characters:
        limit = f"{settings.max_characters:,} characters (setting max_characters)"
        raise LimitExceeded(source, f"expected at most {limit}, found {total:,}.")
    warnings = list(extract.warnings)
    pages: list[Page] = []
    offset = 0
    for index, (number, raw) in enumerate(extract.pages):
        text = clean_text(raw)
        if number is not None and len(text) > settings.max_page_characters:
            text = text[: settings.max_page_characters].rstrip()
            warnings.append(cut_warning(index + 1, settings))
        pages.append(Page(number, text, offset))
        offset += len(text) + 1
    empty = tuple(page.number for page in pages if page.number is not None and not page.text.strip())
    warnings += _empty_warnings(pages, empty, extract.paged)
    text = "\f".join(page.text for page in pages)
    return Document(
        doc_id=text_id(text),
        name=name,
        source=source,
        pages=tuple(pages),
        language=identify_language(text),
        title=clean_text(extract.title).replace("\n", " ")[:300],
        metadata=extract.metadata,
        warnings=tuple(warnings),
        empty_pages=empty if extract.paged else (),
    )


def text_id(text: str) -> str:
    """The id of a document with this text, and of no other."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def _empty_warnings(pages: list[Page], empty: tuple[int, ...], paged: bool) -> list[str]:
    if not any(page.text for page in pages) and not (paged and empty):
        return ["no text found"]
    if not (paged and empty):
        return []
    listed = ("page " if len(empty) == 1 else "pages ") + number_ranges(empty)
    return [f"no text on {listed} of {len(pages)}: scanned? Only text that can be selected is read"]


def number_ranges(numbers: tuple[int, ...]) -> str:
    """Page numbers as people write them.

    >>> number_ranges((2, 5, 6, 7, 9))
    '2, 5-7, 9'
    """
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)
