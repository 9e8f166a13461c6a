"""What is written to an index, inside the one write transaction that `schema.writing` opens.

Comes in: a connection and documents with their vectors. Goes out: changed rows, born or dead in a generation. It
commits nothing itself, opens nothing and reads no more than it needs to decide.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

import numpy as np

from stratmap.errors import IndexFolderError
from stratmap.index.hybrid import Scores
from stratmap.records import Document, Passage


@dataclass(frozen=True, slots=True)
class Indexable:
    """A document ready for the index: its passages, their vectors (n, dim), and what is known about it."""

    document: Document
    passages: tuple[Passage, ...]
    vectors: Scores
    labels: dict[str, float] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    year: int | None = None


def generation_of(connection: sqlite3.Connection) -> int:
    """Number of the current generation."""
    return int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def compacted_at(connection: sqlite3.Connection) -> int:
    """The generation before which nothing is kept, 0 where the index was never compacted."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'compacted'").fetchone()
    return int(row[0]) if row else 0


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
    name, source, title = (storable(text) for text in (document.name, document.source, document.title))
    values = (
        document.doc_id, name, source, title, document.language.code,
        len(document.pages), json.dumps(item.countries, ensure_ascii=False), item.year,
        json.dumps(document.warnings, ensure_ascii=False), generation,
    )  # fmt: skip
    columns = "doc_id, name, source, title, language, pages, countries, year, warnings, born"
    row = connection.execute(f"INSERT INTO documents ({columns}) VALUES (?,?,?,?,?,?,?,?,?,?)", values).lastrowid  # noqa: S608
    connection.executemany(
        "INSERT INTO pages VALUES (?,?,?,?)",
        [(row, i, page.number, page.text) for i, page in enumerate(document.pages)],
    )
    connection.executemany(
        'INSERT INTO passages (document, page_index, page, start, "end", "offset", text, heading, vector) '
        "VALUES (?,?,?,?,?,?,?,?,?)",
        [
            (
                row,
                p.page_index,
                p.page,
                p.start,
                p.end,
                p.offset,
                p.text,
                p.heading,
                vector.astype("<f4").tobytes(),
            )
            for p, vector in zip(item.passages, item.vectors, strict=True)
        ],
    )
    connection.executemany("INSERT INTO labels VALUES (?,?,?)", [(row, c, float(p)) for c, p in item.labels.items()])
    return 1


def revive(connection: sqlite3.Connection, row: int, generation: int) -> None:
    """Let a dead document live again as a new row, so that the generations without it can still be gone back to."""
    columns = "doc_id, name, source, title, language, pages, countries, year, warnings"
    born = connection.execute(
        f"INSERT INTO documents ({columns}, born) SELECT {columns}, ? FROM documents WHERE id = ?",  # noqa: S608
        (generation, row),
    ).lastrowid
    for table, rest in (
        ("pages", "page_index, number, text"),
        ("passages", 'page_index, page, start, "end", "offset", text, heading, vector'),
        ("labels", "code, probability"),
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


def _check_vectors(connection: sqlite3.Connection, item: Indexable) -> None:
    dim = int(connection.execute("SELECT value FROM meta WHERE key = 'dim'").fetchone()[0])
    if item.vectors.shape != (len(item.passages), dim) or not np.isfinite(item.vectors).all():
        raise IndexFolderError(
            f"{item.document.source}: expected finite vectors of shape ({len(item.passages)}, {dim}), "
            f"found {item.vectors.shape}."
        )


def storable(text: str) -> str:
    """A text that UTF-8 can hold: a file's name may carry bytes that it cannot."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
