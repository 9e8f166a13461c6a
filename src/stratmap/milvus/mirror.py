"""Keeping Milvus in step with the database of an index.

Comes in: a connection inside the write transaction. Goes out: rows in Milvus, before the commit: what is committed is
there, and what is there without being committed is known to the ledger and never found. It decides nothing about
documents.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from stratmap.index.derived import words_of
from stratmap.milvus.far import Far, FarRow
from stratmap.milvus.ledger import Ledger

_GROUP = 4_000  # passages that are held in memory at once
Progress = Callable[[int, int], None]


class Mirror:
    """The far side of one index folder.

    Args:
        far: The collection.
        ledger: What it is known to hold.
    """

    def __init__(self, far: Far, ledger: Ledger) -> None:
        self.far, self.ledger = far, ledger

    def lacking(self, connection: sqlite3.Connection, after: int = 0) -> dict[int, str]:
        """Living documents that Milvus does not hold as they are, with their stamps.

        Args:
            connection: Of the index.
            after: Only documents with a higher number.
        """
        whole = self.ledger.whole()
        return {row: stamp for row, stamp in stamps(connection, after).items() if whole.get(row) != stamp}

    def send(self, connection: sqlite3.Connection, lacking: dict[int, str], progress: Progress | None = None) -> None:
        """Send documents, group by group; each that is through stays through, whatever comes after.

        Raises:
            ServiceError: Milvus failed.
        """
        rows, sent = list(lacking), 0
        while sent < len(rows):
            group, passages = _group(connection, rows[sent:])
            before = self.ledger.begin({row: lacking[row] for row in group})
            if before:
                self.far.drop(sorted(before))
            self.far.keep(passages)
            self.ledger.done(group)
            sent += len(group)
            if progress:
                progress(sent, len(rows))

    def tidy(self, connection: sqlite3.Connection) -> int:
        """Let go of what the database no longer has; returns how many documents that were."""
        known = {row for (row,) in connection.execute("SELECT id FROM documents")}
        left = sorted(self.ledger.all() - known)
        if left:
            self.far.drop(left)
            self.ledger.gone(left)
        return len(left)

    def faults(self, connection: sqlite3.Connection) -> list[str]:
        """Where Milvus differs from the database: counts, spans, texts and vectors, bit by bit."""
        found: list[str] = []
        lacking = self.lacking(connection)
        if lacking:
            found.append(f"Milvus lacks {len(lacking)} documents")
        wanted = sorted(set(stamps(connection)) - set(lacking))
        for start in range(0, len(wanted), 20):
            some = wanted[start : start + 20]
            there = {row.number: row for row in self.far.rows(some)}
            ours = {row.number: row for row in _rows(connection, some)}
            found += [f"Milvus: passage {n} differs" for n, row in ours.items() if not _same(row, there.pop(n, None))]
            found += [f"Milvus: passage {n} is one too many" for n in there]
        return found


def stamps(connection: sqlite3.Connection, after: int = 0) -> dict[int, str]:
    """Living documents with what tells one state of their passages from another."""
    query = (
        "SELECT documents.id, coalesce(seals.passages, ''), coalesce(min(passages.id), 0), count(passages.id) "
        "FROM documents LEFT JOIN seals ON seals.document = documents.id LEFT JOIN passages "
        "ON passages.document = documents.id WHERE died IS NULL AND documents.id > ? GROUP BY documents.id"
    )
    return {row: f"{seal}:{first}:{count}" for row, seal, first, count in connection.execute(query, (after,))}


def _group(connection: sqlite3.Connection, rows: Sequence[int]) -> tuple[list[int], list[FarRow]]:
    group: list[int] = []
    passages: list[FarRow] = []
    for row in rows:
        group.append(row)
        passages += _rows(connection, [row])
        if len(passages) >= _GROUP:
            break
    return group, passages


def _rows(connection: sqlite3.Connection, documents: Sequence[int]) -> Iterator[FarRow]:
    for document in documents:
        doc_id, title, language = connection.execute(
            "SELECT doc_id, title, language FROM documents WHERE id = ?", (document,)
        ).fetchone()
        query = "SELECT id, page_index, start, text, heading, vector FROM passages WHERE document = ? ORDER BY id"
        for number, page_index, start, text, heading, vector in connection.execute(query, (document,)):
            stems = " ".join(words_of(title, heading, text, language))
            values = np.frombuffer(vector, dtype="<f4")
            yield FarRow(number, document, doc_id, page_index, start, text, stems, values)


def _same(ours: FarRow, theirs: FarRow | None) -> bool:
    return (
        theirs is not None
        and (ours.document, ours.doc_id, ours.page_index, ours.start, ours.text)
        == (theirs.document, theirs.doc_id, theirs.page_index, theirs.start, theirs.text)
        and ours.vector.tobytes() == theirs.vector.astype("<f4").tobytes()
    )
