"""The documents of a generation without their passages: what a reader holds where Milvus searches.

Comes in: a connection inside a read transaction. Goes out: a `Snapshot` whose search is empty, and single passages. It
asks Milvus nothing.
"""

from __future__ import annotations

import sqlite3

import numpy as np

from stratmap.index.corrections import with_verdicts
from stratmap.index.hybrid import Hybrid
from stratmap.index.snapshot import Snapshot, living_documents
from stratmap.index.writes import generation_of
from stratmap.records import Passage


def empty_snapshot(connection: sqlite3.Connection, before: Snapshot | None) -> Snapshot:
    """The present generation; `before` itself where that is still current."""
    generation = generation_of(connection)
    snapshot = before
    if snapshot is None or snapshot.generation != generation:
        none = np.zeros(0, dtype=np.int64)
        query = "SELECT count(*) FROM passages JOIN documents ON documents.id = document WHERE died IS NULL"
        living = int(connection.execute(query).fetchone()[0])
        nothing = Hybrid(np.zeros((0, 1), dtype=np.float32), [])
        snapshot = Snapshot(generation, living_documents(connection), none, none, living, nothing)
    return with_verdicts(connection, snapshot)


def passage_of(connection: sqlite3.Connection, number: int, snapshot: Snapshot) -> tuple[int, Passage]:
    """A passage by its number in the database, with the number of its document."""
    query = 'SELECT document, page_index, page, start, "end", "offset", text, heading FROM passages WHERE id = ?'
    owner, *values = connection.execute(query, (number,)).fetchone()
    return owner, Passage(snapshot.documents[owner].doc_id, *values)
