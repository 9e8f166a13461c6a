"""What a reader holds of an index: one generation in memory, ready to be searched.

Comes in: a connection inside a read transaction. Goes out: a `Snapshot`, and the rows that a filter allows. It
writes nothing and keeps no connection.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

import numpy as np

from stratmap.errors import IndexFolderError
from stratmap.index.hybrid import Hybrid, Rows
from stratmap.records import Filters, IndexedDocument, Passage


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The living documents of a generation; `owners` names the document of each passage, by its row.

    `documents` carry the labels that people's corrections leave, `machine` those before any; `corrections` tells
    which corrections are in.
    """

    generation: int
    documents: dict[int, IndexedDocument]
    passages: tuple[Passage, ...]
    owners: Rows
    hybrid: Hybrid
    corrections: int = 0
    machine: dict[int, IndexedDocument] | None = None


def load_snapshot(connection: sqlite3.Connection, generation: int) -> Snapshot:
    """Read the living documents with their passages and vectors.

    Raises:
        IndexFolderError: A vector is not of the index's size.
    """
    labels: dict[int, dict[str, float]] = {}
    for row, code, probability in connection.execute("SELECT document, code, probability FROM labels"):
        labels.setdefault(row, {})[code] = probability
    query = "SELECT id, doc_id, name, source, title, language, pages, countries, year, warnings FROM documents"
    documents = {
        r[0]: _document(r, labels.get(r[0], {})) for r in connection.execute(query + " WHERE died IS NULL ORDER BY id")
    }
    passages: list[Passage] = []
    owners: list[int] = []
    vectors: list[bytes] = []
    for r in connection.execute(
        'SELECT document, page_index, page, start, "end", "offset", text, heading, vector FROM passages ORDER BY id'
    ):
        if r[0] in documents:
            passages.append(Passage(documents[r[0]].doc_id, r[1], r[2], r[3], r[4], r[5], r[6], r[7]))
            owners.append(r[0])
            vectors.append(r[8])
    dim = int(connection.execute("SELECT value FROM meta WHERE key = 'dim'").fetchone()[0])
    if any(len(vector) != 4 * dim for vector in vectors):
        raise IndexFolderError(
            f"the index is damaged: expected vectors of {dim} dimensions. See `stratmap doctor --index DIR`, "
            "and index the documents again into a new folder."
        )
    matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(-1, dim)
    texts = [f"{documents[o].title}\n{p.heading}\n{p.text}" for o, p in zip(owners, passages, strict=True)]
    languages = [documents[o].language for o in owners]
    hybrid = Hybrid(matrix, texts, languages)
    return Snapshot(generation, documents, tuple(passages), np.array(owners, dtype=np.int64), hybrid)


def _document(row: tuple[Any, ...], labels: dict[str, float]) -> IndexedDocument:
    countries, warnings = tuple(json.loads(row[7])), tuple(json.loads(row[9]))
    doc_id, name, source, title, language, pages = row[1:7]
    return IndexedDocument(doc_id, name, source, title, language, pages, countries, row[8], labels, warnings)


def allowed_rows(snapshot: Snapshot, filters: Filters) -> Rows:
    """Passages of the documents that a filter allows, sorted."""
    fitting = [row for row, document in snapshot.documents.items() if _fits(document, filters)]
    return np.flatnonzero(np.isin(snapshot.owners, fitting)).astype(np.int64)


def _fits(document: IndexedDocument, filters: Filters) -> bool:
    countries = {country.casefold() for country in document.countries}
    return (
        (not filters.labels or any(code in document.labels for code in filters.labels))
        and (not filters.countries or any(country.casefold() in countries for country in filters.countries))
        and (filters.year_from is None or (document.year is not None and document.year >= filters.year_from))
        and (filters.year_to is None or (document.year is not None and document.year <= filters.year_to))
        and (not filters.documents or document.name in filters.documents or document.doc_id in filters.documents)
    )
