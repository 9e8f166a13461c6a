"""Tables of results, and CSV that spreadsheets open as it is meant.

Comes in: tagged documents. Goes out: `Table`s, and CSV in UTF-8 with a byte-order mark (Excel takes anything else
for the local code page). A cell that a spreadsheet would run as a formula gets an apostrophe in front;
`restore` takes it away again. The workbook and the reports use the same tables.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from stratmap.files import atomic_write
from stratmap.records import TaggedDocument
from stratmap.reporting.characters import xml_safe

Cell: TypeAlias = str | int | float | bool | None

# Apostrophes in front count too: a text that has one already gets a second, so that `restore` is exact.
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALISED = re.compile(r"'+[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, and its hashtag of the Humanitarian Exchange Language."""

    name: str
    hxl: str


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; every row has one cell a column."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def records(self) -> list[dict[str, Cell]]:
        """A dictionary a row, as data frames take them: `pandas.DataFrame(table.records())`."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


_DOCUMENT = (
    Column("document", "#meta+document"),
    Column("doc_id", "#meta+id"),
)
_LABEL = (
    Column("group", "#sector+group"),
    Column("code", "#sector+code"),
    Column("name", "#sector+name"),
)
TAG_COLUMNS = (
    *_DOCUMENT,
    Column("language", "#meta+lang"),
    Column("pages", "#meta+pages+num"),
    *_LABEL,
    Column("probability", "#sector+probability+num"),
    Column("applied", "#sector+applied"),
    Column("review", "#sector+review"),
    Column("calibrated", "#sector+calibrated"),
    Column("page", "#meta+page+num"),
    Column("quotation", "#meta+quotation"),
)
EVIDENCE_COLUMNS = (
    *_DOCUMENT,
    *_LABEL,
    Column("page", "#meta+page+num"),
    Column("start", "#meta+start+num"),
    Column("end", "#meta+end+num"),
    Column("probability", "#sector+probability+num"),
    Column("quotation", "#meta+quotation"),
)


def neutralise(value: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula; numbers stay numbers.

    >>> neutralise("=1+1"), neutralise(-3), neutralise("'=1")
    ("'=1+1", -3, "''=1")
    """
    return "'" + value if isinstance(value, str) and _RISKY.match(value) else value


def restore(value: Cell) -> Cell:
    """The cell as it was before `neutralise`.

    >>> restore("'=1+1"), restore("'tis")
    ('=1+1', "'tis")
    """
    return value[1:] if isinstance(value, str) and _NEUTRALISED.match(value) else value


def tags_table(documents: Iterable[TaggedDocument], *, applied_only: bool = False) -> Table:
    """One row for each document and label, with the best quotation."""
    return Table(TAG_COLUMNS, tuple(tag_rows(documents, applied_only)))


def evidence_table(documents: Iterable[TaggedDocument], *, applied_only: bool = True) -> Table:
    """One row for each passage behind a tag."""
    return Table(EVIDENCE_COLUMNS, tuple(_evidence_rows(documents, applied_only)))


def matrix_table(documents: Sequence[TaggedDocument]) -> Table:
    """One row a document, one column a label with its probability."""
    codes = sorted({tag.code for one in documents for tags in one.tags.values() for tag in tags})
    rows: list[tuple[Cell, ...]] = []
    for one in documents:
        found = {tag.code: round(tag.probability, 4) for tags in one.tags.values() for tag in tags}
        rows.append((one.document, one.doc_id, one.needs_review, *(found.get(code) for code in codes)))
    labels = (Column(code, f"#sector+{code.lower()}+probability+num") for code in codes)
    return Table((*_DOCUMENT, Column("needs_review", "#meta+review"), *labels), tuple(rows))


def csv_bytes(table: Table, *, hxl: bool = False) -> bytes:
    """The table as CSV.

    Args:
        table: What to write.
        hxl: Whether a row of hashtags follows the headings.

    Returns:
        UTF-8 with a byte-order mark and CRLF line ends, every cell neutralised.
    """
    return b"".join(csv_parts(table.columns, table.rows, hxl=hxl))


def csv_parts(columns: Sequence[Column], rows: Iterable[tuple[Cell, ...]], *, hxl: bool = False) -> Iterator[bytes]:
    """As `csv_bytes`, a part at a time, for more rows than fit into memory."""
    yield b"\xef\xbb\xbf" + _csv_line([column.name for column in columns])
    if hxl:
        yield _csv_line([column.hxl for column in columns])
    for row in rows:
        yield _csv_line([_csv_cell(value) for value in row])


def write_csv(path: Path, table: Table, *, hxl: bool = False) -> None:
    """Write the table as CSV; an older file stays until the new one is whole."""
    atomic_write(path, csv_bytes(table, hxl=hxl))


def read_csv(data: bytes) -> list[dict[str, str]]:
    """The rows of a CSV that `csv_bytes` made, cells restored, a row of hashtags left out."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    if rows and all(str(value).startswith("#") for value in rows[0].values()):
        rows = rows[1:]
    return [{key: str(restore(value)) for key, value in row.items()} for row in rows]


def _csv_line(cells: Sequence[Cell]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue().encode("utf-8")


def _csv_cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return neutralise(xml_safe(value)) if isinstance(value, str) else value


def tag_rows(documents: Iterable[TaggedDocument], applied_only: bool = False) -> Iterator[tuple[Cell, ...]]:
    """The rows of `tags_table`, one after the other."""
    for one in documents:
        for group, tags in one.tags.items():
            for tag in tags:
                if applied_only and not tag.applied:
                    continue
                best = tag.evidence[0] if tag.evidence else None
                head = (one.document, one.doc_id, one.language.code, one.pages, group, tag.code, tag.name)
                verdict = (round(tag.probability, 4), tag.applied, tag.review, tag.calibrated)
                yield (*head, *verdict, best.page if best else None, best.text if best else "")


def _evidence_rows(documents: Iterable[TaggedDocument], applied_only: bool) -> Iterator[tuple[Cell, ...]]:
    for one in documents:
        for group, tags in one.tags.items():
            for tag in tags:
                if applied_only and not tag.applied:
                    continue
                for item in tag.evidence:
                    place = (item.page, item.start, item.end, round(item.probability, 4))
                    yield (one.document, one.doc_id, group, tag.code, tag.name, *place, item.text)
