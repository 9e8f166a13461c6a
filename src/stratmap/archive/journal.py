"""The journal of a run: what was tried, what came of it. A crash leaves it whole.

Comes in: states of items. Goes out: the same, in input order, in this run or in the next. One SQLite file, synced
at every commit, open in one process only. It reads no documents and writes no results.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stratmap.archive.work import Known, Outcome, Print
from stratmap.errors import ExportError, UsageError
from stratmap.reading.near import bands, likeness

SCHEMA = 2
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,      -- place in the input of the last run that met it
    run INTEGER NOT NULL,      -- that run
    stamp TEXT NOT NULL,
    state TEXT NOT NULL,       -- waiting, running, done, failed, skipped
    tries INTEGER NOT NULL DEFAULT 0,
    crashes INTEGER NOT NULL DEFAULT 0,  -- how often a whole run ended while this was running
    reason TEXT NOT NULL DEFAULT '',
    twin TEXT NOT NULL DEFAULT '',
    warnings TEXT NOT NULL DEFAULT '[]',
    result TEXT NOT NULL DEFAULT '',
    signature TEXT NOT NULL DEFAULT '',    -- alike for documents that say nearly the same
    origin TEXT NOT NULL DEFAULT '',       -- the first item that says nearly the same
    copied INTEGER NOT NULL DEFAULT 0      -- whether the tags are that one's
);
CREATE TABLE IF NOT EXISTS bands (band INTEGER NOT NULL, key TEXT NOT NULL, PRIMARY KEY (band, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bands_key ON bands (key);
CREATE INDEX IF NOT EXISTS items_twin ON items (twin);
CREATE INDEX IF NOT EXISTS items_seq ON items (run, seq);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: `state` is waiting, running, done, failed or skipped."""

    key: str
    state: str
    tries: int
    crashes: int
    reason: str
    twin: str
    warnings: str
    result: str
    signature: str
    origin: str
    copied: bool

    def known(self, found: Print) -> Known:
        """As a document that says nearly the same as one in hand."""
        return Known(self.result, self.warnings, self.key, exact=self.twin == found.twin)


