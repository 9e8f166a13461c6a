"""The workbook: tags, evidence, coverage, and a sheet on which people correct tags.

Comes in: tagged documents and their coverage. Goes out: an XLSX file. Verdicts are chosen from drop-down lists; what
people chose is read and applied by `reviewing.sheet`.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stratmap.errors import ExportError
from stratmap.files import atomic_write
from stratmap.records import TaggedDocument
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.coverage_tables import COVERAGE_TABLES, cells_table, gaps_table, labels_table
from stratmap.reporting.tables import Cell, Column, Table, evidence_table, neutralise, tags_table

APPLIES, DOES_NOT_APPLY = "applies", "does not apply"
CORRECTION_COLUMNS = ("document", "doc_id", "code", "name", "probability", "applied", "verdict", "by", "note")
_MOST_ROWS = 1_048_576  # of a sheet, by the format
_MOST_CHARACTERS = 32_767  # of a cell, by the format
_WIDE = {"document": 34, "name": 34, "quotation": 90, "gap": 90, "note": 40, "verdict": 18, "doc_id": 18}


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
    add_choices(sheet, len(table.rows) + 1, (APPLIES, DOES_NOT_APPLY))
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


def add_choices(sheet: Any, last: int, verdicts: Sequence[str]) -> None:
    """Let the verdict of each correction, down to the row `last`, be chosen from a list."""
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    column = get_column_letter(CORRECTION_COLUMNS.index("verdict") + 1)
    choices = DataValidation(type="list", formula1='"' + ",".join(verdicts) + '"', allow_blank=True)
    choices.error, choices.errorTitle, choices.showErrorMessage = "Choose from the list.", "Verdict", True
    choices.add(f"{column}2:{column}{max(2, last)}")
    sheet.data_validations.append(choices)
