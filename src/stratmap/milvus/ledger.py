"""What Milvus is known to hold: one line a document, kept beside the index.

Comes in: documents about to be sent, sent, or let go. Goes out: which are there whole, and which may be there in part.
A line is written before anything is sent: whatever dies, nothing can be in Milvus that is not in this list.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from stratmap.errors import IndexFolderError

FILE = "milvus.sqlite"
_TABLES = """
CREATE TABLE IF NOT EXISTS far (address TEXT PRIMARY KEY, collection TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS sent (
  address TEXT NOT NULL, document INTEGER NOT NULL, stamp TEXT NOT NULL, whole INTEGER NOT NULL,
  PRIMARY KEY (address, document)) STRICT;
"""


class Ledger:
    """The list for one index folder and one address.

    Args:
        folder: The index folder.
        address: Where Milvus is.
        timeout_s: How long to wait for another process that writes.
    """

    def __init__(self, folder: Path, address: str, timeout_s: float) -> None:
        self._path, self._address, self._timeout_s = folder / FILE, address, timeout_s

    def collection(self) -> str:
        """The name of the collection of this folder at this address; made up once."""
        with self._open() as db:
            made = ("far", self._address, f"stratmap_{secrets.token_hex(8)}")
            db.execute("INSERT OR IGNORE INTO far VALUES (?, ?)", made[1:])
            row = db.execute("SELECT collection FROM far WHERE address = ?", (self._address,)).fetchone()
            db.commit()
        return str(row[0])

    def whole(self) -> dict[int, str]:
        """Documents that Milvus holds whole, with the stamp of what was sent."""
        return {row: stamp for row, stamp, whole in self._all() if whole}

    def all(self) -> set[int]:
        """Documents of which Milvus may hold something."""
        return {row for row, _, _ in self._all()}

    def begin(self, stamps: Mapping[int, str]) -> set[int]:
        """Note documents that are about to be sent; returns those of which something may be there already."""
        with self._open() as db:
            before = {
                row for row in stamps
                if db.execute("SELECT 1 FROM sent WHERE address = ? AND document = ?", (self._address, row)).fetchone()
            }  # fmt: skip
            lines = [(self._address, row, stamp) for row, stamp in stamps.items()]
            db.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?, 0)", lines)
            db.commit()
        return before

    def done(self, documents: Iterable[int]) -> None:
        """Note that Milvus has taken documents whole."""
        with self._open() as db:
            lines = [(self._address, row) for row in documents]
            db.executemany("UPDATE sent SET whole = 1 WHERE address = ? AND document = ?", lines)
            db.commit()

    def gone(self, documents: Sequence[int]) -> None:
        """Note that Milvus has let go of documents."""
        with self._open() as db:
            lines = [(self._address, row) for row in documents]
            db.executemany("DELETE FROM sent WHERE address = ? AND document = ?", lines)
            db.commit()

    def forget(self) -> None:
        """Note that Milvus holds nothing."""
        with self._open() as db:
            db.execute("DELETE FROM sent WHERE address = ?", (self._address,))
            db.commit()

    def _all(self) -> list[tuple[int, str, int]]:
        if not self._path.exists():
            return []
        with self._open() as db:
            query = "SELECT document, stamp, whole FROM sent WHERE address = ?"
            return db.execute(query, (self._address,)).fetchall()

    def _open(self) -> closing[sqlite3.Connection]:
        try:
            db = sqlite3.connect(self._path, timeout=self._timeout_s)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise IndexFolderError(f"{self._path}: cannot be used ({error}). Remove it: it is made again.") from error
        return closing(db)
