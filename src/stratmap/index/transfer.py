"""An index folder to a carrier, and a carrier to a new index folder.

Comes in: two folders. Goes out: what was carried. Both ways go on where they were cut off. An import is built aside and
gets its name in one step: a reader sees no index, or the whole one. It converts nothing: the encoder stays the same.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from stratmap.errors import IndexFolderError, UsageError
from stratmap.files import move_into_place, sync_file
from stratmap.index.carrier import (
    NAME,
    Contents,
    Part,
    Piece,
    begin,
    in_parts,
    mark_of,
    read_contents,
    read_part,
    read_piece,
    write_contents,
    write_part,
    write_piece,
)
from stratmap.index.checks import find_faults
from stratmap.index.corrections import FACTS_TABLE
from stratmap.index.features import EXAMPLES_TABLE
from stratmap.index.head import note_head
from stratmap.index.schema import FILE, create, note, noted, noted_number, reading, shrink, writing
from stratmap.index.stored import StoredDocument, read_stored
from stratmap.index.writes import compacted_at, generation_of, write_document

STAGING = ".import"
_OWN = frozenset({"meta", "documents", "pages", "passages", "labels", "seals"})
_DERIVED = frozenset({"scores"})  # made again from the documents, and known by their row numbers
OWN_NOTES = frozenset({"schema", "encoder", "fingerprint", "dim", "generation", "compacted", "carrier", "imported"})
_PATIENCE_S = 30.0
Progress = Callable[[int], None]


def export_index(folder: Path, target: Path, progress: Progress | None = None) -> Contents:
    """Write a carrier of one generation, with all that can be rolled back to.

    Args:
        folder: The index.
        target: A new folder, or one in which an export of the same state was cut off.
        progress: Called with the number of documents after each part that is written.

    Raises:
        UsageError: The target holds something else.
        IndexFolderError: The index is damaged, or the disk refused; the parts that are done are kept.
    """
    try:
        with reading(folder) as connection:
            meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
            now = Contents(
                meta["encoder"], meta["fingerprint"], int(meta["dim"]), generation_of(connection),
                compacted_at(connection), {key: value for key, value in meta.items() if key not in OWN_NOTES},
            )  # fmt: skip
            before = begin(target, now)
            done: list[Part] = []
            for number, group in enumerate(in_parts(_all(connection)), 1):
                known = before.parts[number - 1] if number <= len(before.parts) else None
                if known and known.mark == mark_of(group) and _whole(target, known.texts, known.vectors):
                    done.append(known)
                    continue
                done.append(write_part(target, number, group))
                now = replace(now, parts=tuple(done))
                write_contents(target, now)
                if progress:
                    progress(now.documents)
            now = replace(now, parts=tuple(done), tables=_export_tables(connection, target), complete=True)
            write_contents(target, now)
    except OSError as error:
        raise IndexFolderError(f"{error.filename or target}: cannot be written ({error.strerror}).") from error
    return now


def _all(connection: sqlite3.Connection) -> Iterator[StoredDocument]:
    for (row,) in connection.execute("SELECT id FROM documents ORDER BY id").fetchall():
        try:
            yield read_stored(connection, row)
        except (ValueError, LookupError) as error:
            raise IndexFolderError(
                f"document {row} of the index is damaged ({error}). See `stratmap doctor --repair --index DIR`."
            ) from error


def _whole(folder: Path, *pieces: Piece) -> bool:
    try:
        return all(len(read_piece(folder, piece)) == piece.bytes for piece in pieces)
    except IndexFolderError:
        return False


def _export_tables(connection: sqlite3.Connection, target: Path) -> dict[str, tuple[Piece, tuple[str, ...], int]]:
    tables = {}
    for name, columns in side_tables(connection).items():
        listed = ", ".join(f'"{column}"' for column in columns)
        rows = connection.execute(f'SELECT {listed} FROM "{name}" ORDER BY rowid').fetchall()  # noqa: S608
        if not rows:  # whether an empty table is there depends on what was used so far
            continue
        data = b"".join(json.dumps([_plain(v) for v in row], ensure_ascii=False).encode() + b"\n" for row in rows)
        tables[name] = (write_piece(target, f"table-{name}.jsonl", data), columns, len(rows))
    return tables


def side_tables(connection: sqlite3.Connection) -> dict[str, tuple[str, ...]]:
    """Tables that other rooms keep beside the documents (corrections and the like), with their columns."""
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return {
        name: tuple(column for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (name,)))
        for (name,) in names
        if name not in _OWN | _DERIVED and not name.startswith("sqlite_") and name.isidentifier()
    }


def carried(carrier: Path, encoder: str, fingerprint: str) -> Contents:
    """What a carrier holds, if it was made with this encoder.

    Raises:
        IndexFolderError: It was made with another one, or is no carrier.
    """
    contents = read_contents(carrier)
    if contents.fingerprint != fingerprint:
        raise IndexFolderError(
            f"{carrier}: expected the carrier of an index of the encoder {encoder} ({fingerprint}), found one of "
            f"{contents.encoder} ({contents.fingerprint}). Name that encoder in stratmap.toml."
        )
    return contents


def import_index(carrier: Path, folder: Path, progress: Progress | None = None) -> Contents:
    """Make a new index folder from a carrier.

    Args:
        carrier: A finished carrier.
        folder: A folder without an index, or one in which an import of the same carrier was cut off.
        progress: Called with the number of documents after each part.

    Raises:
        UsageError: The folder holds an index already, or the carrier is not finished.
        IndexFolderError: The carrier is damaged, or the disk refused; no index is there then.
    """
    contents = read_contents(carrier)
    if not contents.complete:
        raise UsageError(f"{carrier}: expected a finished carrier, found one that was cut off. Export again.")
    if (folder / FILE).exists():
        raise UsageError(f"{folder}: expected a folder without an index, found one. Import into a new folder.")
    staging = folder / STAGING
    try:
        identity = hashlib.sha256((carrier / NAME).read_bytes()).hexdigest()
        _prepare(staging, contents, identity)
        for number in range(_imported(staging), len(contents.parts)):
            documents = read_part(carrier, contents.parts[number], contents)
            with writing(staging, _PATIENCE_S) as connection:
                if noted(connection, "imported", "0") != str(number):
                    raise UsageError(f"{folder}: another import into it is going on.")
                for one in documents:
                    write_document(connection, one)
                note(connection, "imported", str(number + 1))
            if progress:
                progress(sum(part.documents for part in contents.parts[: number + 1]))
        _finish(staging, carrier, contents)
        place(staging, folder)
    except OSError as error:
        raise IndexFolderError(f"{error.filename or folder}: cannot be written ({error.strerror}).") from error
    note_head(folder, contents.generation)
    return contents


def place(staging: Path, folder: Path) -> None:
    """Give a database that was built aside its name, after everything of it is on the disk."""
    shrink(staging, _PATIENCE_S)  # closing the last connection leaves one file without a log
    sync_file(staging / FILE)
    try:
        move_into_place(staging / FILE, folder / FILE)
    finally:  # also where the disk refused to sync the move: once the index is there, nothing else removes the rest
        if (folder / FILE).exists():
            _remove(staging)


def _remove(staging: Path) -> None:
    """Remove a folder; a disk that refuses once is asked again."""
    shutil.rmtree(staging, ignore_errors=True)
    if staging.exists():
        shutil.rmtree(staging, ignore_errors=True)


def _prepare(staging: Path, contents: Contents, identity: str) -> None:
    if staging.exists():
        try:
            with reading(staging) as connection:
                same = noted(connection, "carrier") == identity
        except IndexFolderError:
            same = False
        if same:
            return
        shutil.rmtree(staging)
    create(staging, contents.encoder, contents.fingerprint, contents.dim)
    with writing(staging, _PATIENCE_S) as connection:
        note(connection, "generation", str(contents.generation))
        note(connection, "carrier", identity)


def _imported(staging: Path) -> int:
    with reading(staging) as connection:
        return noted_number(connection, "imported", "0")


def _finish(staging: Path, carrier: Path, contents: Contents) -> None:
    with writing(staging, _PATIENCE_S) as connection:
        make_side_tables(connection)
        connection.execute("PRAGMA defer_foreign_keys=ON")  # tables come by name, not by what refers to what
        for key, value in contents.notes.items():
            note(connection, key, value)
        for name, (piece, columns, rows) in contents.tables.items():
            _import_table(connection, name, columns, _rows(carrier, piece, rows))
        if contents.compacted:
            note(connection, "compacted", str(contents.compacted))
        connection.execute("DELETE FROM meta WHERE key IN ('carrier', 'imported')")
        counts = tuple(connection.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ("documents", "passages"))  # noqa: S608
        if counts != (contents.documents, contents.passages):
            raise IndexFolderError(
                f"{carrier}: expected {contents.documents} documents and {contents.passages} passages, found {counts}."
            )
        faults = find_faults(connection)
        if faults:
            raise IndexFolderError(f"{carrier}: " + "; ".join(fault.sentence for fault in faults))


def make_side_tables(connection: sqlite3.Connection) -> None:
    """Make the tables that other rooms make when they first need them, so that their rows find a place."""
    for statement in (FACTS_TABLE, EXAMPLES_TABLE):
        connection.execute(statement)


def _import_table(connection: sqlite3.Connection, name: str, columns: tuple[str, ...], rows: list[list[Any]]) -> None:
    known = side_tables(connection).get(name)
    if known is None or not set(columns) <= set(known):
        raise IndexFolderError(f"the carrier holds a table {name!r} that this version does not know. Update stratmap.")
    listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
    connection.executemany(f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', rows)  # noqa: S608


def _rows(carrier: Path, piece: Piece, count: int) -> list[list[Any]]:
    try:
        lines = read_piece(carrier, piece).split(b"\n")[:-1]
        rows = [[_value(value) for value in json.loads(line)] for line in lines]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise IndexFolderError(f"{carrier / piece.name}: expected rows of plain values as JSON ({error}).") from error
    if len(rows) != count:
        raise IndexFolderError(f"{carrier / piece.name}: expected {count} rows, found {len(rows)}.")
    return rows


def _plain(value: Any) -> Any:
    return {"base64": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"], validate=True)
    if value is not None and not isinstance(value, str | int | float):
        raise TypeError("a list in a cell")
    return value
