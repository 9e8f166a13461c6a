"""What a reader holds of an index: one generation, ready to be searched.

Comes in: a connection inside a read transaction. Goes out: a `Snapshot`, the rows that a filter allows, and passages
by their rows. Texts stay in the database until they are asked for. It keeps no connection.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.errors import IndexFolderError
from stratmap.index.dense import Dense, Scores
from stratmap.index.derived import DAMAGED_VECTORS, Base, make_base, open_base, stamps_of, words_of
from stratmap.index.hybrid import Hybrid, Rows
from stratmap.index.lexical import Lexical, build_postings
from stratmap.index.schema import noted_number
from stratmap.records import Filters, IndexedDocument, Passage

_LEAST_BASE = 5_000  # passages: below, everything is read from the database in less than a second
_STRAY_SHARE = 0.2  # of a base: so many passages may have come or gone before a new one is made


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The living documents of a generation.

    `passages` names each passage by its number in the database and `owners` its document, by row; rows of documents
    that have died since the base was made are never found. `documents` carry the labels that people's corrections
    leave, `machine` those before any; `corrections` tells which corrections are in.
    """

    generation: int
    documents: dict[int, IndexedDocument]
    passages: Rows
    owners: Rows
    living: int
    hybrid: Hybrid
    corrections: int = 0
    machine: dict[int, IndexedDocument] | None = None


@dataclass(frozen=True, slots=True)
class _Tail:
    """Passages that no base holds, in memory; all by row."""

    passages: Rows
    owners: Rows
    vectors: Scores
    words: list[list[str]]


def load_snapshot(connection: sqlite3.Connection, generation: int, folder: Path) -> Snapshot:
    """Read the living documents; passages and vectors from the base, and from the database what it lacks.

    Raises:
        IndexFolderError: A vector is not of the index's size.
    """
    documents = living_documents(connection)
    base, strange = _base(connection, generation, folder, documents)
    tail = _tail(connection, documents, strange)
    languages = sorted({document.language for document in documents.values()})
    if base is None:
        living = len(tail.passages)
        hybrid = Hybrid(Dense([tail.vectors]), lambda: Lexical([build_postings(tail.words)]), languages)
        return Snapshot(generation, documents, tail.passages, tail.owners, living, hybrid)
    own = np.concatenate([base.owners, tail.owners])
    known = _flags(own, [row for row in documents if row not in strange])[base.owners]
    alive = np.concatenate([known, np.ones(len(tail.owners), dtype=np.bool_)])
    hybrid = Hybrid(
        Dense([base.vectors, tail.vectors], base.cells),
        lambda: Lexical([base.postings, build_postings(tail.words)]),
        languages,
        alive=None if alive.all() else alive,
    )
    passages = np.concatenate([base.passages, tail.passages])
    return Snapshot(generation, documents, passages, own, int(np.count_nonzero(alive)), hybrid)


def _base(
    connection: sqlite3.Connection, generation: int, folder: Path, documents: dict[int, IndexedDocument]
) -> tuple[Base | None, set[int]]:
    """The base to use, and which documents it lacks; a new one where too much has come and gone."""
    stamps = stamps_of(connection)
    base = open_base(folder)
    strange = {row for row, stamp in stamps.items() if base is None or base.stamps.get(row) != stamp}
    total = connection.execute("SELECT count(*) FROM passages").fetchone()[0]
    stray = total if base is None else _strays(connection, base, documents, strange)
    if stray > max(_LEAST_BASE, _STRAY_SHARE * (len(base.owners) if base else 0)):
        made = make_base(folder, connection, generation, documents)
        if made is not None:
            return made, set()
    return base, strange


def _strays(
    connection: sqlite3.Connection, base: Base, documents: dict[int, IndexedDocument], strange: set[int]
) -> int:
    """Passages that the base lacks, and those of it that are dead."""
    query = "SELECT count(*) FROM passages WHERE document = ?"
    come = sum(connection.execute(query, (row,)).fetchone()[0] for row in strange)
    alive = [row for row in documents if row not in strange]
    return int(come + len(base.owners) - np.count_nonzero(_flags(base.owners, alive)[base.owners]))


