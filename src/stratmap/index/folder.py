"""The `Index`: one folder, opened by readers and one writer at a time.

Promises: after `add`, `delete`, `rollback` or `compact` returns, its effect is on the disk; a crash leaves the
state before; readers of other processes see whole generations only. The same text is held once, whatever its
name; a file that changed replaces its former self.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from stratmap.errors import IndexFolderError, UsageError
from stratmap.index.checks import Fault, find_faults, find_stale
from stratmap.index.corrections import with_verdicts
from stratmap.index.derived import remove_bases
from stratmap.index.head import note_head, noted_head
from stratmap.index.hybrid import Scores
from stratmap.index.schema import create, note, reading, shrink, writing
from stratmap.index.snapshot import Snapshot, allowed_rows, load_snapshot, passages_at
from stratmap.index.writes import (
    Indexable,
    commit_generation,
    compacted_at,
    generation_of,
    insert,
    replace_labels,
    retire,
    revive,
    storable,
)
from stratmap.records import Filters, Hit, IndexedDocument
from stratmap.settings import IndexSettings


class Index:
    """An index folder.

    Args:
        folder: The folder.
        settings: Lock time-out and kept generations.
    """

    def __init__(self, folder: Path, settings: IndexSettings | None = None) -> None:
        self.folder = folder
        self._settings = settings or IndexSettings()
        self._snapshot: Snapshot | None = None
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
                "Name that encoder in stratmap.toml, encode its texts again (stratmap doctor --repair --index DIR), or "
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
        former = (storable(source), doc_id)
        with reading(self.folder) as connection:
            if connection.execute(f"SELECT 1 {query}", former).fetchone() is None:
                return 0
        with self._writing() as connection:
            generation = generation_of(connection) + 1
            retired = retire(connection, generation, source, doc_id)
            commit_generation(connection, generation, self._settings.keep_generations)
        return retired

    def add(self, items: Iterable[Indexable]) -> int:
        """Add or replace documents in one transaction; returns how many were new or changed.

        Raises:
            IndexLocked: Another process is writing.
            IndexFolderError: The disk refused, or vectors do not fit; nothing of the batch is in the index then.
        """
        added = 0
        with self._writing() as connection:
            generation = generation_of(connection) + 1
            for item in items:
                added += insert(connection, item, generation)
            if added:
                commit_generation(connection, generation, self._settings.keep_generations)
        return added

    def delete(self, names: Sequence[str]) -> int:
        """Delete documents by name, source or doc_id; returns how many there were."""
        deleted = 0
        with self._writing() as connection:
            generation = generation_of(connection) + 1
            for name in names:
                deleted += connection.execute(
                    "UPDATE documents SET died = ? WHERE died IS NULL AND (name = ? OR source = ? OR doc_id = ?)",
                    (generation, name, name, name),
                ).rowcount
            if deleted:
                commit_generation(connection, generation, self._settings.keep_generations)
        return deleted

    def rollback(self, generation: int) -> None:
        """Bring back the state of an earlier generation, as a new generation.

        Raises:
            UsageError: That generation does not exist or is no longer kept.
        """
        with self._writing() as connection:
            current = generation_of(connection)
            oldest = max(0, current - self._settings.keep_generations, compacted_at(connection))
            if not oldest <= generation < current:
                kept = f"from {oldest} to {current - 1}" if oldest < current else "before this one, but none is kept"
                raise UsageError(
                    f"expected a generation {kept}, found {generation}. The last "
                    f"{self._settings.keep_generations} are kept (setting index.keep_generations), none from before "
                    "`stratmap index compact`."
                )
            connection.execute(
                "UPDATE documents SET died = ? WHERE died IS NULL AND born > ?", (current + 1, generation)
            )
            gone = "SELECT id FROM documents WHERE born <= ? AND died > ? AND died <= ? ORDER BY id"
            for (row,) in connection.execute(gone, (generation, generation, current)).fetchall():
                revive(connection, row, current + 1)
            commit_generation(connection, current + 1, self._settings.keep_generations)

    def compact(self) -> int:
        """Remove all that was deleted or replaced from the disk; returns how many documents."""
        with self._writing() as connection:
            removed = connection.execute("DELETE FROM documents WHERE died IS NOT NULL").rowcount
            note(connection, "compacted", str(generation_of(connection)))
        remove_bases(self.folder)
        shrink(self.folder, self._settings.lock_timeout_s)
        return removed

    def relabel(self, labels: Mapping[str, Mapping[str, float]], tagger: str) -> int:
        """Give documents other labels of the tagger; what a document says of itself and people's verdicts stay.

        Args:
            labels: By doc_id, all labels that the tagger applies.
            tagger: What made them.

        Returns:
            How many documents now carry other labels than before.
        """
        with self._writing() as connection:
            changed = replace_labels(connection, labels, tagger)
            generation = generation_of(connection) + 1
            commit_generation(connection, generation, self._settings.keep_generations)
        return changed

    # Reading

    def documents(self) -> list[IndexedDocument]:
        """All documents, in the order in which they came."""
        with reading(self.folder) as connection:
            return list(self._current(connection).documents.values())

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
        with reading(self.folder) as connection:
            snapshot = self._current(connection)
            rows = allowed_rows(snapshot, filters) if filters else None
            found = snapshot.hybrid.search(question, vector, k, rows)
            passages = passages_at(connection, snapshot, found.rows)
        return [
            Hit(
                passages[row],
                snapshot.documents[int(snapshot.owners[row])].name,
                float(found.scores[i]),
                float(found.dense[i]),
                float(found.lexical[i]),
            )
            for i, row in enumerate(found.rows.tolist())
        ]

    def __len__(self) -> int:
        """Number of passages."""
        with reading(self.folder) as connection:
            return self._current(connection).living

    def verify(self) -> list[str]:
        """What is wrong with the index, in sentences; empty when all is well."""
        return [fault.sentence for fault in self.faults() if fault.kind != "unsealed"]

    def faults(self) -> list[Fault]:
        """What is wrong, with the documents that it concerns; see `stratmap.index.checks`."""
        with reading(self.folder) as connection:
            return find_faults(connection, noted_head(self.folder))

    def stale(self, tagger: str, codes: frozenset[str]) -> list[Fault]:
        """Living documents whose labels another tagger made, or whose labels the framework does not have."""
        with reading(self.folder) as connection:
            return find_stale(connection, tagger, codes)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The write transaction; what it commits is noted beside the database."""
        with writing(self.folder, self._settings.lock_timeout_s) as connection:
            before = generation_of(connection)
            yield connection
            after = generation_of(connection)
        if after != before:
            note_head(self.folder, after)

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        """The generation that this read transaction sees."""
        with self._guard:
            generation = generation_of(connection)
            if self._snapshot is None or self._snapshot.generation != generation:
                self._snapshot = load_snapshot(connection, generation, self.folder)
            self._snapshot = with_verdicts(connection, self._snapshot)
            return self._snapshot
