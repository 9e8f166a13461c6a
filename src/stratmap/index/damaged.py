"""A database that may be damaged, read by a connection that knows a refusing disk from a damaged page.

Comes in: queries. Goes out: rows, and whether the disk refused to give a page. It decides nothing about either.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Damaged(sqlite3.Connection):
    """A connection that remembers whether the disk refused to give a page."""

    refused = False

    def execute(self, *words: Any) -> sqlite3.Cursor:
        """As that of sqlite3."""
        cursor: sqlite3.Cursor = self.cursor(_Noting)
        return cursor.execute(*words)


class _Noting(sqlite3.Cursor):
    """A cursor that tells its connection where the disk refused."""

    def execute(self, *words: Any) -> _Noting:
        """As that of sqlite3."""
        with self._noting():
            super().execute(*words)
        return self

    def fetchone(self) -> Any:
        """As that of sqlite3."""
        with self._noting():
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        """As that of sqlite3."""
        with self._noting():
            return super().fetchall()

    def __next__(self) -> Any:
        """As that of sqlite3."""
        with self._noting():
            return super().__next__()

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_IOERR and isinstance(self.connection, Damaged):
                self.connection.refused = True
            raise
