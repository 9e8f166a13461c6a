"""The `Index`: one folder, opened by readers and one writer at a time.

Promises: after `add`, `delete`, `rollback` or `compact` returns, its effect is on the disk; a crash leaves the
state before; readers of other processes see whole generations only. The same text is held once, whatever its
name; a file that changed replaces its former self.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.errors import IndexFolderError, UsageError
from stratmap.index.hybrid import Hybrid, Rows, Scores
from stratmap.index.schema import FILE, create, reading, writing
from stratmap.records import Document, Filters, Hit, IndexedDocument, Passage
from stratmap.settings import IndexSettings


@dataclass(frozen=True, slots=True)
class Indexable:
    """A document ready for the index: its passages, their vectors (n, dim), and what is known about it."""

    document: Document
    passages: tuple[Passage, ...]
    vectors: Scores
    labels: dict[str, float] = field(default_factory=dict)
    countries: tuple[str, ...] = ()
    year: int | None = None


@dataclass(frozen=True, slots=True)
class _Snapshot:
    generation: int
    documents: dict[int, IndexedDocument]
    passages: tuple[Passage, ...]
    owners: Rows
    hybrid: Hybrid


class Index:
    """An index folder.

    Args:
        folder: The folder.
        settings: Lock time-out and kept generations.
    """

    def __init__(self, folder: Path, settings: IndexSettings | None = None) -> None:
        self.folder = folder
        self._settings = settings or IndexSettings()
        self._snapshot: _Snapshot | None = None
        self._guard = threading.Lock()

    @classmethod
    def open(
        cls, folder: Path, encoder: str, fingerprint: str, dim: int, settings: IndexSettings | None = None,
        *, make: bool = False,
    ) -> Index:  # fmt: skip
        """Open an index made by this encoder, or make it.

        Raises:
            IndexFolderError: There is none (and `make` is False), or it was made by another encoder.
        """
        if make:
            create(folder, encoder, fingerprint, dim)
        index = cls(folder, settings)
        meta = index.meta()
        if meta["fingerprint"] != fingerprint or int(meta["dim"]) != dim:
            raise IndexFolderError(
                f"{folder}: expected an index of the encoder {encoder} ({fingerprint}, {dim} dimensions), "
                f"found one of {meta['encoder']} ({meta['fingerprint']}, {meta['dim']}). "
                "Name that encoder in stratmap.toml, or "
                "index the documents again into a new folder: stratmap index PATHS --index DIR"
            )
        return index

    def meta(self) -> dict[str, str]:
        """What the index says of itself: schema, encoder, fingerprint, dim, generation."""
        with reading(self.folder) as connection:
            return dict(connection.execute("SELECT key, value FROM meta").fetchall())

    @property
    def generation(self) -> int:
        """Number of the current generation; each committed write raises it."""
        return int(self.meta()["generation"])

    # Writing

    def holds(self, doc_id: str) -> bool:
        """Whether a text is already indexed."""
        with reading(self.folder) as connection:
            found = connection.execute("SELECT 1 FROM documents WHERE died IS NULL AND doc_id = ?", (doc_id,))
            return found.fetchone() is not None

    def retire_former(self, doc_id: str, source: str) -> int:
        """Take away other texts of a source whose present text is `doc_id` and is indexed under another name.

        Returns how many there were.
        """
        query = "FROM documents WHERE died IS NULL AND source = ? AND doc_id <> ?"
        former = (_storable(source), doc_id)
        with reading(self.folder) as connection:
            if connection.execute(f"SELECT 1 {query}", former).fetchone() is None:
                return 0
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            generation = _generation(connection) + 1
            retired = _retire(connection, generation, source, doc_id)
            _commit_generation(connection, generation, self._settings.keep_generations)
        return retired

    def add(self, items: Iterable[Indexable]) -> int:
        """Add or replace documents in one transaction; returns how many were new or changed.

        Raises:
            IndexLocked: Another process is writing.
            IndexFolderError: The disk refused, or vectors do not fit; nothing of the batch is in the index then.
        """
        added = 0
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            generation = _generation(connection) + 1
            for item in items:
                added += _insert(connection, item, generation)
            if added:
                _commit_generation(connection, generation, self._settings.keep_generations)
        return added

    def delete(self, names: Sequence[str]) -> int:
        """Delete documents by name, source or doc_id; returns how many there were."""
        deleted = 0
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            generation = _generation(connection) + 1
            for name in names:
                deleted += connection.execute(
                    "UPDATE documents SET died = ? WHERE died IS NULL AND (name = ? OR source = ? OR doc_id = ?)",
                    (generation, name, name, name),
                ).rowcount
            if deleted:
                _commit_generation(connection, generation, self._settings.keep_generations)
        return deleted

    def rollback(self, generation: int) -> None:
        """Bring back the state of an earlier generation, as a new generation.

        Raises:
            UsageError: That generation does not exist or is no longer kept.
        """
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            current = _generation(connection)
            oldest = max(0, current - self._settings.keep_generations, _compacted(connection))
            if not oldest <= generation < current:
                raise UsageError(f"expected a generation from {oldest} to {current - 1}, found {generation}.")
            connection.execute(
                "UPDATE documents SET died = ? WHERE died IS NULL AND born > ?", (current + 1, generation)
            )
            gone = "SELECT id FROM documents WHERE born <= ? AND died > ? AND died <= ? ORDER BY id"
            for (row,) in connection.execute(gone, (generation, generation, current)).fetchall():
                _copy(connection, row, current + 1)
            _commit_generation(connection, current + 1, self._settings.keep_generations)

    def compact(self) -> int:
        """Remove all that was deleted or replaced from the disk; returns how many documents."""
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            removed = connection.execute("DELETE FROM documents WHERE died IS NOT NULL").rowcount
            connection.execute("INSERT OR REPLACE INTO meta VALUES ('compacted', ?)", (str(_generation(connection)),))
        vacuum = sqlite3.connect(self.folder / FILE, timeout=self._settings.lock_timeout_s, isolation_level=None)
        try:
            vacuum.execute("VACUUM")
            vacuum.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            raise IndexFolderError(f"{self.folder}: could not be compacted ({error}); nothing is lost.") from error
        finally:
            vacuum.close()
        return removed

    # Reading

    def documents(self) -> list[IndexedDocument]:
        """All documents, in the order in which they came."""
        return list(self._current().documents.values())

    def page_text(self, doc_id: str, page_index: int) -> str:
        """The text of one page of an indexed document.

        Raises:
            UsageError: There is no such document or page.
        """
        with reading(self.folder) as connection:
            row = connection.execute(
                "SELECT pages.text FROM pages JOIN documents ON documents.id = pages.document "
                "WHERE died IS NULL AND doc_id = ? AND page_index = ?",
                (doc_id, page_index),
            ).fetchone()
        if row is None:
            raise UsageError(f"expected a page of an indexed document, found none for {doc_id} #{page_index}.")
        return str(row[0])

    def search(self, question: str, vector: Scores, k: int, filters: Filters | None = None) -> list[Hit]:
        """The k best passages for a question, best first.

        Args:
            question: The question in words; taken literally, without operators.
            vector: Its vector, (dim,).
            k: Most passages.
            filters: Restrictions; applied before the search, so that nothing that fits is missed.
        """
        snapshot = self._current()
        rows = _allowed(snapshot, filters) if filters else None
        found = snapshot.hybrid.search(question, vector, k, rows)
        return [
            Hit(
                snapshot.passages[row],
                snapshot.documents[int(snapshot.owners[row])].name,
                float(found.scores[i]),
                float(found.dense[i]),
                float(found.lexical[i]),
            )
            for i, row in enumerate(found.rows.tolist())
        ]

    def __len__(self) -> int:
        """Number of passages."""
        return len(self._current().passages)

    def verify(self) -> list[str]:
        """What is wrong with the index, in sentences; empty when all is well."""
        with reading(self.folder) as connection:
            problems = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            problems += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
            dim = int(dict(connection.execute("SELECT key, value FROM meta").fetchall())["dim"])
            wrong = connection.execute("SELECT count(*) FROM passages WHERE length(vector) <> ?", (4 * dim,)).fetchone()
            if wrong[0]:
                problems.append(f"expected vectors of {dim} dimensions, found {wrong[0]} passages with another size")
            problems += _broken_spans(connection)
        return problems

    def _current(self) -> _Snapshot:
        with self._guard:
            with reading(self.folder) as connection:
                generation = _generation(connection)
                if self._snapshot is None or self._snapshot.generation != generation:
                    self._snapshot = _load(connection, generation)
            return self._snapshot


def _generation(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()[0])


def _compacted(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT value FROM meta WHERE key = 'compacted'").fetchone()
    return int(row[0]) if row else 0


def _commit_generation(connection: sqlite3.Connection, generation: int, keep: int) -> None:
    connection.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
    connection.execute("DELETE FROM documents WHERE died IS NOT NULL AND died <= ?", (generation - keep,))


def _insert(connection: sqlite3.Connection, item: Indexable, generation: int) -> int:
    """Insert one document unless its text is there; a document of the same source is replaced."""
    document = item.document
    same = connection.execute("SELECT 1 FROM documents WHERE died IS NULL AND doc_id = ?", (document.doc_id,))
    if same.fetchone():
        return min(1, _retire(connection, generation, document.source, document.doc_id))
    _check_vectors(connection, item)
    _retire(connection, generation, document.source, document.doc_id)
    name, source, title = (_storable(text) for text in (document.name, document.source, document.title))
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


def _copy(connection: sqlite3.Connection, row: int, generation: int) -> None:
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


def _retire(connection: sqlite3.Connection, generation: int, source: str, doc_id: str) -> int:
    """Let the texts of a source die, except its present one."""
    return connection.execute(
        "UPDATE documents SET died = ? WHERE died IS NULL AND source = ? AND doc_id <> ?",
        (generation, _storable(source), doc_id),
    ).rowcount


def _check_vectors(connection: sqlite3.Connection, item: Indexable) -> None:
    dim = int(connection.execute("SELECT value FROM meta WHERE key = 'dim'").fetchone()[0])
    if item.vectors.shape != (len(item.passages), dim) or not np.isfinite(item.vectors).all():
        raise IndexFolderError(
            f"{item.document.source}: expected finite vectors of shape ({len(item.passages)}, {dim}), "
            f"found {item.vectors.shape}."
        )


def _storable(text: str) -> str:
    """A text that UTF-8 can hold: a file's name may carry bytes that it cannot."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _load(connection: sqlite3.Connection, generation: int) -> _Snapshot:
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
    return _Snapshot(generation, documents, tuple(passages), np.array(owners, dtype=np.int64), hybrid)


def _document(row: tuple[Any, ...], labels: dict[str, float]) -> IndexedDocument:
    countries, warnings = tuple(json.loads(row[7])), tuple(json.loads(row[9]))
    doc_id, name, source, title, language, pages = row[1:7]
    return IndexedDocument(doc_id, name, source, title, language, pages, countries, row[8], labels, warnings)


def _allowed(snapshot: _Snapshot, filters: Filters) -> Rows:
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


def _broken_spans(connection: sqlite3.Connection) -> list[str]:
    broken = connection.execute(
        "SELECT count(*) FROM passages LEFT JOIN pages ON pages.document = passages.document "
        "AND pages.page_index = passages.page_index "
        'WHERE pages.text IS NULL OR substr(pages.text, start + 1, "end" - start) <> passages.text'
    ).fetchone()[0]
    return [f"expected every passage to be a span of its page, found {broken} that are not"] if broken else []
