"""What is written to an index, inside the one write transaction that `schema.writing` opens.

Comes in: a connection and documents with their vectors. Goes out: changed rows, born or dead in a generation. It
commits nothing itself, opens nothing and reads no more than it needs to decide.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from stratmap.errors import IndexFolderError
from stratmap.index.hybrid import Scores
from stratmap.index.schema import noted_number
from stratmap.index.stored import PASSAGE_COLUMNS, StoredDocument, passages_digest, text_digest
from stratmap.records import Document, Passage

DECLARED = "declared"  # in place of a tagger: the document states its labels itself


@dataclass(frozen=True, slots=True)
class Indexable:
    """A document ready for the index: its passages, their vectors (n, dim), and what is known about it.

    `tagger` names what the labels were made by; see `StoredDocument`.
    """

    document: Document
    passages: tuple[Passage, ...]
    vectors: Scores
    labels: dict[str, float] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    year: int | None = None
    tagger: str = ""


def generation_of(connection: sqlite3.Connection) -> int:
    """Number of the current generation."""
    return noted_number(connection, "generation")


def compacted_at(connection: sqlite3.Connection) -> int:
    """The generation before which nothing is kept, 0 where the index was never compacted."""
    return noted_number(connection, "compacted", "0")


def commit_generation(connection: sqlite3.Connection, generation: int, keep: int) -> None:
    """Raise the generation and let go of what no kept generation needs."""
    connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
    connection.execute("DELETE FROM documents WHERE died IS NOT NULL AND died <= ?", (generation - keep,))


def insert(connection: sqlite3.Connection, item: Indexable, generation: int) -> int:
    """Insert one document unless its text is there; a document of the same source is replaced."""
    document = item.document
    same = connection.execute("SELECT 1 FROM documents WHERE died IS NULL AND doc_id = ?", (document.doc_id,))
    if same.fetchone():
        return min(1, retire(connection, generation, document.source, document.doc_id))
    _check_vectors(connection, item)
    retire(connection, generation, document.source, document.doc_id)
    write_document(connection, _stored(item, generation))
    return 1


def _stored(item: Indexable, generation: int) -> StoredDocument:
    document = item.document
    return StoredDocument(
        document.doc_id,
        storable(document.name),
        storable(document.source),
        storable(document.title),
        document.language.code,
        tuple((page.number, page.text) for page in document.pages),
        item.passages,
        item.vectors,
        {code: float(probability) for code, probability in item.labels.items()},
        item.countries,
        item.year,
        document.warnings,
        generation,
        tagger=item.tagger,
    )


def write_document(connection: sqlite3.Connection, stored: StoredDocument, number: int | None = None) -> None:
    """Write a document as it is, born and died included; `number` keeps its place among the others."""
    values = (
        stored.doc_id, stored.name, stored.source, stored.title, stored.language, len(stored.pages),
        json.dumps(stored.countries, ensure_ascii=False), stored.year,
        json.dumps(stored.warnings, ensure_ascii=False), stored.born, stored.died, number,
    )  # fmt: skip
    columns = "doc_id, name, source, title, language, pages, countries, year, warnings, born, died, id"
    row = connection.execute(f"INSERT INTO documents ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", values).lastrowid  # noqa: S608
    pages = [(row, i, number, text) for i, (number, text) in enumerate(stored.pages)]
    connection.executemany("INSERT INTO pages VALUES (?,?,?,?)", pages)
    vectors = [vector.astype("<f4").tobytes() for vector in stored.vectors]
    connection.executemany(
        f"INSERT INTO passages (document, {PASSAGE_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608
        [
            (row, p.page_index, p.page, p.start, p.end, p.offset, p.text, p.heading, vector)
            for p, vector in zip(stored.passages, vectors, strict=True)
        ],
    )
    connection.executemany("INSERT INTO labels VALUES (?,?,?)", [(row, c, p) for c, p in stored.labels.items()])
    seal = (row, text_digest(stored.pages), passages_digest(stored.passages, vectors), stored.tagger)
    connection.execute("INSERT INTO seals VALUES (?,?,?,?)", seal)


def revive(connection: sqlite3.Connection, row: int, generation: int) -> None:
    """Let a dead document live again as a new row, so that the generations without it can still be gone back to."""
    columns = "doc_id, name, source, title, language, pages, countries, year, warnings"
    born = connection.execute(
        f"INSERT INTO documents ({columns}, born) SELECT {columns}, ? FROM documents WHERE id = ?",  # noqa: S608
        (generation, row),
    ).lastrowid
    for table, rest in (
        ("pages", "page_index, number, text"),
        ("passages", PASSAGE_COLUMNS),
        ("labels", "code, probability"),
        ("seals", "text, passages, tagger"),
    ):
        connection.execute(
            f"INSERT INTO {table} (document, {rest}) SELECT ?, {rest} FROM {table} WHERE document = ? ORDER BY rowid",  # noqa: S608
            (born, row),
        )


def retire(connection: sqlite3.Connection, generation: int, source: str, doc_id: str) -> int:
    """Let the texts of a source die, except its present one."""
    return connection.execute(
        "UPDATE documents SET died = ? WHERE died IS NULL AND source = ? AND doc_id <> ?",
        (generation, storable(source), doc_id),
    ).rowcount


def replace_labels(connection: sqlite3.Connection, labels: Mapping[str, Mapping[str, float]], tagger: str) -> int:
    """Give living documents other labels, except where the document states its own; returns how many changed."""
    changed = 0
    for doc_id, given in labels.items():
        found = connection.execute(
            "SELECT id FROM documents JOIN seals ON document = id WHERE died IS NULL AND doc_id = ? AND tagger <> ?",
            (doc_id, DECLARED),
        ).fetchone()
        if found is None:
            continue
        before = dict(connection.execute("SELECT code, probability FROM labels WHERE document = ?", found).fetchall())
        connection.execute("DELETE FROM labels WHERE document = ?", found)
        connection.executemany("INSERT INTO labels VALUES (?,?,?)", [(found[0], c, p) for c, p in given.items()])
        connection.execute("UPDATE seals SET tagger = ? WHERE document = ?", (tagger, found[0]))
        changed += set(before) != set(given)
    return changed


def _check_vectors(connection: sqlite3.Connection, item: Indexable) -> None:
    dim = noted_number(connection, "dim")
    if item.vectors.shape != (len(item.passages), dim) or not np.isfinite(item.vectors).all():
        raise IndexFolderError(
            f"{item.document.source}: expected finite vectors of shape ({len(item.passages)}, {dim}), "
            f"found {item.vectors.shape}."
        )


def storable(text: str) -> str:
    """A text that UTF-8 can hold: a file's name may carry bytes that it cannot."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
