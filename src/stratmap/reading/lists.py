"""Lists in which every row is a document: CSV, XLSX and JSONL.

Comes in: bytes. Goes out: rows one after the other, each with text, id, title and facts, or the reason why it
is none. One bad row never ends the list; a limit on rows ends it with a row that says so.

Columns are known by name (`id`, `text`, `title`, `country`, `year`, and names that tables of projects use);
without any known name, the columns that hold prose are joined.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from stratmap.errors import DamagedDocument
from stratmap.reading.encodings import decode
from stratmap.reading.extract import Foreign, Row
from stratmap.settings import ReadingSettings

_IDS = (
    "id", "doc_id", "document", "identifier", "iati-identifier", "iati_identifier", "ref", "reference",
    "project id", "project code", "code",
)  # fmt: skip
_TEXTS = ("text", "narrative", "full text", "full_text", "content", "body", "passage")
_PARTS = (
    "description", "activity description", "project description", "summary", "abstract", "objective",
    "goal", "outcome", "outcomes", "results", "background", "activities",
    "описание", "текст", "opis", "descriere", "açıklama",
)  # fmt: skip
_TITLES = (
    "title",
    "name",
    "project title",
    "project",
    "activity title",
    "название",
    "naziv",
    "titlu",
    "başlık",
)
_COUNTRIES = ("country", "countries", "recipient country", "location", "страна", "zemlja", "țara", "ülke")
_YEARS = ("year", "start year", "год", "godina", "an", "yıl")
_LABELS = ("objectives", "principles")
_MAX_COLUMNS = 500
_SAMPLE_ROWS = 50
_NO_TEXT = "expected a field `text`"
_PROSE = 25  # mean characters from which a column counts as prose
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")


def read_rows(data: bytes, name: str, kind: str, settings: ReadingSettings) -> Iterator[Row]:
    """Rows of a list.

    Args:
        data: The file's content.
        name: Its name, for messages.
        kind: `csv`, `xlsx` or `jsonl`.
        settings: Limits on rows and characters.

    Raises:
        DamagedDocument: The file as a whole cannot be read.
    """
    if kind == "jsonl":
        rows = _jsonl(data)
    else:
        cells = _csv_cells(data, settings) if kind == "csv" else _xlsx_cells(data, name)
        rows = _table(cells)
    for count, row in enumerate(rows):
        if count >= settings.max_items:
            reason = f"expected at most {settings.max_items:,} rows (setting max_items); the rest was not read."
            yield Row(row.number, problem=reason)
            return
        if len(row.text) > settings.max_characters:
            limit = f"{settings.max_characters:,} characters (setting max_characters)"
            reason = f"expected at most {limit}, found {len(row.text):,}."
            yield Row(row.number, problem=reason)
        else:
            yield row


def _jsonl(data: bytes) -> Iterator[Row]:
    """Rows of a list; a list that has no text in its first 50 lines, or in all of fewer, is told once."""
    rows = _jsonl_rows(data)
    head = list(islice(rows, _SAMPLE_ROWS))
    if len(head) > 1 and all(row.problem.startswith(_NO_TEXT) for row in head):
        which = f"first {len(head)} lines" if len(head) == _SAMPLE_ROWS else f"{len(head)} lines"
        yield Row(1, problem=f"no list of documents, and not read: {head[0].problem} It is the same on its {which}.")
        return
    yield from head
    yield from rows


def _jsonl_rows(data: bytes) -> Iterator[Row]:
    number = 0
    for line in io.StringIO(decode(data).text.replace("\r\n", "\n").replace("\r", "\n")):
        if not line.strip():
            continue
        number += 1
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Row(
                number,
                problem=f"expected a JSON object on line {number}, found no JSON ({str(error)[:80]}).",
            )
            continue
        yield _json_row(number, value)


def _json_row(number: int, value: Foreign) -> Row:
    if not isinstance(value, dict):
        return Row(number, problem=f"expected a JSON object on line {number}, found {type(value).__name__}.")
    cells = {str(key).strip().lower(): _cell(item) for key, item in value.items()}
    keys = [key for key in (*_TEXTS, *_PARTS) if isinstance(value.get(key), str)]
    if not keys:
        found = ", ".join(list(cells)[:10]) or "none"
        return Row(number, problem=f"{_NO_TEXT} on line {number}, found {found}.")
    columns = [keys[0]] if keys[0] in _TEXTS else keys
    # A text keeps its line breaks; `_cell` flattens.
    text = "\n\n".join(str(value[key]) for key in columns)
    return _row(number, cells, text)


def _cell(value: Foreign) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(text for text in map(_cell, value) if text)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv_cells(data: bytes, settings: ReadingSettings) -> Iterator[list[str]]:
    text = decode(data).text.replace("\x00", "")
    previous = csv.field_size_limit(min(settings.max_characters, 2**31 - 1))
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        while True:
            try:
                yield next(reader)[:_MAX_COLUMNS]
            except StopIteration:
                return
            except csv.Error as error:
                yield ["\x00", str(error)]
    finally:
        csv.field_size_limit(previous)


def _delimiter(text: str) -> str:
    """The separator that the first line has most of, outside quotation marks."""
    first = re.sub(r'"[^"]{0,5000}"', "", text[:20_000].lstrip("\ufeff\r\n").split("\n", 1)[0])
    return max(",;\t|", key=lambda mark: (first.count(mark), mark == ","))


def _xlsx_cells(data: bytes, name: str) -> Iterator[list[str]]:
    import openpyxl

    try:
        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        for sheet in workbook.worksheets:
            sheet.reset_dimensions()  # what the file says of its size is not to be trusted
            yield ["\x01"]
            for cells in sheet.iter_rows(values_only=True, max_col=_MAX_COLUMNS):
                yield [_cell(value) for value in cells]
        workbook.close()
    except Exception as error:  # third-party parser on hostile bytes: any type; ends as a per-file error
        detail = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise DamagedDocument(name, f"expected a whole XLSX file, found a damaged one ({detail}).") from error


def _table(cells: Iterable[list[str]]) -> Iterator[Row]:
    r"""Rows of one or several sheets ("\x01" begins a sheet, "\x00" stands for a row that is damaged)."""
    number = 0
    sheet: list[list[str]] = []
    layout: _Layout | None = None
    for values in cells:
        if values[:1] == ["\x01"]:
            yield from _flush(sheet, number)
            number += max(0, len(sheet) - _Layout.of(sheet).heading) if sheet else 0
            sheet, layout = [], None
        elif values[:1] == ["\x00"]:
            number += 1 if layout else 0
            yield Row(max(1, number), problem=f"expected a row of cells, found a damaged one ({values[1]}).")
        elif not any(value.strip() for value in values):
            continue
        elif layout is not None:
            number += 1
            yield layout.row(number, values)
        else:
            sheet.append(values)
            if len(sheet) > _SAMPLE_ROWS:
                layout = _Layout.of(sheet)
                for kept in sheet[layout.heading :]:
                    number += 1
                    yield layout.row(number, kept)
                sheet = []
    yield from _flush(sheet, number)


def _flush(sheet: list[list[str]], number: int) -> Iterator[Row]:
    if sheet:
        layout = _Layout.of(sheet)
        for step, values in enumerate(sheet[layout.heading :], 1):
            yield layout.row(number + step, values)


class _Layout:
    """Which columns hold what. `heading` is the number of heading rows (0 or 1)."""

    def __init__(self, names: list[str], texts: list[int], heading: int) -> None:
        self.names = names
        self.texts = texts
        self.heading = heading

    @classmethod
    def of(cls, sample: list[list[str]]) -> _Layout:
        names = [value.strip().lstrip("\ufeff").lower() for value in sample[0]]
        known = {*_IDS, *_TEXTS, *_PARTS, *_TITLES, *_COUNTRIES, *_YEARS, *_LABELS}
        columns = range(max(map(len, sample)))
        if any(name in known for name in names):
            for group in (_TEXTS, _PARTS):
                found = [index for index, name in enumerate(names) if name in group]
                if found:
                    return cls(names, found[:1] if group is _TEXTS else found, 1)
            texts = [
                i for i in columns if (names[i] if i < len(names) else "") not in known and _is_prose(sample[1:], i)
            ]
            return cls(names, texts or [i for i, name in enumerate(names) if name in _TITLES], 1)
        heading = int(len(sample) > 1 and _is_heading(sample[0]) and len(set(names)) == len(names))
        texts = [index for index in columns if _is_prose(sample[heading:], index)] or list(columns)
        return cls(names if heading else [], texts, heading)

    def row(self, number: int, values: list[str]) -> Row:
        """One row of cells as a row of the list."""
        text = "\n\n".join(values[i].strip() for i in self.texts if i < len(values) and values[i].strip())
        cells = {name: values[index].strip() for index, name in enumerate(self.names) if index < len(values)}
        return _row(number, cells, text)


def _is_heading(values: list[str]) -> bool:
    return all(0 < len(value.strip()) <= 40 and not value.strip()[0].isdigit() for value in values if value)


def _is_prose(rows: list[list[str]], index: int) -> bool:
    cells = [row[index] for row in rows if index < len(row) and row[index].strip()]
    return bool(cells) and sum(map(len, cells)) / len(cells) >= _PROSE and any(" " in cell for cell in cells)


def _row(number: int, cells: dict[str, str], text: str) -> Row:
    title = _first(cells, _TITLES)
    facts = {key: cells[key] for key in _LABELS if cells.get(key)}
    if country := _first(cells, _COUNTRIES):
        facts["country"] = country
    if years := _YEAR.findall(_first(cells, _YEARS)):
        facts["year"] = "; ".join(dict.fromkeys(years))
    return Row(number, _first(cells, _IDS)[:300], text, title, facts)


def _first(cells: dict[str, str], names: tuple[str, ...]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")
