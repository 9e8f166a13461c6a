"""The tables of an index, and opening them safely.

Every row of `documents` carries the generation in which it was born and, once replaced or deleted, died. A write
is one SQLite transaction that ends by raising the generation: a reader sees the old or the new state, a crash
leaves the old one, and going back to a generation is a matter of two updates.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stratmap.errors import IndexFolderError, IndexLocked

FILE = "index.sqlite"
SCHEMA = 1
_WRITER = "writer"
_MOST_DIGITS = 18  # what fits an integer of SQLite
_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE documents (
  id INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, name TEXT NOT NULL, source TEXT NOT NULL, title TEXT NOT NULL,
  language TEXT NOT NULL, pages INTEGER NOT NULL, countries TEXT NOT NULL, year INTEGER, warnings TEXT NOT NULL,
  born INTEGER NOT NULL, died INTEGER) STRICT;
CREATE INDEX documents_alive ON documents (died, doc_id);
CREATE TABLE pages (
  document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, page_index INTEGER NOT NULL, number INTEGER,
  text TEXT NOT NULL, PRIMARY KEY (document, page_index)) STRICT;
CREATE TABLE passages (
  id INTEGER PRIMARY KEY, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
  page_index INTEGER NOT NULL, page INTEGER, start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  "offset" INTEGER NOT NULL, text TEXT NOT NULL, heading TEXT NOT NULL, vector BLOB NOT NULL) STRICT;
CREATE INDEX passages_of ON passages (document);
CREATE TABLE labels (
  document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE, code TEXT NOT NULL, probability REAL NOT NULL,
  PRIMARY KEY (document, code)) STRICT;
CREATE TABLE corrections (
  id INTEGER PRIMARY KEY, doc_id TEXT NOT NULL, code TEXT NOT NULL, verdict INTEGER NOT NULL, note TEXT NOT NULL,
  author TEXT NOT NULL, at TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE feedback (
  id INTEGER PRIMARY KEY, question TEXT NOT NULL, helpful INTEGER NOT NULL, at TEXT NOT NULL) STRICT;
"""
# Made where an index of an earlier version is written to: digests of text and passages, and what labels came from.
_SEALS = """
CREATE TABLE IF NOT EXISTS seals (
  document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE, text TEXT NOT NULL, passages TEXT NOT NULL,
  tagger TEXT NOT NULL) STRICT
"""


def create(folder: Path, encoder: str, fingerprint: str, dim: int) -> None:
    """Make the tables of a new index, or finish what a crash left without tables; else change nothing.

    Raises:
        IndexFolderError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(folder / FILE, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise IndexFolderError(f"{folder}: expected a folder that can be written ({error}).") from error
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            for statement in _TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(_SEALS)
            meta = {"schema": SCHEMA, "encoder": encoder, "fingerprint": fingerprint, "dim": dim, "generation": 0}
            connection.executemany("INSERT INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in meta.items()])
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise IndexFolderError(f"{folder}: the index could not be made ({error}).") from error
    finally:
        connection.close()


# A message of SQLite quotes names of a damaged schema, and Python fails to decode those that are no UTF-8.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


@contextmanager
def reading(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection inside one read transaction: a snapshot.

    Raises:
        IndexFolderError: The file is missing, damaged, or of a newer schema.
    """
    with _connection(folder, 30.0) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


@contextmanager
def writing(folder: Path, timeout_s: float) -> Iterator[sqlite3.Connection]:
    """A connection inside the one write transaction; it commits at the end, and rolls back on any error.

    Raises:
        IndexLocked: Another process writes for longer than `timeout_s`.
        IndexFolderError: As `reading`, or the disk refused; the state before stays.
    """
    with _connection(folder, timeout_s) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):  # a folder that cannot be written, say
                raise
            raise IndexLocked(
                f"{folder}: another process has been writing for over {timeout_s:g} s{_writer(folder)}. "
                "Try again later."
            ) from error
        try:
            _note_writer(folder)
            connection.execute(_SEALS)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def noted(connection: sqlite3.Connection, key: str, otherwise: str = "") -> str:
    """What an index notes of itself under a key of `meta`."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else otherwise


def noted_number(connection: sqlite3.Connection, key: str, otherwise: str = "") -> int:
    """A whole number that an index notes of itself.

    Raises:
        sqlite3.DatabaseError: There is none, which only a damaged file can say; told like any other damage.
    """
    value = noted(connection, key, otherwise)
    if not _is_number(value):
        raise sqlite3.DatabaseError(f"expected a number under {key}, found {value[:40]!r}")
    return int(value)


def _is_number(value: str) -> bool:
    """Whether it is one that SQLite can hold."""
    return value.isdecimal() and len(value) <= _MOST_DIGITS


def note(connection: sqlite3.Connection, key: str, value: str) -> None:
    """Note something, in place of what was there."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def has_table(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a table is there; some are made when they are first needed."""
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,))
    return found.fetchone() is not None


def _note_writer(folder: Path) -> None:
    """Leave a word for whoever has to wait; the lock itself is the database's and ends with its owner."""
    with contextlib.suppress(OSError):
        (folder / _WRITER).write_text(str(os.getpid()), encoding="ascii")


def _writer(folder: Path) -> str:
    """Who writes, where that can be told."""
    try:
        number = int((folder / _WRITER).read_text(encoding="ascii"))
        if os.name != "nt":  # where the same call would end the process
            os.kill(number, 0)
    except (OSError, ValueError, OverflowError):  # no note, or that of one that is gone
        return ""
    return f" (process {number})"


def shrink(folder: Path, timeout_s: float) -> None:
    """Give freed space back, and leave nothing of what was removed in any byte of the folder.

    Raises:
        IndexLocked: Readers were at work all the time.
        IndexFolderError: The disk refused; nothing is lost.
    """
    try:
        connection = sqlite3.connect(folder / FILE, timeout=timeout_s, isolation_level=None)
        try:
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise IndexFolderError(
            f"{folder}: could not be compacted ({error}); nothing is lost. Make room and compact again."
        ) from error
    if busy:
        raise IndexLocked(
            f"{folder}: others have been reading for over {timeout_s:g} s, so that what was deleted is still in the "
            "write-ahead log. Compact again when they are done."
        )


@contextmanager
def _connection(folder: Path, timeout_s: float) -> Iterator[sqlite3.Connection]:
    path = folder / FILE
    if not path.is_file():
        raise IndexFolderError(
            f"{folder}: expected an index, found none. Make one with: stratmap index PATHS --index DIR"
        )
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=timeout_s, isolation_level=None)
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "secure_delete=ON"):
            connection.execute(f"PRAGMA {pragma}")
        _check_schema(connection, folder)
        yield connection
    except DATABASE_ERRORS as error:
        raise IndexFolderError(
            f"{path}: the database reports: {error}. The state before stays; see `stratmap doctor --index {folder}`."
        ) from error
    finally:
        if connection is not None:
            connection.close()


def _check_schema(connection: sqlite3.Connection, folder: Path) -> None:
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    found = meta.get("schema", "none")
    if found != str(SCHEMA):
        raise IndexFolderError(
            f"{folder}: expected an index of schema {SCHEMA}, found {found}. "
            "Update stratmap, or index the documents again into a new folder."
        )
    missing = [key for key in ("encoder", "fingerprint", "dim", "generation") if key not in meta]
    if missing or not (_is_number(meta["dim"]) and _is_number(meta["generation"])):
        raise IndexFolderError(
            f"{folder}: expected an index that names its encoder, dimensions and generation. "
            "It is damaged; index the documents again into a new folder."
        )
