"""Mending an index from the text that it holds.

Comes in: a folder, what is wrong with it, and a call that splits, encodes and tags a stored text again. Goes out: the
folder, sound, and what was done. A file that SQLite can still work with is mended in one transaction; one that it
cannot is built anew aside from every document that can be read whole, and the damaged one is kept beside it. It has no
model itself.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from stratmap.errors import IndexFolderError
from stratmap.index.checks import Fault, find_faults
from stratmap.index.damaged import Damaged
from stratmap.index.head import note_head, noted_head
from stratmap.index.schema import DATABASE_ERRORS, FILE, create, note, reading, writing
from stratmap.index.stored import (
    StoredDocument,
    passages_digest,
    read_bare,
    read_labels,
    read_passages,
    read_stored,
    text_digest,
)
from stratmap.index.transfer import OWN_NOTES, make_side_tables, place, side_tables
from stratmap.index.writes import generation_of, write_document
from stratmap.reading import text_id

STAGING, DAMAGED = ".repair", "damaged"
_PATIENCE_S = 30.0
_MOST_GAPS = 100_000  # row numbers in a row that give an error before a damaged table counts as read
Again = Callable[[StoredDocument], StoredDocument]


@dataclass(frozen=True, slots=True)
class Target:
    """The encoder for which the index is to be."""

    encoder: str
    fingerprint: str
    dim: int


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did.

    Attributes:
        kept: Living documents left as they were.
        rebuilt: Names of documents whose passages, vectors or tags were made again from their text.
        lost: Sources of documents whose text could not be read; they have to be indexed again.
        notes: What else was done, in sentences.
    """

    kept: int = 0
    rebuilt: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def mend(folder: Path, faults: Sequence[Fault], target: Target, again: Again) -> Mended:
    """Mend an index whose database SQLite can work with, in one transaction.

    Args:
        folder: The index.
        faults: What `find_faults` found, and `stale` ones of documents to be tagged again.
        target: The encoder; where the index is of another one, everything is encoded again.
        again: Makes passages, vectors and labels of a stored text.

    Raises:
        IndexFolderError: The disk refused, or it is still not sound; the state before stays.
    """
    rebuilt: list[str] = []
    lost: list[str] = []
    notes: list[str] = []
    with writing(folder, _PATIENCE_S) as connection:
        if _name_by_text(connection, faults, notes):  # a wrong id hides what else is wrong with its document
            stale = [fault for fault in faults if fault.kind == "stale"]
            faults = [*find_faults(connection, noted_head(folder)), *stale]
        generation = _settle(connection, faults, notes)
        everything = _adopt(connection, target, notes)
        for row, alive in connection.execute("SELECT id, died IS NULL FROM documents ORDER BY id").fetchall():
            kinds = {fault.kind for fault in faults if row in fault.rows}
            broken = bool(kinds & {"text", "passages"}) or everything
            if not alive and broken:
                connection.execute("DELETE FROM documents WHERE id = ?", (row,))
                note(connection, "compacted", str(generation))
            elif "text" in kinds:
                lost.append(_source(connection, row))
                connection.execute("DELETE FROM documents WHERE id = ?", (row,))
            elif broken or "stale" in kinds:
                stored = again(_text_of(connection, row))
                connection.execute("DELETE FROM documents WHERE id = ?", (row,))
                write_document(connection, stored, row)
                rebuilt.append(stored.name)
            elif "unsealed" in kinds:
                _seal(connection, row)
        note(connection, "generation", str(generation))
        kept = connection.execute("SELECT count(*) FROM documents WHERE died IS NULL").fetchone()[0] - len(rebuilt)
        left = find_faults(connection)
        if left:
            raise IndexFolderError(f"{folder}: not mended: " + "; ".join(fault.sentence for fault in left))
    note_head(folder, generation)
    return Mended(kept, tuple(rebuilt), tuple(lost), tuple(notes))


def _name_by_text(connection: sqlite3.Connection, faults: Sequence[Fault], notes: list[str]) -> bool:
    """Give documents the ids of their texts, which their digests vouch for; whether there were such."""
    rows = [row for fault in faults if fault.kind == "ids" for row in fault.rows]
    for row in rows:
        found = text_id(read_bare(connection, row).document().text)
        connection.execute("UPDATE documents SET doc_id = ? WHERE id = ?", (found, row))
    if rows:
        notes.append(f"ids set right by the texts: {len(rows)} documents")
    return bool(rows)


