"""The `MilvusIndex`: an index whose search runs in Milvus.

Promises: all of `Index`, and besides: a write is committed only after Milvus has taken its passages, so that what one
process has added every other finds; where Milvus fails, nothing of the batch is in the index. Readers never find what
is not committed. Without Milvus there is no search; documents, pages, corrections and export work on.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stratmap.errors import IndexFolderError, ServiceError
from stratmap.index import Index
from stratmap.index.fusion import fuse
from stratmap.index.hybrid import CANDIDATES, Rows, Scores
from stratmap.index.schema import reading
from stratmap.index.snapshot import Snapshot, fits
from stratmap.index.words import query_words
from stratmap.milvus.catalogue import empty_snapshot, passage_of
from stratmap.milvus.far import Far
from stratmap.milvus.ledger import Ledger
from stratmap.milvus.mirror import Mirror, Progress
from stratmap.records import Filters, Hit
from stratmap.settings import IndexSettings

LITE_FILE = "milvus.db"


@dataclass(frozen=True, slots=True)
class _View:
    """What may be found in a generation: documents that live and are in Milvus, and those to leave out."""

    generation: int
    living: frozenset[int]
    hidden: frozenset[int]
    highest: int


class MilvusIndex(Index):
    """An index folder with its passages in Milvus.

    Args:
        folder: The folder.
        settings: Address of Milvus, patience, tries, and all that an index needs.
    """

    def __init__(self, folder: Path, settings: IndexSettings | None = None) -> None:
        super().__init__(folder, settings)
        self._address = self._settings.uri or str(folder / LITE_FILE)
        self._kept: Mirror | None = None
        self._view: _View | None = None

    def catch_up(self, progress: Progress | None = None) -> int:
        """Send Milvus what it lacks, and let go of what is gone here; returns how many documents were sent.

        Needed after an import, a repair or a change of the address; goes on where it was cut off.

        Raises:
            ServiceError: Milvus failed; what was sent stays sent.
        """
        mirror = self._mirror()
        with super()._writing() as connection:  # no other writer may send meanwhile
            lacking = mirror.lacking(connection)
            mirror.send(connection, lacking, progress)
            mirror.tidy(connection)
        mirror.far.settle()
        self._view = None
        return len(lacking)

    def search(self, question: str, vector: Scores, k: int, filters: Filters | None = None) -> list[Hit]:
        """The k best passages for a question, best first; as `Index.search`.

        Raises:
            ServiceError: Milvus is gone, slow or full.
            IndexFolderError: Milvus does not hold the whole index.
        """
        with reading(self.folder) as connection:
            snapshot = self._current(connection)
            only = self._only(connection, snapshot, filters)
            if only is None or k < 1:
                return []
            wanted = max(k, CANDIDATES)
            far = self._mirror().far
            dense, cosines = self._trusted(connection, far.dense(vector, wanted, only))
            terms = query_words(question, frozenset(one.language for one in snapshot.documents.values()))
            lexical, scores = np.zeros(0, np.int64), np.zeros(0, np.float32)
            if terms:
                lexical, scores = self._trusted(connection, far.lexical(" ".join(terms), wanted, only))
            fused, totals = fuse(dense, cosines, lexical, scores, len(terms))
            by_dense = dict(zip(dense.tolist(), cosines.tolist(), strict=True))
            by_words = dict(zip(lexical.tolist(), scores.tolist(), strict=True))
            hits = []
            for number, total in zip(fused[:k].tolist(), totals[:k].tolist(), strict=True):
                owner, passage = passage_of(connection, number, snapshot)
                name = snapshot.documents[owner].name
                hits.append(Hit(passage, name, total, by_dense.get(number, 0.0), by_words.get(number, 0.0)))
            return hits

    def verify(self) -> list[str]:
        """What is wrong with the index or with Milvus, in sentences: counts, texts and vectors are compared."""
        told = super().verify()
        with reading(self.folder) as connection:
            mirror = self._mirror()
            return told + mirror.faults(connection)

    def close(self) -> None:
        """Give up the connection to Milvus."""
        if self._kept is not None:
            self._kept.far.close()
            self._kept = None

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        mirror = self._mirror()
        with super()._writing() as connection:
            highest = connection.execute("SELECT coalesce(max(id), 0) FROM documents").fetchone()[0]
            yield connection
            mirror.send(connection, mirror.lacking(connection, highest))
        # What is left over is never found, and the next write tidies up again.
        with contextlib.suppress(ServiceError), reading(self.folder) as connection:
            mirror.tidy(connection)

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        with self._guard:
            self._snapshot = empty_snapshot(connection, self._snapshot)
            return self._snapshot

    def _mirror(self) -> Mirror:
        """The far side, with its collection; made empty again where Milvus has lost it."""
        if self._kept is None:
            meta = self.meta()
            ledger = Ledger(self.folder, self._address, self._settings.lock_timeout_s)
            far = Far(self._settings, ledger.collection(), int(meta["dim"]), self._address)
            if far.prepare():
                ledger.forget()
            self._kept = Mirror(far, ledger)
        return self._kept

    def _only(self, connection: sqlite3.Connection, snapshot: Snapshot, filters: Filters | None) -> str | None:
        """The filter for Milvus; None where nothing can fit."""
        view = self._seen(connection, snapshot)
        allowed = view.living
        if filters:
            allowed = frozenset(row for row in view.living if fits(snapshot.documents[row], filters))
        if not allowed:
            return None
        if 2 * len(allowed) <= len(view.living):
            return f"document in [{_listed(allowed)}]"
        barred = (view.living - allowed) | view.hidden
        upper = f"document <= {view.highest}"
        return f"{upper} and document not in [{_listed(barred)}]" if barred else upper

    def _seen(self, connection: sqlite3.Connection, snapshot: Snapshot) -> _View:
        """What of a generation is in Milvus.

        Raises:
            IndexFolderError: Some of it is not.
        """
        if self._view is None or self._view.generation != snapshot.generation:
            mirror = self._mirror()
            lacking = mirror.lacking(connection)
            if lacking:
                raise IndexFolderError(
                    f"{self.folder}: Milvus at {self._address} holds {len(snapshot.documents) - len(lacking)} of "
                    f"{len(snapshot.documents)} documents. Send the rest: stratmap index sync --index {self.folder}"
                )
            living = frozenset(snapshot.documents)
            there = mirror.ledger.all()
            self._view = _View(snapshot.generation, living, frozenset(there - living), max(living, default=0))
        return self._view

    def _trusted(self, connection: sqlite3.Connection, found: tuple[Rows, Scores, list[str]]) -> tuple[Rows, Scores]:
        """Rows that are those of the database: a number could have been given to another document meanwhile."""
        numbers, scores, names = found
        query = (
            "SELECT 1 FROM passages JOIN documents ON documents.id = document WHERE passages.id = ? AND doc_id = ? "
            "AND died IS NULL"
        )
        pairs = zip(numbers.tolist(), names, strict=True)
        kept = np.array([connection.execute(query, pair).fetchone() is not None for pair in pairs], dtype=np.bool_)
        return numbers[kept], scores[kept]


def _listed(rows: Iterable[int]) -> str:
    return ", ".join(str(row) for row in sorted(rows))
