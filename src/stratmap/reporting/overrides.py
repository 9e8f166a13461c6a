"""Countries and years that a person states, in place of those found in the documents.

Comes in: a CSV with the columns `document`, `country`, `year`. Goes out: documents for coverage with these facts. A
document may be named as the results name it, or by its path; several countries are joined by "; ", in any language.
It reads no file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from stratmap.errors import UsageError
from stratmap.reading.facts import name_countries
from stratmap.reporting.coverage_records import CoveredDocument
from stratmap.reporting.masking import mask_name
from stratmap.reporting.tables import restore


@dataclass(frozen=True, slots=True)
class Override:
    """What a person states of a document; None leaves what was found."""

    countries: tuple[str, ...] | None
    year: int | None


def read_overrides(data: bytes, source: str = "overrides.csv") -> dict[str, Override]:
    """The rows of a CSV by document.

    Raises:
        UsageError: Not UTF-8, a column lacks, or a year is none; the message names the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{source}: expected a CSV in UTF-8 ({error.reason} at byte {error.start}).") from error
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns = [str(name).strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    if "document" not in columns or not {"country", "year"} & set(columns):
        found = ", ".join(columns) or "none"
        raise UsageError(f"{source}: expected the columns document, country and year, found {found}.")
    try:
        return dict(_rows(reader, source))
    except csv.Error as error:
        raise UsageError(f"{source} line {reader.line_num}: expected a row of cells ({error}).") from error


def override(
    documents: Iterable[tuple[str, CoveredDocument]], overrides: Mapping[str, Override]
) -> Iterator[CoveredDocument]:
    """The documents with what a person stated.

    Args:
        documents: (path, document); the path is looked up first, then the document's name. Names that are covered in
            them are found by the names that they had.
        overrides: What `read_overrides` gave.
    """
    overrides = {mask_name(name): stated for name, stated in overrides.items()} | dict(overrides)
    for path, one in documents:
        stated = overrides.get(path) or overrides.get(one.name)
        if stated is None:
            yield one
        else:
            countries = one.countries if stated.countries is None else stated.countries
            yield replace(one, countries=countries, year=one.year if stated.year is None else stated.year)


def _rows(reader: csv.DictReader[str], source: str) -> Iterator[tuple[str, Override]]:
    for row in reader:
        cells = {name: str(restore(value) or "").strip() for name, value in row.items() if isinstance(value, str)}
        year, countries = cells.get("year", ""), cells.get("country", "")
        if year and not (year.isdecimal() and len(year) == 4):
            raise UsageError(f"{source} line {reader.line_num}: expected a year like 2019, found {year!r}.")
        names = name_countries(countries)
        if cells.get("document"):
            yield cells["document"], Override(names or None, int(year) if year else None)
