"""A document as the index keeps it, with the digests by which damage is found.

Comes in: a row of an open database. Goes out: a `StoredDocument`, and the other way round in `writes`. It is what
travels between indexes; it knows no files.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from stratmap.index.hybrid import Scores
from stratmap.index.schema import has_table
from stratmap.records import UNDETERMINED, Document, Language, Page, Passage

PASSAGE_COLUMNS = 'page_index, page, start, "end", "offset", text, heading, vector'


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """One row of `documents` with all that hangs on it.

    Attributes:
        pages: Number (None where the format has none) and text of each page, in order.
        vectors: float32 (n, dim), one row a passage.
        born: The generation in which it came.
        died: The generation in which it was deleted or replaced; None while it lives.
        tagger: What its labels were made by; "declared" where the document says so itself, "" where unknown.
    """

    doc_id: str
    name: str
    source: str
    title: str
    language: str
    pages: tuple[tuple[int | None, str], ...]
    passages: tuple[Passage, ...]
    vectors: Scores
    labels: dict[str, float]
    countries: tuple[str, ...]
    year: int | None
    warnings: tuple[str, ...]
    born: int
    died: int | None = None
    tagger: str = ""

    def document(self) -> Document:
        """The document as reading gave it, so that it can be split, encoded and tagged again."""
        pages: list[Page] = []
        offset = 0
        for number, text in self.pages:
            pages.append(Page(number, text, offset))
            offset += len(text) + 1
        language = Language(self.language, self.language) if self.language != UNDETERMINED.code else UNDETERMINED
        return Document(self.doc_id, self.name, self.source, tuple(pages), language, self.title, warnings=self.warnings)


def text_digest(pages: Iterable[tuple[int | None, str]]) -> str:
    """Hex SHA-256 over the pages in order."""
    digest = hashlib.sha256()
    for number, text in pages:
        digest.update(f"{number}\n{len(text)}\n{text}\n".encode())
    return digest.hexdigest()


def passages_digest(passages: Iterable[Passage], vectors: Iterable[bytes]) -> str:
    """Hex SHA-256 over spans, headings and vectors (little-endian float32) in order."""
    digest = hashlib.sha256()
    for p, vector in zip(passages, vectors, strict=True):
        digest.update(f"{p.page_index} {p.page} {p.start} {p.end} {p.offset}\n{p.text}\n{p.heading}\n".encode())
        digest.update(vector)
    return digest.hexdigest()


def read_stored(connection: sqlite3.Connection, row: int) -> StoredDocument:
    """All of one document.

    Raises:
        LookupError: There is no such row.
        ValueError: A value of it is not what it should be: damage.
        sqlite3.Error: The database cannot give it.
    """
    bare = read_bare(connection, row)
    passages, vectors = read_passages(connection, row, bare.doc_id)
    labels, tagger = read_labels(connection, row)
    return replace(bare, passages=passages, vectors=_matrix(vectors), labels=labels, tagger=tagger)


def read_bare(connection: sqlite3.Connection, row: int) -> StoredDocument:
    """One document with its text, without passages and labels.

    Raises:
        LookupError, ValueError, sqlite3.Error: As `read_stored`.
    """
    columns = "doc_id, name, source, title, language, countries, year, warnings, born, died"
    found = connection.execute(f"SELECT {columns} FROM documents WHERE id = ?", (row,)).fetchone()  # noqa: S608
    if found is None:
        raise LookupError(f"no document {row}")
    pages = connection.execute("SELECT number, text FROM pages WHERE document = ? ORDER BY page_index", (row,))
    doc_id, name, source, title, language = found[:5]
    return StoredDocument(
        doc_id,
        name,
        source,
        title,
        language,
        pages=tuple(pages.fetchall()),
        passages=(),
        vectors=_matrix([]),
        labels={},
        countries=tuple(json.loads(found[5])),
        year=found[6],
        warnings=tuple(json.loads(found[7])),
        born=found[8],
        died=found[9],
    )


def read_labels(connection: sqlite3.Connection, row: int) -> tuple[dict[str, float], str]:
    """Labels of one document, and what they were made by."""
    labels = connection.execute("SELECT code, probability FROM labels WHERE document = ? ORDER BY code", (row,))
    return dict(labels.fetchall()), _tagger(connection, row)


def read_passages(connection: sqlite3.Connection, row: int, doc_id: str) -> tuple[tuple[Passage, ...], list[bytes]]:
    """Passages of one document and their vectors as they lie on the disk."""
    query = f"SELECT {PASSAGE_COLUMNS} FROM passages WHERE document = ? ORDER BY id"  # noqa: S608
    rows = connection.execute(query, (row,)).fetchall()
    return tuple(Passage(doc_id, *found[:7]) for found in rows), [found[7] for found in rows]


def _matrix(vectors: list[bytes]) -> Scores:
    if len({len(vector) for vector in vectors}) > 1:
        raise ValueError("vectors of several sizes")
    return np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1 if vectors else 0)


def _tagger(connection: sqlite3.Connection, row: int) -> str:
    if not has_seals(connection):
        return ""
    found = connection.execute("SELECT tagger FROM seals WHERE document = ?", (row,)).fetchone()
    return str(found[0]) if found else ""


def has_seals(connection: sqlite3.Connection) -> bool:
    """Whether the index was written to since it keeps digests."""
    return has_table(connection, "seals")
