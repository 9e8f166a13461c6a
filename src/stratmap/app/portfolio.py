"""The portfolio in numbers: the archive's documents come in; coverage, grids, evidence and files go out.

Counting is done in `reporting`; evidence for a label of an indexed document is found when somebody asks, by tagging
its stored text, and remembered. Draws nothing.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from stratmap.app.downloads import fresh, write_bytes, write_text
from stratmap.app.protocol import DeskLike
from stratmap.errors import UsageError
from stratmap.framework import Framework
from stratmap.reading import identify_language
from stratmap.records import Document, Evidence, IndexedDocument, Page, TaggedDocument
from stratmap.reporting.coverage import cover
from stratmap.reporting.coverage_records import UNKNOWN_COUNTRY, Coverage, CoveredDocument
from stratmap.reporting.masking import masked_covered

NO_YEAR = "no year"
_MOST_KEPT = 64
_MOST_CHARACTERS = 2_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Documents by row (a country or a year) and label; `totals` are the documents of each row."""

    by: str
    rows: tuple[str, ...]
    totals: dict[str, int]
    cells: dict[tuple[str, str], int]

    def value(self, row: str, code: str, shares: bool) -> float:
        """The count of a cell, or its share of the documents of the row."""
        count = self.cells.get((row, code), 0)
        return count / max(1, self.totals[row]) if shares else float(count)


def coverage_of(desk: DeskLike, *, covered: bool = False) -> Coverage:
    """What the archive covers; with personal data covered in the names of documents, if asked.

    Raises:
        StratmapError: There is no archive.
    """
    listed = [CoveredDocument.from_indexed(document) for document in desk.documents()]
    return cover(map(masked_covered, listed) if covered else listed, desk.framework)


def rows_of(document: IndexedDocument, by: str) -> tuple[str, ...]:
    """The rows of a grid that a document belongs to; `by` is `country` or `year`."""
    if by == "year":
        return (str(document.year) if document.year is not None else NO_YEAR,)
    return tuple(dict.fromkeys(document.countries)) or (UNKNOWN_COUNTRY,)


def grid_of(documents: Sequence[IndexedDocument], by: str) -> Grid:
    """Count; countries in the order of the alphabet, years from the latest, what is not stated last."""
    totals = Counter(row for document in documents for row in rows_of(document, by))
    cells = Counter((row, code) for one in documents for row in rows_of(one, by) for code in one.labels)
    named = sorted(row for row in totals if row not in (UNKNOWN_COUNTRY, NO_YEAR))
    unstated = [row for row in (UNKNOWN_COUNTRY, NO_YEAR) if row in totals]
    return Grid(by, (*(named[::-1] if by == "year" else named), *unstated), dict(totals), dict(cells))


def documents_of_cell(desk: DeskLike, by: str, code: str, row: str) -> list[IndexedDocument]:
    """The documents behind a cell, most probable first.

    Raises:
        UsageError: There is no such label.
        StratmapError: There is no archive.
    """
    label = desk.framework.label(code)
    found = [one for one in desk.documents() if label.code in one.labels and row in rows_of(one, by)]
    return sorted(found, key=lambda one: (-one.labels[label.code], one.name))


class Evidences:
    """Finds the evidence for a label in a document of the archive; several threads may ask.

    Args:
        desk: The archive.
    """

    def __init__(self, desk: DeskLike) -> None:
        self._desk = desk
        self._kept: OrderedDict[str, TaggedDocument] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, document: IndexedDocument, code: str) -> tuple[Evidence, ...]:
        """The passages behind a label, best first.

        Raises:
            UsageError: The document is too long to be read while somebody waits.
            StratmapError: It cannot be tagged.
        """
        with self._lock:
            tagged = self._kept.get(document.doc_id)
        if tagged is None:
            tagged = self._desk.tag(_stored(self._desk, document))
            with self._lock:
                self._kept[document.doc_id] = tagged
                while len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
        return next((tag.evidence for tags in tagged.tags.values() for tag in tags if tag.code == code), ())


def _stored(desk: DeskLike, known: IndexedDocument) -> Document:
    """A document from what the index holds of it."""
    texts = [desk.page_text(known.doc_id, number) for number in range(known.pages)]
    if sum(map(len, texts)) > _MOST_CHARACTERS:
        raise UsageError(f"{known.name}: expected at most {_MOST_CHARACTERS:,} characters; tag it by command line.")
    numbered = known.pages > 1 or known.name.lower().endswith(".pdf")
    pages, offset = [], 0
    for number, text in enumerate(texts, 1):
        pages.append(Page(number if numbered else None, text, offset))
        offset += len(text) + 1
    language = identify_language("\f".join(texts))
    return Document(known.doc_id, known.name, known.name, tuple(pages), language, known.title)


def write_portfolio(desk: DeskLike, by: str, shares: bool, *, covered: bool = False) -> tuple[str, str, str]:
    """A workbook, a picture as SVG and one as PNG of the present view; names of documents covered, if asked.

    Raises:
        StratmapError: There is no archive, or more than a sheet holds.
    """
    from stratmap.reporting.drawing import heat_map_drawing
    from stratmap.reporting.png import as_png
    from stratmap.reporting.svg import as_svg
    from stratmap.reporting.workbook import write_workbook

    documents = desk.documents()
    grid = grid_of(documents, by)
    book = fresh("stratmap-portfolio.xlsx")
    write_workbook(book, [], coverage_of(desk, covered=covered))
    names, values = picture_values(grid, desk.framework, shares)
    title = f"{'Share' if shares else 'Number'} of documents by label and {by}" + (", in per cent" if shares else "")
    picture = heat_map_drawing(names, grid.rows, values, title)
    return (
        str(book),
        write_text("stratmap-portfolio.svg", as_svg(picture)),
        write_bytes("stratmap-portfolio.png", as_png(picture)),
    )


def picture_values(grid: Grid, framework: Framework, shares: bool) -> tuple[list[str], list[list[int]]]:
    """Labels and, for each, whole numbers by row: counts, or shares in per cent."""
    names = [f"{label.code} {label.name}" for label in framework.labels]
    scale = 100 if shares else 1
    values = [[round(grid.value(row, code, shares) * scale) for row in grid.rows] for code in framework.codes]
    return names, values
