"""From what a user names to items: files, folders, globs, zip archives, lists, IATI files.

Comes in: paths. Goes out: items one after the other, always in the same order. Nothing is skipped in silence but
hidden files, folders with a file `.noindex`, lists of labels beside documents, and the run's own output; what cannot be
read becomes an item that fails with its reason, pictures and sound one that is left out with a note.
"""

from __future__ import annotations

import glob
import os
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from stratmap.archive.items import Item, read_member
from stratmap.errors import ReadingError, UsageError
from stratmap.reading import read_items, read_text
from stratmap.reading.countries import country_of_code
from stratmap.reading.documents import check_size
from stratmap.reading.folders import files_below
from stratmap.reading.sidecar import SIDECAR
from stratmap.records import Document, Unreadable
from stratmap.reporting.iati import Activity, read_activities
from stratmap.reporting.iati_scan import looks_like_iati
from stratmap.settings import ReadingSettings

_LISTS = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".jsonl", ".ndjson"})
HEAD = 8_192  # bytes that tell IATI activities from other XML
_NO_TEXT = {
    "a picture": {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".svg", ".heic", ".ico", ".psd"},
    "sound or film": {".mp3", ".wav", ".m4a", ".ogg", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".wmv"},
    "a font or style": {".ttf", ".otf", ".woff", ".woff2", ".css"},
}


def find_files(paths: Iterable[Path | str], out: Path) -> list[Path]:
    """The files that paths name, each once: files as named, folders and globs sorted by name.

    Args:
        paths: Files, folders, or patterns with `*`, `?` or `[`.
        out: The folder of results, which is left out wherever it lies.

    Raises:
        UsageError: A path or pattern names nothing.
    """
    found: dict[Path, None] = {}
    for name in paths:
        path = Path(name)
        if path.is_dir():
            found.update(dict.fromkeys(_walk(path, out)))
        elif path.exists() or not glob.has_magic(str(name)):
            if not os.path.lexists(path):
                raise UsageError(f"{name}: expected a file, a folder or a pattern, found nothing of this name.")
            found[path] = None
        else:
            matches = sorted(Path(match) for match in glob.glob(str(name), recursive=True))
            if not matches:
                raise UsageError(f"{name}: expected a pattern that fits some file, found none.")
            for match in matches:
                found.update(dict.fromkeys(_walk(match, out) if match.is_dir() else [match]))
    return list(found)


def items_of(path: Path, settings: ReadingSettings) -> Iterator[Item]:
    """The items of one file: its members, rows or activities, else the one that it is."""
    for item in _items_of(path, settings):
        # Names in another encoding than the system's come with surrogates, which no database or file takes.
        yield replace(item, key=item.key.encode("utf-8", "backslashreplace").decode("utf-8"))


def _items_of(path: Path, settings: ReadingSettings) -> Iterator[Item]:
    suffix = path.suffix.lower()
    note = _left_out(path.name)
    try:
        if note:
            yield Item(str(path), "left out", path, skip=note)
        elif path.is_dir():
            yield _failed(str(path), "the folder cannot be opened; may this user read it?", path)
        elif suffix == ".zip":
            yield from _members(path, _stamp(path), settings)
        elif suffix in _LISTS:
            yield from _rows(path, str(path), settings)
        elif suffix == ".xml" and looks_like_iati(head_of(path)):
            yield from _activities(_whole(path, settings), path, str(path))
        else:
            yield Item(str(path), _stamp(path) + _sidecar_stamp(path.parent), path)
    except ReadingError as error:
        yield _failed(str(path), error.reason, path)
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        yield _failed(str(path), f"cannot be opened ({error}).", path)