class Journal:
    """The journal of one folder of results.

    Args:
        path: The SQLite file; made where it lacks.
        identity: What the results depend on beside the documents (settings, models). Another identity than
            that of the earlier run is refused, so that one list never mixes two taggers.
        retry_failed: Whether what was set aside is tried again.

    Raises:
        UsageError: Another run has it open, or made it with another identity.
        ExportError: It cannot be written, or is no journal.
    """

    def __init__(self, path: Path, identity: str, *, retry_failed: bool = False) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=1.0)
            self._prepare(identity, retry_failed)
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise UsageError(f"{path}: another run writes to this folder; wait for it or take another.") from error
            raise ExportError(f"{path}: cannot be written ({error}).") from error
        except (OSError, sqlite3.DatabaseError) as error:
            raise ExportError(f"{path}: cannot be used as a journal ({error}); take another folder.") from error

    def _prepare(self, identity: str, retry_failed: bool) -> None:
        # EXCLUSIVE before the first access: the lock is kept until the connection closes.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=FULL"):
            self._db.execute(f"PRAGMA {pragma}").fetchall()
        self._db.executescript(_TABLES)
        meta = dict(self._db.execute("SELECT key, value FROM meta"))
        known = meta.get("identity", f"{SCHEMA}:{identity}")
        if known != f"{SCHEMA}:{identity}":
            self._db.close()
            raise UsageError(
                f"{self.path}: expected the settings and models of the earlier run, found others; take another "
                "folder, or remove this one to start anew."
            )
        self.run = int(meta.get("run", "0")) + 1
        rows = [("identity", known), ("run", str(self.run))]
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)
        self._db.execute("UPDATE items SET state = 'waiting', crashes = crashes + 1 WHERE state = 'running'")
        if retry_failed:
            self._db.execute("UPDATE items SET state='waiting', tries=0, crashes=0 WHERE state='failed'")
        self._db.commit()

    def meet(self, key: str, stamp: str, seq: int) -> Entry | None:
        """Note an item at its place in this run's input.

        Changed content starts anew. Not synced by itself: what is lost is met again.

        Returns:
            What is known of it; None if this run has met it already.
        """
        row = self._db.execute("SELECT stamp, run FROM items WHERE key = ?", (key,)).fetchone()
        if row and row[1] == self.run:
            return None
        if row and row[0] == stamp:
            self._db.execute("UPDATE items SET run = ?, seq = ? WHERE key = ?", (self.run, seq, key))
        else:
            self._db.execute("DELETE FROM bands WHERE key = ?", (key,))
            values = (key, seq, self.run, stamp)
            self._db.execute(
                "INSERT OR REPLACE INTO items (key, seq, run, stamp, state) VALUES (?, ?, ?, ?, 'waiting')", values
            )
        return self.entry(key)

    def entry(self, key: str) -> Entry:
        """What is known of an item."""
        row = self._db.execute(_SELECT + "WHERE key = ?", (key,)).fetchone()
        return Entry(*row)

    def start(self, key: str) -> None:
        """Note that work on an item begins."""
        self._write("UPDATE items SET state = 'running' WHERE key = ?", (key,))

    def finish(self, key: str, outcome: Outcome) -> None:
        """Note a result."""
        self.keep(key, outcome)
        self._db.commit()

    def keep(self, key: str, outcome: Outcome) -> None:
        """As `finish`, without syncing."""
        statement = (
            "UPDATE items SET state='done', reason='', result=?, twin=?, warnings=?, signature=?, origin=?, copied=? "
            "WHERE key=?"
        )
        like = (outcome.signature, outcome.origin, outcome.copied)
        self._db.execute(statement, (outcome.result, outcome.twin, outcome.warnings, *like, key))
        found = [(band, key) for band in bands(outcome.signature)]
        self._db.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", found)

    def skip(self, key: str, reason: str) -> None:
        """Note that an item is none to tag. Not synced by itself: what is lost is met again."""
        self._db.execute("UPDATE items SET state = 'skipped', reason = ? WHERE key = ?", (reason, key))

    def assign(self, key: str, origin: str) -> None:
        """Note which item says nearly the same as this one, without syncing."""
        self._db.execute("UPDATE items SET origin = ? WHERE key = ?", (origin, key))

    def undo(self, key: str) -> None:
        """Let an item be met and done again, without syncing."""
        self._db.execute("UPDATE items SET state = 'waiting', result = '', run = run - 1 WHERE key = ?", (key,))

    def fail(self, key: str, reason: str, *, final: bool) -> None:
        """Note a failed try; a final one sets the item aside."""
        state = "failed" if final else "waiting"
        self._write("UPDATE items SET state = ?, reason = ?, tries = tries + 1 WHERE key = ?", (state, reason, key))

    def release(self) -> None:
        """Note that work in progress was given up in good order: it counts as no try."""
        self._write("UPDATE items SET state = 'waiting' WHERE state = 'running'", ())

    def find_twin(self, twin: str) -> Entry | None:
        """A finished item whose document a tagger cannot tell from this one, and whose tags are its own."""
        where = "WHERE twin = ? AND state = 'done' AND origin = '' LIMIT 1"
        row = self._db.execute(_SELECT + where, (twin,)).fetchone()
        return Entry(*row) if row else None

    def near(self, key: str, signature: str, least: float) -> Entry | None:
        """The first item in input order, before this one, that says nearly the same and is not itself such a copy."""
        keys = bands(signature)
        marks = ",".join("?" * len(keys))
        query = (
            f"{_SELECT} WHERE run = ? AND state = 'done' AND origin = '' "  # noqa: S608  (only question marks)
            f"AND key IN (SELECT key FROM bands WHERE band IN ({marks})) "
            "AND seq < (SELECT seq FROM items WHERE key = ?) ORDER BY seq"
        )
        for row in self._db.execute(query, (self.run, *keys, key)) if keys else ():
            entry = Entry(*row)
            if likeness(entry.signature, signature) >= least:
                return entry
        return None

    def done_keys(self) -> list[str]:
        """Keys of this run's finished items, in input order."""
        rows = self._db.execute("SELECT key FROM items WHERE run = ? AND state = 'done' ORDER BY seq", (self.run,))
        return [key for (key,) in rows]

    def settled(self, *, note: bool = False) -> bool:
        """Whether the finished items are those, in the order, of the last call with `note`; it syncs."""
        digest = hashlib.sha256()
        query = "SELECT key, stamp FROM items WHERE run = ? AND state = 'done' ORDER BY seq"
        for row in self._db.execute(query, (self.run,)):
            digest.update(repr(row).encode("utf-8", "replace"))
        known = self._db.execute("SELECT value FROM meta WHERE key = 'settled'").fetchone()
        if note:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('settled', ?)", (digest.hexdigest(),))
            self._db.commit()
        return known is not None and known[0] == digest.hexdigest()

    def entries(self, state: str) -> Iterator[Entry]:
        """This run's items of a state, in input order."""
        for row in self._db.execute(_SELECT + "WHERE run = ? AND state = ? ORDER BY seq", (self.run, state)):
            yield Entry(*row)

    def count(self, state: str) -> int:
        """How many items of this run are in a state."""
        query = "SELECT count(*) FROM items WHERE run = ? AND state = ?"
        return int(self._db.execute(query, (self.run, state)).fetchone()[0])

    def commit(self) -> None:
        """Sync what was met."""
        self._db.commit()

    def close(self) -> None:
        """Give up the lock."""
        self._db.close()

    def _write(self, statement: str, values: tuple[str, ...]) -> None:
        self._db.execute(statement, values)
        self._db.commit()


_SELECT = "SELECT key, state, tries, crashes, reason, twin, warnings, result, signature, origin, copied FROM items "
