"""What is wrong with an index.

Comes in: a connection inside a read transaction. Goes out: faults, each with a sentence and the documents that it
concerns; none where all is well. It changes nothing and needs no model.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stratmap.index.schema import noted_number
from stratmap.index.stored import has_seals, passages_digest, read_passages, text_digest
from stratmap.index.writes import DECLARED, generation_of
from stratmap.reading import text_id

_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault.

    Attributes:
        kind: `database` (pages of the file), `state` (generations), `orphans` (rows without a document), `text`,
            `ids` (a document under the id of another text), `passages` (spans or vectors), `lost` (commits),
            `unsealed` (no digest yet), `stale` (tags).
        sentence: What was expected and found.
        rows: Row numbers of the documents, where they are known.
    """

    kind: str
    sentence: str
    rows: tuple[int, ...] = ()


def find_faults(connection: sqlite3.Connection, head: int | None = None) -> list[Fault]:
    """Every fault that can be seen without a model.

    Args:
        connection: Inside a read transaction.
        head: The generation last noted beside the database, if any.
    """
    broken = [
        Fault("database", str(row[0]))
        for row in connection.execute(f"PRAGMA integrity_check({_MOST_LINES})")
        if row[0] != "ok"
    ]
    if broken:  # nothing that is counted in a damaged file means anything
        return broken
    return [*_states(connection, head), *_orphans(connection), *_contents(connection)]


def _states(connection: sqlite3.Connection, head: int | None) -> Iterator[Fault]:
    generation = generation_of(connection)
    if head is not None and head > generation:
        yield Fault(
            "lost",
            f"expected generation {head} as last noted, found {generation}: later commits are missing "
            "(was index.sqlite-wal deleted, or an old copy put back?)",
        )
    query = "SELECT id FROM documents WHERE born > ? OR died > ? OR died < born"
    ahead = [row for (row,) in connection.execute(query, (generation, generation))]
    if ahead:
        yield Fault("state", f"expected documents of generation {generation} or older, found {len(ahead)} others")
    twice = connection.execute(
        "SELECT count(*) FROM (SELECT doc_id FROM documents WHERE died IS NULL GROUP BY doc_id HAVING count(*) > 1)"
    ).fetchone()[0]
    if twice:
        yield Fault("state", f"expected every text once, found {twice} that are held twice")


def _orphans(connection: sqlite3.Connection) -> Iterator[Fault]:
    for table in ("pages", "passages", "labels", *(("seals",) if has_seals(connection) else ())):
        count = connection.execute(
            f"SELECT count(*) FROM {table} WHERE document NOT IN (SELECT id FROM documents)"  # noqa: S608
        ).fetchone()[0]
        if count:
            yield Fault("orphans", f"expected a document for every row, found {count} rows of {table} without one")


def _contents(connection: sqlite3.Connection) -> Iterator[Fault]:
    """Documents one after the other, so that memory does not grow with the archive."""
    dim = noted_number(connection, "dim")
    sealed = has_seals(connection)
    found: dict[tuple[str, str], list[int]] = {}
    for row, doc_id, pages in connection.execute("SELECT id, doc_id, pages FROM documents ORDER BY id").fetchall():
        kind, what = _content(connection, row, doc_id, pages, dim, sealed)
        if kind:
            found.setdefault((kind, what), []).append(row)
    for (kind, what), rows in found.items():
        yield Fault(kind, f"{what}: {len(rows)} documents", tuple(rows))


def _content(
    connection: sqlite3.Connection, row: int, doc_id: str, pages: int, dim: int, sealed: bool
) -> tuple[str, str]:
    texts = connection.execute(
        "SELECT number, text FROM pages WHERE document = ? ORDER BY page_index", (row,)
    ).fetchall()
    seal = (
        connection.execute("SELECT text, passages FROM seals WHERE document = ?", (row,)).fetchone() if sealed else None
    )
    if len(texts) != pages:
        return "text", "expected as many pages as the document had, found others in"
    if seal and seal[0] != text_digest(texts):
        return "text", "expected the text that was stored, found a changed one in"
    if seal and texts and doc_id != text_id("\f".join(text for _, text in texts)):
        return "ids", "expected the id that belongs to the text, found another one in"
    passages, vectors = read_passages(connection, row, doc_id)
    if any(not isinstance(vector, bytes) or len(vector) != 4 * dim for vector in vectors):
        return "passages", f"expected vectors of {dim} dimensions, found others in"
    if any(not 0 <= p.page_index < pages or texts[p.page_index][1][p.start : p.end] != p.text for p in passages):
        return "passages", "expected every passage to be a span of its page, found others in"
    if seal and seal[1] != passages_digest(passages, vectors):
        return "passages", "expected the passages and vectors that were stored, found others in"
    lengths = np.linalg.norm(np.frombuffer(b"".join(vectors), dtype="<f4").reshape(-1, dim), axis=1)
    if not np.isfinite(lengths).all():
        return "passages", "expected finite vectors, found others in"
    return ("", "") if seal else ("unsealed", "written by an earlier version, without digests")


def find_stale(connection: sqlite3.Connection, tagger: str, codes: frozenset[str]) -> list[Fault]:
    """Living documents whose labels were made by another tagger, are none of the framework's, or are no probability."""
    if not has_seals(connection):
        return []
    query = (
        "SELECT documents.id FROM documents JOIN seals ON seals.document = documents.id "
        "WHERE died IS NULL AND tagger NOT IN ('', ?, ?) ORDER BY documents.id"
    )
    rows = {row for (row,) in connection.execute(query, (DECLARED, tagger))}
    query = (
        "SELECT document, code, probability FROM labels JOIN documents ON documents.id = document WHERE died IS NULL"
    )
    rows |= {row for row, code, value in connection.execute(query) if code not in codes or not 0 <= value <= 1}
    if not rows:
        return []
    return [Fault("stale", f"expected tags of the present tagger, found others: {len(rows)} documents", tuple(rows))]
