"""What the tagger made of passages, kept so that nothing has to be encoded again.

Comes in: for a text the vectors of its passages and the tagger's logits. Goes out: the same, for every text of the
archive and for corrected texts that are not in it. Logits belong to one tagger, named by its fingerprint: those of
another are not given back. An archive's vectors stay where they are, in `passages`; what hangs on a document goes
with it. It keeps no text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stratmap.errors import IndexFolderError
from stratmap.index.schema import has_table, reading, writing
from stratmap.index.writes import storable
from stratmap.reading.annexes import counted

_SCORES = """
CREATE TABLE IF NOT EXISTS scores (
  document INTEGER PRIMARY KEY REFERENCES documents ON DELETE CASCADE, tagger TEXT NOT NULL, logits BLOB NOT NULL)
  STRICT
"""
EXAMPLES_TABLE = """
CREATE TABLE IF NOT EXISTS examples (
  doc_id TEXT PRIMARY KEY, document TEXT NOT NULL, tagger TEXT NOT NULL, labels INTEGER NOT NULL,
  vectors BLOB NOT NULL, logits BLOB NOT NULL, lengths BLOB NOT NULL, spans BLOB NOT NULL) STRICT
"""
Floats = npt.NDArray[np.float32]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Features:
    """One text as the tagger saw it; n passages.

    Attributes:
        doc_id: Its identity.
        document: What people call it.
        vectors: float32 (n, dim), length 1.
        logits: The shipped tagger's, float32 (n, n_labels).
        lengths: Characters of each passage that count for the document, (n,).
        spans: Page index, start and end of each passage, (n, 3).
    """

    doc_id: str
    document: str
    vectors: Floats
    logits: Floats
    lengths: Whole
    spans: Whole


class FeatureStore:
    """The features in one index folder, for one tagger.

    Args:
        folder: The index folder.
        tagger: Fingerprint of the tagger whose logits are kept and given.
        lock_timeout_s: How long to wait for another writer.
    """

    def __init__(self, folder: Path, tagger: str, lock_timeout_s: float = 30.0) -> None:
        self._folder = folder
        self._tagger = tagger
        self._timeout_s = lock_timeout_s

    def keep_scores(self, logits: Iterable[tuple[str, Floats]]) -> int:
        """Keep the logits of documents of the archive; returns how many fitted their passages.

        Raises:
            IndexLocked: Another process is writing.
        """
        kept = 0
        with writing(self._folder, self._timeout_s) as connection:
            connection.execute(_SCORES)
            for doc_id, values in logits:
                found = connection.execute(
                    "SELECT documents.id, count(passages.id) FROM documents LEFT JOIN passages "
                    "ON passages.document = documents.id WHERE died IS NULL AND doc_id = ? GROUP BY documents.id",
                    (doc_id,),
                ).fetchone()
                if found is not None and found[1] == len(values):
                    row = (found[0], self._tagger, _bytes(values, "<f4"))
                    connection.execute("INSERT OR REPLACE INTO scores VALUES (?,?,?)", row)
                    kept += 1
        return kept

    def unscored(self) -> list[str]:
        """Documents of the archive without logits of this tagger, in the order in which they came."""
        with reading(self._folder) as connection:
            query = "SELECT doc_id FROM documents WHERE died IS NULL {} ORDER BY id"
            if not has_table(connection, "scores"):
                rows = connection.execute(query.format("")).fetchall()
            else:
                lacking = "AND id NOT IN (SELECT document FROM scores WHERE tagger = ?)"
                rows = connection.execute(query.format(lacking), (self._tagger,)).fetchall()
        return [row[0] for row in rows]

    def passage_texts(self, doc_id: str) -> list[str]:
        """The passages of a document of the archive, in order."""
        with reading(self._folder) as connection:
            rows = connection.execute(
                "SELECT passages.text FROM passages JOIN documents ON documents.id = passages.document "
                "WHERE died IS NULL AND doc_id = ? ORDER BY passages.id",
                (doc_id,),
            ).fetchall()
        return [row[0] for row in rows]

    def archive(self, doc_ids: Sequence[str] | None = None) -> list[Features]:
        """Features of documents of the archive that have logits; all of them where none are named."""
        with reading(self._folder) as connection:
            if not has_table(connection, "scores"):
                return []
            rows = connection.execute(
                "SELECT id, doc_id, name, logits FROM documents JOIN scores ON document = documents.id "
                "WHERE died IS NULL AND tagger = ? ORDER BY id",
                (self._tagger,),
            ).fetchall()
            wanted = None if doc_ids is None else set(doc_ids)
            return [_of_archive(connection, row) for row in rows if wanted is None or row[1] in wanted]

    def keep_example(self, features: Features) -> None:
        """Keep the features of a corrected text that is not in the archive.

        Raises:
            IndexLocked: Another process is writing.
        """
        row = (
            features.doc_id,
            storable(features.document),
            self._tagger,
            features.logits.shape[1],
            _bytes(features.vectors, "<f4"),
            _bytes(features.logits, "<f4"),
            _bytes(features.lengths, "<i8"),
            _bytes(features.spans, "<i8"),
        )
        with writing(self._folder, self._timeout_s) as connection:
            connection.execute(EXAMPLES_TABLE)
            connection.execute("INSERT OR REPLACE INTO examples VALUES (?,?,?,?,?,?,?,?)", row)

    def examples(self) -> list[Features]:
        """Features of corrected texts outside the archive, by doc_id."""
        with reading(self._folder) as connection:
            if not has_table(connection, "examples"):
                return []
            rows = connection.execute(
                "SELECT doc_id, document, labels, vectors, logits, lengths, spans FROM examples "
                "WHERE tagger = ? ORDER BY doc_id",
                (self._tagger,),
            ).fetchall()
        return [_example(row) for row in rows]

    def forget(self, doc_ids: Sequence[str]) -> int:
        """Remove what is kept of texts outside the archive; returns how many there were."""
        with writing(self._folder, self._timeout_s) as connection:
            if not has_table(connection, "examples"):
                return 0
            return sum(connection.execute("DELETE FROM examples WHERE doc_id = ?", (d,)).rowcount for d in doc_ids)


def _of_archive(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Features:
    number, doc_id, name, logits = row
    passages = connection.execute(
        'SELECT page_index, start, "end", vector, heading FROM passages WHERE document = ? ORDER BY id', (number,)
    ).fetchall()
    spans = np.array([p[:3] for p in passages], dtype=np.int64).reshape(len(passages), 3)
    vectors = _matrix(b"".join(p[3] for p in passages), "<f4", len(passages), doc_id)
    scores = _matrix(logits, "<f4", len(passages), doc_id)
    lengths = np.array([counted(heading, end - start) for _, start, end, _, heading in passages], dtype=np.int64)
    return Features(doc_id, name, vectors, scores, lengths, spans)


def _example(row: tuple[Any, ...]) -> Features:
    doc_id, document, labels, vectors, logits, lengths, spans = row
    count = len(logits) // (4 * max(1, labels))
    return Features(
        doc_id,
        document,
        _matrix(vectors, "<f4", count, doc_id),
        _matrix(logits, "<f4", count, doc_id),
        _matrix(lengths, "<i8", count, doc_id).reshape(count),
        _matrix(spans, "<i8", count, doc_id),
    )


def _bytes(values: np.ndarray, kind: str) -> bytes:
    return np.ascontiguousarray(values, dtype=kind).tobytes()


def _matrix(data: bytes, kind: str, rows: int, doc_id: str) -> Any:
    """Bytes as a matrix of so many rows.

    Raises:
        IndexFolderError: They do not fit, or hold what is no number.
    """
    size = np.dtype(kind).itemsize
    if (rows == 0 and data) or (rows and (len(data) % (rows * size) or not data)):
        raise IndexFolderError(
            f"{doc_id}: expected features of {rows} passages, found {len(data)} bytes. The index is damaged; "
            "delete the document and add it again."
        )
    matrix = np.frombuffer(data, dtype=kind).reshape(rows, -1 if rows else 0)
    if kind == "<f4" and not np.isfinite(matrix).all():
        raise IndexFolderError(
            f"{doc_id}: expected finite features, found others; delete the document and add it again."
        )
    return matrix