def _flags(owners: Rows, documents: list[int]) -> Any:
    """Whether each document number is among `documents`; long enough to be indexed by `owners`."""
    flags = np.zeros(max(int(owners.max(initial=0)), *documents, 0) + 1, dtype=np.bool_)
    flags[documents] = True
    return flags


def living_documents(connection: sqlite3.Connection) -> dict[int, IndexedDocument]:
    """The documents of the present generation by their row, with the labels that the tagger gave."""
    labels: dict[int, dict[str, float]] = {}
    for row, code, probability in connection.execute("SELECT document, code, probability FROM labels"):
        labels.setdefault(row, {})[code] = probability
    query = "SELECT id, doc_id, name, source, title, language, pages, countries, year, warnings FROM documents"
    return {
        r[0]: _document(r, labels.get(r[0], {})) for r in connection.execute(query + " WHERE died IS NULL ORDER BY id")
    }


def _tail(connection: sqlite3.Connection, documents: dict[int, IndexedDocument], strange: set[int]) -> _Tail:
    dim = noted_number(connection, "dim")
    found: list[tuple[int, int, bytes]] = []
    terms: list[list[str]] = []
    for owner in sorted(strange & documents.keys()):
        for number, heading, text, vector in connection.execute(
            "SELECT id, heading, text, vector FROM passages WHERE document = ? ORDER BY id", (owner,)
        ):
            found.append((number, owner, vector))
            terms.append(words_of(documents[owner].title, heading, text, documents[owner].language))
    if any(len(vector) != 4 * dim for _, _, vector in found):
        raise IndexFolderError(DAMAGED_VECTORS.format(dim))
    vectors = np.frombuffer(b"".join(vector for _, _, vector in found), dtype="<f4").reshape(-1, dim)
    numbers = np.array([(number, owner) for number, owner, _ in found], dtype=np.int64).reshape(-1, 2)
    return _Tail(numbers[:, 0], numbers[:, 1], vectors, terms)


def _document(row: tuple[Any, ...], labels: dict[str, float]) -> IndexedDocument:
    countries, warnings = tuple(json.loads(row[7])), tuple(json.loads(row[9]))
    doc_id, name, source, title, language, pages = row[1:7]
    return IndexedDocument(doc_id, name, source, title, language, pages, countries, row[8], labels, warnings)


def passages_at(connection: sqlite3.Connection, snapshot: Snapshot, rows: Rows) -> dict[int, Passage]:
    """The passages of rows, by row; inside the transaction in which the snapshot was found to be current."""
    query = 'SELECT page_index, page, start, "end", "offset", text, heading FROM passages WHERE id = ?'
    found = {}
    for row in rows.tolist():
        values = connection.execute(query, (int(snapshot.passages[row]),)).fetchone()
        found[row] = Passage(snapshot.documents[int(snapshot.owners[row])].doc_id, *values)
    return found


def allowed_rows(snapshot: Snapshot, filters: Filters) -> Rows:
    """Passages of the documents that a filter allows, sorted."""
    fitting = [row for row, document in snapshot.documents.items() if fits(document, filters)]
    return np.flatnonzero(_flags(snapshot.owners, fitting)[snapshot.owners]).astype(np.int64)


def fits(document: IndexedDocument, filters: Filters) -> bool:
    """Whether a filter lets a document through."""
    countries = {country.casefold() for country in document.countries}
    return (
        (not filters.labels or any(code in document.labels for code in filters.labels))
        and (not filters.countries or any(country.casefold() in countries for country in filters.countries))
        and (filters.year_from is None or (document.year is not None and document.year >= filters.year_from))
        and (filters.year_to is None or (document.year is not None and document.year <= filters.year_to))
        and (not filters.documents or document.name in filters.documents or document.doc_id in filters.documents)
    )
