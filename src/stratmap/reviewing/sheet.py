"""The workbook in which corrections travel: written for a spreadsheet program, and read back with care.

Comes in: tags of documents with their verdicts. Goes out: an XLSX file with drop-down lists; and from an edited one,
the corrections it asks for and the rows that cannot be taken, each with its reason. It keeps nothing: `preview` says
what would change, and the caller decides. An empty verdict leaves the tag as it is, so that an old copy of a
workbook takes nothing back; a note that is new is kept all the same.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from stratmap.errors import ReadingError, StratmapError, UsageError
from stratmap.files import atomic_write
from stratmap.framework import Framework
from stratmap.index.corrections import NOTE, TAG
from stratmap.reading.archive_guard import check_archive
from stratmap.records import Correction
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.tables import neutralise, restore
from stratmap.reporting.workbook import APPLIES, CORRECTION_COLUMNS, DOES_NOT_APPLY, add_choices
from stratmap.reviewing.corrections import Standing, checked
from stratmap.settings import ReadingSettings

SHEET = "corrections"
WITHDRAW = "withdraw"
VERDICTS = (APPLIES, DOES_NOT_APPLY, WITHDRAW)
_WIDTHS = (40, 20, 8, 34, 12, 10, 18, 18, 50)
_MOST_ROWS = 200_000
_MOST_CELL = 32_767
_FAULTS = {"#NAME?", "#VALUE!", "#REF!", "#N/A", "#DIV/0!", "#NUM!", "#NULL!"}  # what a spreadsheet shows for them
_HELP = (
    (
        "verdict",
        "Choose from the list: applies, does not apply, or withdraw (the tagger decides again). Empty: as it is.",
    ),
    ("by", "Your name; where it is empty, the name given at the import is used."),
    ("note", "Why; up to 2,000 characters."),
    ("other columns", "They name the tag. Leave doc_id and code as they are; rows may be sorted, filtered, deleted."),
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A tag as the workbook lists it; `verdict` is what stands, None where nobody said anything."""

    document: str
    doc_id: str
    code: str
    name: str
    probability: float | None
    applied: bool | None
    verdict: bool | None = None
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be taken, by its number in the sheet, and why."""

    row: int
    reason: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one row would change: `before` and `after` are verdicts in words, "" for none.

    Where both are the same, only a note is added.
    """

    row: int
    document: str
    doc_id: str
    code: str
    before: str
    after: str
    by: str
    note: str

    @property
    def adds_note_only(self) -> bool:
        """Whether the verdict stays as it is."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import would do: the changes, how many rows say what stands already, and what is refused."""

    changes: tuple[Change, ...]
    unchanged: int
    refused: tuple[Refusal, ...]


