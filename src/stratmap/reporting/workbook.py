"""The workbook: tags, evidence, coverage, and a sheet on which people correct tags.

Comes in: tagged documents and their coverage. Goes out: an XLSX file; and from a corrected one, the corrections.
Verdicts are chosen from drop-down lists. It applies no correction; the tagger does.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratmap.errors import ExportError, UsageError
from stratmap.files import atomic_write
from stratmap.reading.archive_guard import check_archive
from stratmap.records import TaggedDocument
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.coverage_tables import COVERAGE_TABLES, cells_table, gaps_table, labels_table
from stratmap.reporting.tables import Cell, Column, Table, evidence_table, neutralise, restore, tags_table
from stratmap.settings import ReadingSettings

VERDICTS = {"applies": True, "does not apply": False}
CORRECTION_COLUMNS = ("document", "doc_id", "code", "name", "probability", "applied", "verdict", "by", "note")
_MOST_ROWS = 1_048_576  # of a sheet, by the format
_MOST_CHARACTERS = 32_767  # of a cell, by the format
_WIDE = {"document": 34, "name": 34, "quotation": 90, "gap": 90, "note": 40, "verdict": 18, "doc_id": 18}


@dataclass(frozen=True, slots=True)
class SheetCorrection:
    """A verdict on a tag, as read from a workbook; `row` is its row there."""

    document: str
    doc_id: str
    code: str
    applies: bool
    by: str
    note: str
    row: int


def write_workbook(path: Path, documents: Sequence[TaggedDocument], coverage: Coverage | None = None) -> None:
    """Write the sheets tags, evidence, coverage and corrections; an older file stays until the new one is whole.

    Raises:
        ExportError: More rows than a sheet can hold.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _sheet(book, "tags", [tags_table(documents)])
    _sheet(book, "evidence", [evidence_table(documents)])
    tables = [labels_table(coverage), cells_table(coverage), gaps_table(coverage)] if coverage else []
    _sheet(book, "coverage", tables)
    table = _corrections_table(documents)
    sheet = _sheet(book, "corrections", [table])
    _add_choices(sheet, len(table.rows) + 1)
    _save(path, book)


def write_coverage_workbook(path: Path, coverage: Coverage) -> None:
    """Write the coverage alone: a sheet for each of `COVERAGE_TABLES`.

    Raises:
        ExportError: More rows than a sheet can hold.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for title, table in COVERAGE_TABLES.items():
        _sheet(book, title, [table(coverage)])
    _save(path, book)


def read_corrections(path: Path, settings: ReadingSettings | None = None) -> list[SheetCorrection]:
    """The rows of the sheet `corrections` that have a verdict, in order.

    Raises:
        UsageError: No readable workbook, no such sheet or column, or a verdict that is none.
        ReadingError: The file is made to harm, or larger than a limit.
    """
    from openpyxl import load_workbook

    try:
        data = path.read_bytes()
        check_archive(data, str(path), settings or ReadingSettings())
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise UsageError(f"{path}: expected a workbook that `stratmap` wrote ({error}).") from error
    try:
        if "corrections" not in book.sheetnames:
            raise UsageError(f"{path}: expected a sheet `corrections`, found {', '.join(book.sheetnames)}.")
        rows = book["corrections"].iter_rows(values_only=True)
        return list(_verdicts(rows, path))
    finally:
        book.close()


def _verdicts(rows: Iterable[tuple[Any, ...]], path: Path) -> Iterable[SheetCorrection]:
    iterator = iter(rows)
    heading = [str(value or "").strip().lower() for value in next(iterator, ())]
    lacking = [name for name in ("document", "code", "verdict") if name not in heading]
    if lacking:
        raise UsageError(f"{path}: expected columns {', '.join(CORRECTION_COLUMNS)}; {', '.join(lacking)} lacks.")
    for number, row in enumerate(iterator, 2):
        cells = {name: str(restore(value) or "") for name, value in zip(heading, row, strict=False)}
        verdict = cells["verdict"].strip().lower()
        if not verdict:
            continue
        if verdict not in VERDICTS:
            known = " or ".join(VERDICTS)
            raise UsageError(f"{path} row {number}: expected the verdict {known}, found {verdict!r}.")
        yield SheetCorrection(
            document=cells["document"],
            doc_id=cells.get("doc_id", ""),
            code=cells["code"].strip(),
            applies=VERDICTS[verdict],
            by=cells.get("by", ""),
            note=cells.get("note", ""),
            row=number,
        )


def _corrections_table(documents: Sequence[TaggedDocument]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.document, one.doc_id, tag.code, tag.name, round(tag.probability, 4), tag.applied, None, None, None)
        for one in documents
        for tags in one.tags.values()
        for tag in tags
    ]
    return Table(tuple(Column(name, "") for name in CORRECTION_COLUMNS), tuple(rows))


def _save(path: Path, book: Any) -> None:
    buffer = io.BytesIO()
    book.save(buffer)
    atomic_write(path, buffer.getvalue())


def _sheet(book: Any, title: str, tables: Sequence[Table]) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    total = sum(len(table.rows) + 2 for table in tables)
    if total > _MOST_ROWS:
        raise ExportError(f"sheet {title}: expected at most {_MOST_ROWS:,} rows, found {total:,}; write CSV instead.")
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for column in range(max((len(table.columns) for table in tables), default=0)):
        names = [table.columns[column].name for table in tables if column < len(table.columns)]
        sheet.column_dimensions[get_column_letter(column + 1)].width = max(_WIDE.get(name, 12) for name in names)
    for index, table in enumerate(tables):
        if index:
            sheet.append([])
        heading = [WriteOnlyCell(sheet, value=column.name) for column in table.columns]
        for cell in heading:
            cell.font = Font(bold=True)
        sheet.append(heading)
        for row in table.rows:
            sheet.append([_xlsx_cell(value) for value in row])
    return sheet


def _xlsx_cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return neutralise(xml_safe(value))[:_MOST_CHARACTERS] if isinstance(value, str) else value  # type: ignore[index]


def _add_choices(sheet: Any, last: int) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    column = get_column_letter(CORRECTION_COLUMNS.index("verdict") + 1)
    choices = DataValidation(type="list", formula1='"' + ",".join(VERDICTS) + '"', allow_blank=True)
    choices.error, choices.errorTitle, choices.showErrorMessage = "Choose from the list.", "Verdict", True
    choices.add(f"{column}2:{column}{max(2, last)}")
    sheet.data_validations.append(choices)