def _settle(connection: sqlite3.Connection, faults: Sequence[Fault], notes: list[str]) -> int:
    """Mend generations and rows without documents; returns the generation that the repair makes."""
    kinds = {fault.kind for fault in faults}
    highest = connection.execute("SELECT coalesce(max(max(born), max(died)), 0) FROM documents").fetchone()[0] or 0
    generation = int(max(generation_of(connection), highest)) + 1
    if "orphans" in kinds:
        for table in ("pages", "passages", "labels", "seals"):
            gone = connection.execute(f"DELETE FROM {table} WHERE document NOT IN (SELECT id FROM documents)")  # noqa: S608
            if gone.rowcount:
                notes.append(f"{gone.rowcount} rows of {table} without a document removed")
    if "state" in kinds:
        # What died before it was born was deleted, whatever its generations say, and stays so.
        connection.execute("UPDATE documents SET died = ? WHERE died < born", (generation,))
        twice = connection.execute(
            "UPDATE documents SET died = ? WHERE died IS NULL AND id NOT IN "
            "(SELECT min(id) FROM documents WHERE died IS NULL GROUP BY doc_id)",
            (generation,),
        ).rowcount
        notes.append(f"generations set right; {twice} copies of texts that were held twice taken away")
    if "lost" in kinds:
        notes.append("commits are missing; the state that is there was taken for good. Index the newest files again")
    return generation


def _adopt(connection: sqlite3.Connection, target: Target, notes: list[str]) -> bool:
    """Whether all has to be encoded again, for another encoder."""
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    if (meta["fingerprint"], meta["dim"]) == (target.fingerprint, str(target.dim)):
        return False
    for key, value in (("encoder", target.encoder), ("fingerprint", target.fingerprint), ("dim", str(target.dim))):
        note(connection, key, value)
    notes.append(f"all texts encoded again: the index was of the encoder {meta['encoder']}")
    return True


def salvage(folder: Path, target: Target, again: Again) -> Mended:
    """Build an index anew from what a damaged database still gives. No other process may have it open.

    The damaged file is kept in `damaged/` of the folder until somebody removes it.

    Raises:
        IndexFolderError: Nothing can be read, or the disk refused; the damaged file stays where it is.
    """
    staging = folder / STAGING
    try:
        built = _built(folder, staging, target, again)
        if built.refused:  # a disk may give a page when asked again; what it refuses twice is damage
            built = _built(folder, staging, target, again)
        _set_aside(folder)
        place(staging, folder)
    except (*DATABASE_ERRORS, OSError) as error:
        raise IndexFolderError(f"{folder}: not mended ({error}); the damaged file is where it was.") from error
    note_head(folder, built.generation)
    kept = f"the damaged file is kept in {folder / DAMAGED}; remove it when nothing is missed"
    return replace(built.mended, notes=(*built.mended.notes, kept))


@dataclass(frozen=True, slots=True)
class _Built:
    """What one reading of a damaged database gave, and whether the disk refused a page of it."""

    mended: Mended
    generation: int
    refused: bool


def _built(folder: Path, staging: Path, target: Target, again: Again) -> _Built:
    shutil.rmtree(staging, ignore_errors=True)
    create(staging, target.encoder, target.fingerprint, target.dim)
    rebuilt: list[str] = []
    lost: list[str] = []
    kept = 0
    with closing(sqlite3.connect(folder / FILE, timeout=_PATIENCE_S, isolation_level=None, factory=Damaged)) as damaged:
        same = _is_of(damaged, target)
        generation = max(noted_head(folder) or 0, _highest(damaged)) + 1
        with writing(staging, _PATIENCE_S) as connection:
            for row in _row_numbers(damaged):
                stored, whole = _whole_or_text(damaged, row)
                if stored is None:
                    lost.append(_source(damaged, row))
                elif stored.died is None and not _held(connection, stored.doc_id):
                    fits = whole and same
                    write_document(connection, replace(stored if fits else again(stored), born=generation))
                    kept += fits
                    rebuilt += [] if fits else [stored.name]
            notes = _copy_tables(damaged, connection)
            note(connection, "generation", str(generation))
            note(connection, "compacted", str(generation))
        return _Built(Mended(kept, tuple(rebuilt), tuple(lost), tuple(notes)), generation, damaged.refused)


def _set_aside(folder: Path) -> None:
    """Copy the damaged files away, then take the log from beside the name that the new file gets."""
    aside = folder / DAMAGED
    aside.mkdir(exist_ok=True)
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, aside / name)
    for name in (f"{FILE}-wal", f"{FILE}-shm"):
        if (folder / name).is_file():
            os.unlink(folder / name)


def _is_of(damaged: sqlite3.Connection, target: Target) -> bool:
    try:
        meta = dict(damaged.execute("SELECT key, value FROM meta").fetchall())
    except DATABASE_ERRORS:
        return False
    return (meta.get("fingerprint"), meta.get("dim")) == (target.fingerprint, str(target.dim))