def write_sheet(path: Path, rows: Sequence[SheetRow]) -> None:
    """Write the workbook; an older file stays until the new one is whole."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    if len(rows) >= _MOST_ROWS:
        raise UsageError(f"expected at most {_MOST_ROWS:,} rows, found {len(rows):,}; export fewer documents.")
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET)
    sheet.freeze_panes = "A2"
    last = get_column_letter(len(CORRECTION_COLUMNS))
    sheet.auto_filter.ref = f"A1:{last}{len(rows) + 1}"
    for number, width in enumerate(_WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    add_choices(sheet, len(rows) + 1, VERDICTS)
    heading = [WriteOnlyCell(sheet, value=name) for name in CORRECTION_COLUMNS]
    for cell in heading:
        cell.font = Font(bold=True)
    sheet.append(heading)
    for row in rows:
        sheet.append([_cell(value) for value in _values(row)])
    guide = book.create_sheet("how to")
    guide.column_dimensions["A"].width, guide.column_dimensions["B"].width = 18, 100
    for pair in _HELP:
        guide.append(list(pair))
    buffer = io.BytesIO()
    book.save(buffer)
    atomic_write(path, buffer.getvalue())


def _values(row: SheetRow) -> tuple[Any, ...]:
    verdict = None if row.verdict is None else (APPLIES if row.verdict else DOES_NOT_APPLY)
    applied = None if row.applied is None else ("yes" if row.applied else "no")
    return (row.document, row.doc_id, row.code, row.name, row.probability, applied, verdict, row.by, row.note)


def _cell(value: Any) -> Any:
    return str(neutralise(xml_safe(value)))[:_MOST_CELL] if isinstance(value, str) else value


def read_sheet(
    path: Path, framework: Framework, author: str, settings: ReadingSettings | None = None
) -> tuple[list[tuple[int, Correction | tuple[str, str, str]]], list[Refusal]]:
    """What an edited workbook asks for.

    Args:
        path: The workbook.
        framework: The labels that verdicts may be on.
        author: Who corrects where a row names nobody.
        settings: Limits.

    Returns:
        With its row number each correction, or (document, doc_id, code) of one to withdraw; and the rows refused.

    Raises:
        UsageError: It is no workbook with a sheet of corrections; nothing of it was taken.
        ReadingError: It is made to harm, or larger than a limit.
    """
    asked: list[tuple[int, Correction | tuple[str, str, str]]] = []
    refused: list[Refusal] = []
    for number, cells in _cells(path, settings or ReadingSettings()):
        verdict = " ".join(cells.get("verdict", "").lower().split())
        if not verdict and not cells.get("note", "").strip():
            continue
        try:
            asked.append((number, _asked(cells, verdict, framework, author)))
        except StratmapError as error:
            refused.append(Refusal(number, str(error)))
    return asked, refused


def _asked(
    cells: Mapping[str, str], verdict: str, framework: Framework, author: str
) -> Correction | tuple[str, str, str]:
    if verdict and verdict not in VERDICTS:
        raise UsageError(f"expected the verdict {', '.join(VERDICTS)}, found {verdict!r:.60}.")
    code = framework.label(cells.get("code", "").strip()).code
    document, doc_id = cells.get("document", ""), cells.get("doc_id", "").strip()
    if verdict == WITHDRAW:
        return document, doc_id, code
    by = " ".join(cells.get("by", "").split()) or author
    note = cells.get("note", "")
    kind = TAG if verdict else NOTE
    return checked(Correction(doc_id, document, code, kind, verdict == APPLIES, by, note), framework)


def _cells(path: Path, settings: ReadingSettings) -> Iterable[tuple[int, dict[str, str]]]:
    from openpyxl import load_workbook

    try:
        data = path.read_bytes()
        check_archive(data, path.name, settings)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except ReadingError:
        raise
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ParseError) as error:
        raise UsageError(f"{path.name}: expected a workbook that `stratmap` wrote ({str(error)[:120]}).") from error
    try:
        if SHEET not in book.sheetnames:
            found = ", ".join(map(str, book.sheetnames))
            raise UsageError(f"{path.name}: expected a sheet `{SHEET}`, found {found[:200]}.")
        rows = list(book[SHEET].iter_rows(values_only=True, max_row=_MOST_ROWS + 1))
        return list(_table(rows, _typed_notes(data, rows), path.name))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError, ParseError) as error:
        raise UsageError(f"{path.name}: expected a readable sheet `{SHEET}` ({str(error)[:120]}).") from error
    finally:
        book.close()


def _heading(rows: Sequence[tuple[Any, ...]]) -> list[str]:
    return [str(value or "").strip().lower() for value in (rows[0] if rows else ())]


def _typed_notes(data: bytes, rows: Sequence[tuple[Any, ...]]) -> dict[int, str]:
    """By row number what was typed as a note where the program took it for a formula: a note may begin with `=`.

    Such a cell holds no value, or an error in place of one. What was typed is text here and is computed nowhere.
    """
    from openpyxl import load_workbook

    heading = _heading(rows)
    if "note" not in heading:
        return {}
    column = heading.index("note")
    lost = {n for n, row in enumerate(rows, 1) if len(row) <= column or row[column] is None or row[column] in _FAULTS}
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
    try:
        cells = book[SHEET].iter_rows(min_col=column + 1, max_col=column + 1, max_row=len(rows), values_only=True)
        typed = {n: value for n, (value,) in enumerate(cells, 1) if n in lost and isinstance(value, str)}
    finally:
        book.close()
    return {n: value for n, value in typed.items() if value.startswith("=")}


def _table(
    rows: Sequence[tuple[Any, ...]], notes: Mapping[int, str], name: str
) -> Iterable[tuple[int, dict[str, str]]]:
    heading = _heading(rows)
    lacking = [column for column in ("doc_id", "code", "verdict") if column not in heading]
    if lacking:
        raise UsageError(f"{name}: expected the columns {', '.join(CORRECTION_COLUMNS)}; {', '.join(lacking)} lacks.")
    if len(rows) > _MOST_ROWS:
        raise UsageError(f"{name}: expected at most {_MOST_ROWS:,} rows.")
    for number, row in enumerate(rows[1:], 2):
        cells = {key: str(restore(value)) for key, value in zip(heading, row, strict=False) if value is not None}
        if number in notes:
            cells["note"] = notes[number]
        if cells:
            yield number, cells


def preview(
    asked: Sequence[tuple[int, Correction | tuple[str, str, str]]],
    refused: Sequence[Refusal],
    stands: Mapping[str, Standing],
    known: Collection[str],
) -> Preview:
    """What an import would change.

    Args:
        asked: What the workbook asks for.
        refused: What could not be read of it.
        stands: What stands now.
        known: Texts that corrections may be about: the archive's, and those corrected before.
    """
    changes: list[Change] = []
    more = list(refused)
    unchanged = 0
    seen: dict[tuple[str, str], int] = {}
    for number, one in asked:
        change = _change(number, one, stands)
        key = (change.doc_id, change.code)
        if change.doc_id not in known:
            more.append(Refusal(number, f"expected a document of this index, found {change.doc_id!r:.60}."))
        elif key in seen:
            more.append(Refusal(number, f"expected one verdict a tag, found another one in row {seen[key]}."))
        elif change.adds_note_only and not _says_more(change, stands):
            unchanged += 1
        else:
            changes.append(change)
        seen.setdefault(key, number)
    return Preview(tuple(changes), unchanged, tuple(sorted(more, key=lambda one: one.row)))


def _says_more(change: Change, stands: Mapping[str, Standing]) -> bool:
    """Whether the row carries a note that nobody has written on this tag yet."""
    said = {one.note for one in stands.get(change.doc_id, Standing()).notes if one.code == change.code}
    return bool(change.note) and change.note not in said


def _change(number: int, one: Correction | tuple[str, str, str], stands: Mapping[str, Standing]) -> Change:
    if isinstance(one, Correction):
        document, doc_id, code, by, note = one.document, one.doc_id, one.code, one.author, one.note
    else:
        (document, doc_id, code), by, note = one, "", ""
    verdict = stands.get(doc_id, Standing()).verdicts.get(code)
    before = after = "" if verdict is None else (APPLIES if verdict else DOES_NOT_APPLY)
    if not isinstance(one, Correction):
        after = ""
    elif one.kind == TAG:
        after = APPLIES if one.applies else DOES_NOT_APPLY
    return Change(number, document, doc_id, code, before, after, by, note)
