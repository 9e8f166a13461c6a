"""What makes a large archive quick to open and to search: vectors, postings and cells on the disk.

Comes in: a connection inside a read transaction. Goes out: a `Base`, mapped into memory. The database alone is the
truth: this is made from it, is checked by its hashes, and can be deleted at any time. A base stays in use while
documents come and go: `snapshot` leaves out what has died and searches what has come beside it, until that is a fifth
and a new base is made. It holds words of texts, so `compact` removes it with what was deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stratmap.artefacts import MANIFEST, load_manifest, write_manifest
from stratmap.errors import ArtefactError, IndexFolderError
from stratmap.files import sync_file, sync_folder
from stratmap.index.cells_file import check_cells
from stratmap.index.dense import CELLS_FROM, Rows, Scores, build_cells, read_cells, write_cells
from stratmap.index.lexical import Postings, build_postings
from stratmap.index.schema import noted_number
from stratmap.index.stored import has_seals
from stratmap.index.words import words
from stratmap.records import IndexedDocument

FOLDER = "derived"
KIND = "derived"
_DOCUMENTS, _WORDS, _CELLS = "documents.json", "words.txt", "cells.faiss"
_ARRAYS = ("passages", "owners", "vectors", "starts", "rows", "counts", "lengths")
DAMAGED_VECTORS = (
    "the index is damaged: expected vectors of {} dimensions. See `stratmap doctor --index DIR`, "
    "and index the documents again into a new folder."
)


@dataclass(frozen=True, slots=True)
class Base:
    """An archive as it was when the base was made, ready to be searched; everything by row.

    Attributes:
        stamps: For each document of it, by its number in the database, what tells it from any other.
        passages: Numbers of the passages in the database, (n,).
        owners: Numbers of their documents, (n,).
        vectors: float32 (n, dim).
        postings: The words.
        cells: An inverted file over the vectors, or None where they are few.
    """

    stamps: Mapping[int, str]
    passages: Rows
    owners: Rows
    vectors: Scores
    postings: Postings
    cells: Any = None


def stamps_of(connection: sqlite3.Connection) -> dict[int, str]:
    """For each living document what tells its passages and vectors from any others, whatever its number."""
    seal, join = "''", ""
    if has_seals(connection):
        seal, join = "coalesce(seals.passages, '')", "LEFT JOIN seals ON seals.document = documents.id"
    spans = connection.execute("SELECT document, min(id), count(*) FROM passages GROUP BY 1")
    places = {document: f"{first}+{count}" for document, first, count in spans}
    query = f"SELECT documents.id, born, doc_id, {seal} FROM documents {join} WHERE died IS NULL"  # noqa: S608
    return {
        row: f"{born} {doc_id} {seal} {places.get(row, '')}" for row, born, doc_id, seal in connection.execute(query)
    }


def open_base(folder: Path) -> Base | None:
    """The newest base of an index folder; None where there is none, or none that is whole."""
    places = sorted(folder.joinpath(FOLDER).glob(f"*/{MANIFEST}"), key=lambda path: path.parent.name)
    for path in reversed(places):
        # A damaged one is made again, and another process may be removing one at this moment.
        with contextlib.suppress(ArtefactError, OSError, ValueError, KeyError, RuntimeError):
            return _load(path.parent)
    return None


def _load(place: Path) -> Base:
    manifest = load_manifest(place, KIND)
    arrays = {name: np.load(place / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
    names = (place / _WORDS).read_text(encoding="utf-8").splitlines()
    postings = Postings(
        {word: column for column, word in enumerate(names)},
        *(arrays[name] for name in ("starts", "rows", "counts", "lengths")),
    )
    stamps = {int(row): stamp for row, stamp in json.loads((place / _DOCUMENTS).read_text(encoding="utf-8")).items()}
    _check_arrays(arrays, len(names), stamps)
    cells = read_cells(place / _CELLS) if _CELLS in manifest.files else None
    if cells is not None and (cells.ntotal, cells.d) != arrays["vectors"].shape:
        raise ValueError(f"expected cells of {arrays['vectors'].shape}, found {cells.ntotal}, {cells.d}.")
    return Base(stamps, arrays["passages"], arrays["owners"], arrays["vectors"], postings, cells)


def _check_arrays(arrays: Mapping[str, npt.NDArray[Any]], names: int, stamps: Mapping[int, str]) -> None:
    """Look whether arrays fit each other: right hashes say who wrote them, not that they can be searched.

    Raises:
        ValueError: They do not.
    """
    count = len(arrays["passages"])
    kinds = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
    postings = kinds["rows"][1]
    expected = {
        "passages": ("<i8", (count,)),
        "owners": ("<i8", (count,)),
        "vectors": ("<f4", (count, *arrays["vectors"].shape[1:2])),
        "starts": ("<i8", (names + 1,)),
        "rows": ("<i4", postings),
        "counts": ("<u2", postings),
        "lengths": ("<i4", (count,)),
    }
    if kinds != expected or arrays["vectors"].ndim != 2 or len(postings) != 1:
        raise ValueError(f"expected arrays {expected}, found {kinds}.")
    starts, rows = arrays["starts"], arrays["rows"]
    in_order = starts[0] == 0 and starts[-1] == len(rows) and bool((np.diff(starts) >= 0).all())
    in_range = not len(rows) or (rows.min() >= 0 and rows.max() < count)
    if not (in_order and in_range and set(np.unique(arrays["owners"]).tolist()) <= set(stamps)):
        raise ValueError("expected postings of the rows that are there, and owners that are named.")


def make_base(
    folder: Path, connection: sqlite3.Connection, generation: int, documents: Mapping[int, IndexedDocument]
) -> Base | None:
    """Make a base of all living documents and remove the earlier ones; None where the disk refuses.

    Raises:
        IndexFolderError: A vector in the database is not of the index's size.
    """
    root = folder / FOLDER
    place = root / f".{generation}-{os.getpid()}-{secrets.token_hex(4)}.tmp"
    try:
        place.mkdir(parents=True)
        _fill(place, connection, documents)
        final = root / f"{generation:012d}-{secrets.token_hex(4)}"
        os.replace(place, final)
        sync_folder(root)
        base = _load(final)
    except OSError:
        return None
    finally:
        shutil.rmtree(place, ignore_errors=True)
    for other in root.iterdir():
        if other != final and not other.name.startswith("."):
            shutil.rmtree(other, ignore_errors=True)
    return base


def remove_bases(folder: Path) -> None:
    """Remove all that was derived; what readers hold of it stays theirs until they look again."""
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


def _fill(place: Path, connection: sqlite3.Connection, documents: Mapping[int, IndexedDocument]) -> None:
    count = connection.execute(
        "SELECT count(*) FROM passages JOIN documents ON documents.id = document WHERE died IS NULL"
    ).fetchone()[0]
    dim = noted_number(connection, "dim")
    vectors = np.lib.format.open_memmap(place / "vectors.npy", "w+", np.float32, (count, dim))
    passages, owners = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    postings = build_postings(_read(connection, documents, passages, owners, vectors))
    vectors.flush()
    del vectors
    arrays: dict[str, npt.NDArray[Any]] = {"passages": passages, "owners": owners}
    arrays |= {name: getattr(postings, name) for name in ("starts", "rows", "counts", "lengths")}
    for name, values in arrays.items():
        np.save(place / f"{name}.npy", values, allow_pickle=False)
    (place / _WORDS).write_text("\n".join(postings.columns), encoding="utf-8")
    stamps = {row: stamp for row, stamp in stamps_of(connection).items() if row in documents}
    (place / _DOCUMENTS).write_text(json.dumps(stamps), encoding="utf-8")
    files = [*(f"{name}.npy" for name in _ARRAYS), _WORDS, _DOCUMENTS]
    if count >= CELLS_FROM:
        write_cells(build_cells(np.load(place / "vectors.npy", mmap_mode="r", allow_pickle=False)), place / _CELLS)
        with contextlib.suppress(ValueError):  # a faiss that writes another layout: every search is exact
            check_cells(place / _CELLS)
            files.append(_CELLS)
    for name in files:
        sync_file(place / name)
    write_manifest(place, KIND, KIND, "1", files, {"passages": count})


def _read(
    connection: sqlite3.Connection,
    documents: Mapping[int, IndexedDocument],
    passages: Rows,
    owners: Rows,
    vectors: Scores,
) -> Iterator[list[str]]:
    """Fill the arrays row by row, and give the words of each row."""
    row = 0
    for number, owner, heading, text, vector in connection.execute(
        "SELECT id, document, heading, text, vector FROM passages ORDER BY id"
    ):
        document = documents.get(owner)
        if document is None:
            continue
        if len(vector) != 4 * vectors.shape[1]:
            raise IndexFolderError(DAMAGED_VECTORS.format(vectors.shape[1]))
        passages[row], owners[row], vectors[row] = number, owner, np.frombuffer(vector, dtype="<f4")
        row += 1
        yield words_of(document.title, heading, text, document.language)


def words_of(title: str, heading: str, text: str, language: str) -> list[str]:
    """The words by which a passage is found: those of the document's title, its headings and its text."""
    return words(f"{title}\n{heading}\n{text}", language)