def estimate(path: Path) -> int:
    """About how many items a file holds, found without parsing; for the progress only."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return sum(not _ignored(name) for name in archive.namelist())
        if suffix in {".csv", ".tsv", ".jsonl", ".ndjson"}:
            return max(1, _count(path, b"\n"))
        if suffix == ".xml":
            return max(1, _count(path, b"</iati-activity>"))
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return 1
    return 1


def _walk(folder: Path, out: Path) -> Iterator[Path]:
    errors: list[OSError] = []
    found = list(files_below(folder, _hidden, out.resolve(), errors.append))
    found += [Path(str(error.filename)) for error in errors]  # they fail later, with their reason
    yield from sorted(found, key=lambda path: path.as_posix())


def _hidden(name: str) -> bool:
    """Files of the system or of an open editor (`~$report.docx`)."""
    return name.startswith((".", "~$")) or name.lower() in {"thumbs.db", "desktop.ini", "__macosx"}


def _ignored(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return member.endswith("/") or any(_hidden(part) for part in parts if part not in {"", ".", ".."})


def _stamp(path: Path) -> str:
    """Size and time of change; a device or pipe is not opened, and fails later with its reason."""
    state = path.stat()
    return f"{state.st_size}-{state.st_mtime_ns}" if stat.S_ISREG(state.st_mode) else "no file"


def _sidecar_stamp(folder: Path) -> str:
    """Changes when the facts that a list states about the files beside it may have."""
    try:
        state = (folder / SIDECAR).stat()
    except OSError:
        return ""
    return f"-{state.st_size}-{state.st_mtime_ns}"


def _left_out(name: str) -> str:
    """Why a file is not tried: a sentence, or ""."""
    suffix = PurePosixPath(name).suffix.lower()
    what = next((what for what, suffixes in _NO_TEXT.items() if suffix in suffixes), "")
    return f"left out: {what}, in which there is no text to read." if what else ""


def head_of(path: Path) -> bytes:
    """The first bytes of a file."""
    with open(path, "rb") as file:
        return file.read(HEAD)


def _whole(path: Path, settings: ReadingSettings) -> bytes:
    check_size(path.stat().st_size, str(path), settings)
    return path.read_bytes()


def _count(path: Path, mark: bytes) -> int:
    total, rest = 0, b""
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            total += (rest + block).count(mark)
            rest = block[1 - len(mark) :] if len(mark) > 1 else b""
    return total


def _failed(key: str, reason: str, path: Path) -> Item:
    return Item(key, "unreadable", path, ready=Unreadable(key, reason))


def _rows(path: Path, name: str, settings: ReadingSettings) -> Iterator[Item]:
    for found in read_items(path, settings):
        key = found.source.replace(str(path), name, 1)
        if isinstance(found, Unreadable):
            yield _failed(key, found.reason, path)
        else:
            yield Item(key, found.doc_id, path, ready=replace(found, source=key))


def _members(path: Path, stamp: str, settings: ReadingSettings) -> Iterator[Item]:
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    if len(infos) > settings.max_members:
        reason = f"expected at most {settings.max_members:,} members (setting max_members), found {len(infos):,}."
        yield _failed(str(path), reason, path)
        return
    for info in sorted(infos, key=lambda info: info.filename):
        if not _ignored(info.filename):
            yield from _member(path, info.filename, f"{stamp}-{info.CRC:08x}", settings)


def member_names(path: Path, settings: ReadingSettings) -> list[str]:
    """Names of the members of a zip archive that a run tries, sorted; those that leave the archive are none.

    A damaged archive has none.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = sorted(archive.namelist())
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return []
    return [] if len(names) > settings.max_members else [n for n in names if not _ignored(n) and not _leaves(n)]


def _leaves(member: str) -> bool:
    parts = member.replace("\\", "/").split("/")
    return ".." in parts or member.startswith(("/", "\\")) or ":" in parts[0]


def _member(path: Path, member: str, stamp: str, settings: ReadingSettings) -> Iterator[Item]:
    key = f"{path}!{member}"
    parts = member.replace("\\", "/").split("/")
    suffix = PurePosixPath(member).suffix.lower()
    if _leaves(member):
        yield _failed(key, "found a member that leaves the archive; refused.", path)
    elif note := _left_out(member):
        yield Item(key, "left out", path, member, skip=note)
    elif suffix == ".zip":
        yield _failed(key, "found an archive inside the archive; unpack it first.", path)
    elif suffix in _LISTS or suffix == ".xml":
        try:
            data = read_member(path, member, settings)
        except ReadingError as error:
            yield _failed(key, error.reason, path)
            return
        if suffix == ".xml" and looks_like_iati(data[:HEAD]):
            yield from _iati_or_failed(data, path, key)
        elif suffix == ".xml":
            yield Item(key, stamp, path, member)
        else:
            yield from _unpacked_rows(data, path, key, parts[-1], settings)
    else:
        yield Item(key, stamp, path, member)


def _unpacked_rows(data: bytes, path: Path, key: str, name: str, settings: ReadingSettings) -> Iterator[Item]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        for item in _rows(file, key, settings):
            yield replace(item, path=path)


def _iati_or_failed(data: bytes, path: Path, key: str) -> Iterator[Item]:
    try:
        yield from _activities(data, path, key)
    except ReadingError as error:
        yield _failed(key, error.reason, path)


def _activities(data: bytes, path: Path, name: str) -> Iterator[Item]:
    for one in read_activities(data, name):
        key = f"{name}#{one.number}"
        document = _as_document(one, key)
        if isinstance(document, Unreadable):
            yield _failed(key, document.reason, path)
        else:
            yield Item(key, document.doc_id, path, ready=document)


def _as_document(one: Activity, key: str) -> Document | Unreadable:
    text = "\n\n".join(part for part in (one.title, one.description) if part)
    if not text:
        return Unreadable(key, "expected a title or a description, found none.")
    try:
        document = read_text(text, one.identifier or key)
    except ReadingError as error:
        return Unreadable(key, error.reason)
    names = [name for name in map(country_of_code, one.countries) if name]
    facts = {"country": "; ".join(names), "year": str(one.year or ""), "iati_identifier": one.identifier}
    return replace(document, source=key, title=one.title, metadata={k: v for k, v in facts.items() if v})