def _highest(damaged: sqlite3.Connection) -> int:
    found = 0
    for query in ("SELECT value FROM meta WHERE key = 'generation'", "SELECT max(max(born), max(died)) FROM documents"):
        try:
            value = damaged.execute(query).fetchone()
            found = max(found, int(value[0] or 0) if value else 0)
        except (sqlite3.Error, ValueError, TypeError):
            continue
    return found


def _row_numbers(damaged: sqlite3.Connection) -> Iterator[int]:
    """Numbers of the documents' rows; where a page of the table is gone, one after the other is tried."""
    last = gaps = 0
    while gaps < _MOST_GAPS:
        query = "SELECT id FROM documents WHERE id > ? ORDER BY id LIMIT 1"
        try:
            found = damaged.execute(query, (last,)).fetchone()
        except DATABASE_ERRORS:
            last, gaps = last + 1, gaps + 1
            continue
        if found is None:
            return
        last, gaps = found[0], 0
        yield last


def _whole_or_text(damaged: sqlite3.Connection, row: int) -> tuple[StoredDocument | None, bool]:
    """A document, and whether passages and vectors are whole; None where its text is not."""
    try:
        stored = _text_of(damaged, row)
        seal = damaged.execute("SELECT text, passages FROM seals WHERE document = ?", (row,)).fetchone()
    except (sqlite3.Error, ValueError, LookupError, TypeError):
        return None, False
    if seal is None or seal[0] != text_digest(stored.pages):
        return None, False
    try:
        whole = read_stored(damaged, row)
        passages, vectors = read_passages(damaged, row, whole.doc_id)
    except (sqlite3.Error, ValueError, LookupError, TypeError):
        return stored, False
    return (whole, True) if passages_digest(passages, vectors) == seal[1] else (stored, False)


def _text_of(connection: sqlite3.Connection, row: int) -> StoredDocument:
    """A document without passages, so that they can be made again; labels as far as they can be read."""
    bare = read_bare(connection, row)
    try:
        labels, tagger = read_labels(connection, row)
    except DATABASE_ERRORS:
        return bare
    return replace(bare, labels=labels, tagger=tagger)


def _held(connection: sqlite3.Connection, doc_id: str) -> bool:
    return connection.execute("SELECT 1 FROM documents WHERE doc_id = ?", (doc_id,)).fetchone() is not None


def _source(damaged: sqlite3.Connection, row: int) -> str:
    try:
        found = damaged.execute("SELECT source FROM documents WHERE id = ?", (row,)).fetchone()
        return str(found[0]) if found else f"document {row}"
    except DATABASE_ERRORS:
        return f"document {row}"


def _copy_tables(damaged: sqlite3.Connection, connection: sqlite3.Connection) -> list[str]:
    """Corrections and the like, as far as they can be read; returns what could not."""
    notes = []
    try:
        for key, value in damaged.execute("SELECT key, value FROM meta").fetchall():
            if key not in OWN_NOTES:
                note(connection, key, value)
    except DATABASE_ERRORS:
        notes.append("what other rooms noted of themselves could not be read")
    make_side_tables(connection)
    connection.execute("PRAGMA defer_foreign_keys=ON")
    for name, columns in side_tables(connection).items():
        listed, marks = ", ".join(f'"{column}"' for column in columns), ", ".join("?" * len(columns))
        try:
            for row in damaged.execute(f'SELECT {listed} FROM "{name}" ORDER BY rowid'):  # noqa: S608
                connection.execute(f'INSERT INTO "{name}" ({listed}) VALUES ({marks})', row)  # noqa: S608
        except DATABASE_ERRORS:
            notes.append(f"not all rows of {name} could be read")
    alone = connection.execute("PRAGMA foreign_key_check").fetchall()
    for table, row, *_ in alone:
        connection.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608
    return [*notes, f"{len(alone)} rows left out whose other half is gone"] if alone else notes


def _seal(connection: sqlite3.Connection, row: int) -> None:
    stored = read_stored(connection, row)
    _, vectors = read_passages(connection, row, stored.doc_id)
    seal = (row, text_digest(stored.pages), passages_digest(stored.passages, vectors), stored.tagger)
    connection.execute("INSERT OR REPLACE INTO seals VALUES (?,?,?,?)", seal)


def workable_faults(folder: Path) -> list[Fault] | None:
    """What is wrong; None where SQLite cannot work with the database: it does not open, or a page cannot be walked."""
    try:
        with reading(folder) as connection:
            faults = find_faults(connection, noted_head(folder))
    except IndexFolderError:
        return None
    return None if any(fault.kind == "database" for fault in faults) else faults
