"""What is wrong with an index, in sentences.

Comes in: a connection inside a read transaction. Goes out: sentences, none where all is well. It changes nothing.
"""

from __future__ import annotations

import sqlite3


def find_problems(connection: sqlite3.Connection) -> list[str]:
    """Every fault that can be seen without a model."""
    problems = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    problems += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    dim = int(dict(connection.execute("SELECT key, value FROM meta").fetchall())["dim"])
    wrong = connection.execute("SELECT count(*) FROM passages WHERE length(vector) <> ?", (4 * dim,)).fetchone()
    if wrong[0]:
        problems.append(f"expected vectors of {dim} dimensions, found {wrong[0]} passages with another size")
    problems += _broken_spans(connection)
    return problems


def _broken_spans(connection: sqlite3.Connection) -> list[str]:
    broken = connection.execute(
        "SELECT count(*) FROM passages LEFT JOIN pages ON pages.document = passages.document "
        "AND pages.page_index = passages.page_index "
        'WHERE pages.text IS NULL OR substr(pages.text, start + 1, "end" - start) <> passages.text'
    ).fetchone()[0]
    return [f"expected every passage to be a span of its page, found {broken} that are not"] if broken else []
