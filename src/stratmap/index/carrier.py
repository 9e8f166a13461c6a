"""A carrier: a folder that takes an index elsewhere, to another machine or another kind of index.

Comes in: documents as any kind of index stores them. Goes out: the same documents, checked. Each part is a file of
JSON lines (texts, spans, tags, generations) and one of vectors (float32, little-endian, one row a passage in the order
of the lines); `carrier.json` names every file with its SHA-256 and counts, and is renewed after each part, so that a
carrier that was cut off is gone on with. It knows no database: a backend gives and takes `StoredDocument`s.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from stratmap.errors import IndexFolderError, UsageError
from stratmap.files import atomic_write
from stratmap.index.hybrid import Scores
from stratmap.index.stored import StoredDocument
from stratmap.records import Passage

NAME = "carrier.json"
SCHEMA = 1
_MOST_MANIFEST_BYTES = 50_000_000
_MOST_PART_BYTES = 1_000_000_000
_PART_PASSAGES = 4_000
_PART_CHARACTERS = 8_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a carrier."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some documents in two files. `mark` changes when the documents, or their generations, do."""

    texts: Piece
    vectors: Piece
    documents: int
    passages: int
    mark: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a carrier says of itself.

    Attributes:
        notes: What other rooms note in the index of themselves.
        tables: Corrections and the like: file, columns and number of rows, by table.
        complete: Whether all parts are there.
    """

    encoder: str
    fingerprint: str
    dim: int
    generation: int
    compacted: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    tables: dict[str, tuple[Piece, tuple[str, ...], int]] = field(default_factory=dict)
    complete: bool = False

    @property
    def documents(self) -> int:
        """Documents in all parts, dead ones of kept generations included."""
        return sum(part.documents for part in self.parts)

    @property
    def passages(self) -> int:
        """Passages in all parts."""
        return sum(part.passages for part in self.parts)


def in_parts(documents: Iterable[StoredDocument]) -> Iterator[list[StoredDocument]]:
    """Documents in groups that fit into memory."""
    group: list[StoredDocument] = []
    passages = characters = 0
    for document in documents:
        group.append(document)
        passages += len(document.passages)
        characters += sum(len(text) for _, text in document.pages)
        if passages >= _PART_PASSAGES or characters >= _PART_CHARACTERS:
            yield group
            group, passages, characters = [], 0, 0
    if group:
        yield group


def begin(folder: Path, contents: Contents) -> Contents:
    """The contents to go on from: those of a carrier of the same state that was cut off, else the given ones.

    Raises:
        UsageError: The folder holds something else.
    """
    if folder.is_dir():
        for leftover in folder.glob(f".{NAME}.*.tmp"):  # of an export that was killed before it had written anything
            leftover.unlink(missing_ok=True)
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / NAME).is_file():
            raise UsageError(f"{folder}: expected a new or empty folder, found one with other files. Name another.")
        before = read_contents(folder)
        if before.complete:
            raise UsageError(f"{folder}: expected a new folder, found a finished carrier. Name another.")
        if replace(before, parts=(), tables={}) == contents:
            return before
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_contents(folder, contents)
    return contents


def write_contents(folder: Path, contents: Contents) -> None:
    """Write `carrier.json`."""
    value = {"schema": SCHEMA, "kind": "stratmap-index", **asdict(contents)}
    atomic_write(folder / NAME, json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8"))


def mark_of(documents: Sequence[StoredDocument]) -> str:
    """What a part is known by: the same documents in the same generations give the same mark."""
    lines = "\n".join(f"{one.doc_id} {one.born} {one.died} {len(one.passages)}" for one in documents)
    return hashlib.sha256(lines.encode()).hexdigest()


def write_part(folder: Path, number: int, documents: Sequence[StoredDocument]) -> Part:
    """Write one part.

    Raises:
        IndexFolderError: A passage is not a span of its page: the index is damaged.
    """
    lines = b"".join(json.dumps(_as_json(one), ensure_ascii=False).encode("utf-8") + b"\n" for one in documents)
    vectors = b"".join(np.ascontiguousarray(one.vectors, dtype="<f4").tobytes() for one in documents)
    return Part(
        write_piece(folder, f"part-{number:05}.jsonl", lines),
        write_piece(folder, f"part-{number:05}.f32", vectors),
        len(documents),
        sum(len(one.passages) for one in documents),
        mark_of(documents),
    )


def write_piece(folder: Path, name: str, data: bytes) -> Piece:
    """Write one file and say what it is known by."""
    atomic_write(folder / name, data)
    return Piece(name, hashlib.sha256(data).hexdigest(), len(data))


def read_contents(folder: Path) -> Contents:
    """What a carrier holds; its parts are checked when they are read.

    Raises:
        IndexFolderError: The folder is no carrier, or of a newer schema.
    """
    path = folder / NAME
    try:
        if path.stat().st_size > _MOST_MANIFEST_BYTES:
            raise IndexFolderError(f"{path}: expected at most {_MOST_MANIFEST_BYTES:,} bytes.")
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["kind"] != "stratmap-index" or value["schema"] != SCHEMA:
            raise IndexFolderError(f"{path}: expected a carrier of schema {SCHEMA}. Update stratmap.")
        return _contents(value)
    except OSError as error:
        raise IndexFolderError(f"{path}: expected the carrier of an index ({error.strerror}).") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IndexFolderError(f"{path}: expected the contents of a carrier, found something else.") from error


def _contents(value: dict[str, Any]) -> Contents:
    parts = tuple(
        Part(_piece(p["texts"]), _piece(p["vectors"]), _count(p["documents"]), _count(p["passages"]), str(p["mark"]))
        for p in value["parts"]
    )
    tables = {
        str(name): (_piece(piece), tuple(str(column) for column in columns), _count(rows))
        for name, (piece, columns, rows) in value["tables"].items()
    }
    return Contents(
        str(value["encoder"]),
        str(value["fingerprint"]),
        _count(value["dim"]),
        _count(value["generation"]),
        _count(value["compacted"]),
        {_text(key): _text(note) for key, note in value["notes"].items()},
        parts,
        tables,
        value["complete"] is True,
    )


def _piece(value: dict[str, Any]) -> Piece:
    name = str(value["name"])
    if Path(name).name != name or name in {"", ".", ".."} or "\\" in name:
        raise ValueError("a name that is a path")
    return Piece(name, str(value["sha256"]), _count(value["bytes"]))


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**53:
        raise ValueError("no count")
    return value


def read_piece(folder: Path, piece: Piece) -> bytes:
    """The bytes of one file, after its hash was checked.

    Raises:
        IndexFolderError: It is missing, too large, or not what was written.
    """
    path = folder / piece.name
    try:
        if path.stat().st_size != piece.bytes or piece.bytes > _MOST_PART_BYTES:
            raise IndexFolderError(f"{path}: expected {piece.bytes:,} bytes, found {path.stat().st_size:,}.")
        data = path.read_bytes()
    except OSError as error:
        raise IndexFolderError(f"{path}: expected a part of the carrier ({error.strerror}).") from error
    found = hashlib.sha256(data).hexdigest()
    if found != piece.sha256:
        raise IndexFolderError(f"{path}: expected SHA-256 {piece.sha256[:12]}…, found {found[:12]}…. Export it again.")
    return data


def read_part(folder: Path, part: Part, contents: Contents) -> list[StoredDocument]:
    """The documents of a part.

    Raises:
        IndexFolderError: A file is not what was written, or does not hold what it should.
    """
    lines = read_piece(folder, part.texts).split(b"\n")[:-1]
    vectors = read_piece(folder, part.vectors)
    where = folder / part.texts.name
    if len(lines) != part.documents or len(vectors) != 4 * contents.dim * part.passages:
        raise IndexFolderError(f"{where}: expected {part.documents} documents with {part.passages} vectors.")
    matrix = np.frombuffer(vectors, dtype="<f4").reshape(part.passages, contents.dim)
    documents: list[StoredDocument] = []
    at = 0
    try:
        for line in lines:
            value = json.loads(line)
            count = len(value["passages"])
            documents.append(_from_json(value, matrix[at : at + count], contents.generation))
            at += count
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise IndexFolderError(f"{where}: expected document {len(documents) + 1} of the carrier ({error}).") from error
    if at != part.passages:
        raise IndexFolderError(f"{where}: expected {part.passages} passages, found {at}.")
    return documents


def _as_json(one: StoredDocument) -> dict[str, Any]:
    for p in one.passages:
        if one.pages[p.page_index][1][p.start : p.end] != p.text:
            raise IndexFolderError(f"{one.name}: a passage is not a span of its page; see `stratmap doctor --repair`.")
    return {
        "doc_id": one.doc_id,
        "name": one.name,
        "source": one.source,
        "title": one.title,
        "language": one.language,
        "pages": one.pages,
        "passages": [[p.page_index, p.page, p.start, p.end, p.offset, p.heading] for p in one.passages],
        "labels": one.labels,
        "countries": one.countries,
        "year": one.year,
        "warnings": one.warnings,
        "born": one.born,
        "died": one.died,
        "tagger": one.tagger,
    }


def _from_json(value: dict[str, Any], vectors: Scores, generation: int) -> StoredDocument:
    doc_id = _text(value["doc_id"])
    pages = tuple((_number(number), _text(text)) for number, text in value["pages"])
    passages = []
    for index, page, start, end, offset, heading in value["passages"]:
        text = pages[_count(index)][1][_count(start) : _count(end)]
        passages.append(Passage(doc_id, index, _number(page), start, end, _count(offset), text, _text(heading)))
    labels = {_text(code): float(probability) for code, probability in value["labels"].items()}
    born, died = _count(value["born"]), _number(value["died"])
    if not all(0.0 <= one <= 1.0 for one in labels.values()) or not np.isfinite(vectors).all():
        raise ValueError("a probability or a vector that is none")
    if born > generation or (died is not None and not born <= died <= generation):
        raise ValueError("a generation that is not reached")
    return StoredDocument(
        doc_id,
        _text(value["name"]),
        _text(value["source"]),
        _text(value["title"]),
        _text(value["language"]),
        pages,
        tuple(passages),
        vectors,
        labels,
        tuple(_text(one) for one in value["countries"]),
        _number(value["year"]),
        tuple(_text(one) for one in value["warnings"]),
        born,
        died,
        _text(value["tagger"]),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("expected a text")
    value.encode("utf-8")  # a lone surrogate is refused here, not by the database
    return value


def _number(value: Any) -> int | None:
    if value is not None and (type(value) is not int or not -(2**53) < value < 2**53):
        raise ValueError("expected a number")
    return value
