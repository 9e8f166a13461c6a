"""Corrections in the database of an index: who said what of which tag, and what follows for the labels.

Comes in: corrections, one batch a transaction. Goes out: the same in the order in which they were given, and for each
document the labels that people have decided. A later verdict on the same tag replaces an earlier one; nothing is ever
overwritten, so that every verdict can be undone. It knows no framework and no tagger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from stratmap.index.schema import has_table, note, noted_number, reading, writing
from stratmap.index.snapshot import Snapshot
from stratmap.index.writes import storable
from stratmap.records import Correction

TAG, EVIDENCE, NOTE = "tag", "evidence", "note"
Verdicts = dict[str, dict[str, bool]]
# Made by the first correction: what the table of the first schema has no room for.
FACTS_TABLE = """
CREATE TABLE IF NOT EXISTS correction_facts (
  correction INTEGER PRIMARY KEY REFERENCES corrections ON DELETE CASCADE, document TEXT NOT NULL, kind TEXT NOT NULL,
  page_index INTEGER, start INTEGER, "end" INTEGER, probability REAL, applied INTEGER) STRICT
"""
_SERIAL = "corrections"  # in `meta`: rises with every change, so that readers see when to look again
_QUERY = (
    "SELECT corrections.id, doc_id, code, verdict, note, author, at, undone, document, kind, page_index, start, "
    '"end", probability, applied FROM corrections JOIN correction_facts ON correction = corrections.id'
)


class CorrectionStore:
    """The corrections of one index folder.

    Args:
        folder: The index folder.
        lock_timeout_s: How long to wait for another writer.
    """

    def __init__(self, folder: Path, lock_timeout_s: float = 30.0) -> None:
        self._folder = folder
        self._timeout_s = lock_timeout_s

    def add(self, corrections: Sequence[Correction]) -> list[int]:
        """Keep corrections, all or none; returns their numbers.

        Raises:
            IndexLocked: Another process is writing.
            IndexFolderError: The disk refused.
        """
        if not corrections:
            return []
        with writing(self._folder, self._timeout_s) as connection:
            connection.execute(FACTS_TABLE)
            numbers = [_insert(connection, one) for one in corrections]
            _raise_serial(connection)
        return numbers

    def undo(self, numbers: Sequence[int]) -> int:
        """Take corrections back; returns how many there were to take back."""
        with writing(self._folder, self._timeout_s) as connection:
            undone = sum(
                connection.execute("UPDATE corrections SET undone = 1 WHERE id = ? AND undone = 0", (n,)).rowcount
                for n in numbers
            )
            if undone:
                _raise_serial(connection)
        return undone

    def all(self, *, undone: bool = False) -> list[Correction]:
        """All corrections in the order in which they were given; those taken back only where asked for."""
        with reading(self._folder) as connection:
            if not _any(connection):
                return []
            rows = connection.execute(_QUERY + " ORDER BY corrections.id").fetchall()
        found = [_correction(row) for row in rows]
        return [one for one in found if undone or not one.undone]

    def verdicts(self) -> Verdicts:
        """For each document the labels that people decided: doc_id, code, whether it applies."""
        with reading(self._folder) as connection:
            return _verdicts(connection)


def with_verdicts(connection: sqlite3.Connection, snapshot: Snapshot) -> Snapshot:
    """The snapshot with people's verdicts in its labels; the same one where none are new.

    A label that a person gave counts as certain, one that a person took away does not count.
    """
    serial = _serial(connection)
    if serial == snapshot.corrections:
        return snapshot
    machine = snapshot.machine or snapshot.documents
    verdicts = _verdicts(connection)
    documents = {
        row: replace(document, labels=decided(document.labels, verdicts[document.doc_id]))
        if document.doc_id in verdicts
        else document
        for row, document in machine.items()
    }
    return replace(snapshot, documents=documents, corrections=serial, machine=machine)


def decided(labels: Mapping[str, float], verdicts: Mapping[str, bool]) -> dict[str, float]:
    """Labels of a document after verdicts.

    >>> decided({"O1": 0.7, "O2": 0.4}, {"O2": False, "O3": True})
    {'O1': 0.7, 'O3': 1.0}
    """
    kept = {code: probability for code, probability in labels.items() if verdicts.get(code, True)}
    return kept | {code: 1.0 for code, applies in verdicts.items() if applies}


def _insert(connection: sqlite3.Connection, one: Correction) -> int:
    values = (one.doc_id, one.code, int(one.applies), storable(one.note), storable(one.author), one.at, int(one.undone))
    number = connection.execute(
        "INSERT INTO corrections (doc_id, code, verdict, note, author, at, undone) VALUES (?,?,?,?,?,?,?)", values
    ).lastrowid
    applied = None if one.applied is None else int(one.applied)
    facts = (number, storable(one.document), one.kind, *(one.place or (None, None, None)), one.probability, applied)
    connection.execute("INSERT INTO correction_facts VALUES (?,?,?,?,?,?,?,?)", facts)
    return int(number or 0)


def _any(connection: sqlite3.Connection) -> bool:
    return has_table(connection, "correction_facts")


def _serial(connection: sqlite3.Connection) -> int:
    return noted_number(connection, _SERIAL, "0")


def _raise_serial(connection: sqlite3.Connection) -> None:
    note(connection, _SERIAL, str(_serial(connection) + 1))


def _verdicts(connection: sqlite3.Connection) -> Verdicts:
    if not _any(connection):
        return {}
    found: Verdicts = {}
    for doc_id, code, verdict in connection.execute(
        "SELECT doc_id, code, verdict FROM corrections JOIN correction_facts ON correction = corrections.id "
        "WHERE undone = 0 AND kind = ? ORDER BY corrections.id",
        (TAG,),
    ):
        found.setdefault(doc_id, {})[code] = bool(verdict)
    return found


def _correction(row: tuple[Any, ...]) -> Correction:
    number, doc_id, code, verdict, note, author, at, undone, document, kind, page_index, start, end = row[:13]
    place = None if page_index is None else (int(page_index), int(start), int(end))
    applied = None if row[14] is None else bool(row[14])
    return Correction(
        doc_id, document, code, kind, bool(verdict), author, note, at, number, bool(undone), place, row[13], applied
    )
