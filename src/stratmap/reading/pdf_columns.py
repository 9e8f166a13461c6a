"""Columns of a page whose file draws them line by line across.

Comes in: lines in pdfium's order. Goes out: lines in reading order. Most files keep columns together and are
left as they are; a file that draws the left and the right line of each height in turn comes out of pdfium as
long lines with a gap in the middle, and these are cut at the gap. Tables (short cells) stay by rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from stratmap.reading.extract import Foreign

if TYPE_CHECKING:
    from stratmap.reading.pdf_lines import Line

_MIN_ROWS = 8
_CELL_GAP = 1.5  # of the letters' size; justified lines stay below
_BUCKET = 6  # points; gutters of justified columns wander less


def in_reading_order(lines: list[Line], units: str, text_page: Foreign, width: float) -> list[Line]:
    """Cut lines at a gutter if the page has one, and put the columns one after the other."""
    wide = [index for index, line in enumerate(lines) if line.x1 - line.x0 > 0.55 * width]
    if len(wide) < _MIN_ROWS or len(wide) < 0.4 * len(lines):
        return lines
    # Asking for places is slow; a dozen lines show whether the page may have a gutter at all.
    tried = wide[:: max(1, len(wide) // 12)]
    if _gutter({index: _gaps(lines[index], units, text_page) for index in tried}, len(tried), 1) is None:
        return lines
    gaps = {index: _gaps(lines[index], units, text_page) for index in wide}
    gutter = _gutter(gaps, len(wide), _MIN_ROWS)
    if gutter is None:
        return lines
    return _by_columns(lines, gaps, gutter, units, text_page)


def rows_marked(lines: list[Line], units: str, text_page: Foreign) -> list[Line]:
    """Mark rows of tables: lines with a wide gap, no end of a sentence, before one that begins anew."""
    marked = list(lines)
    for index, (line, following) in enumerate(pairwise(lines)):
        front = following.text[0]
        if line.hyphen or front.islower() or line.text[-1] in ".!?;:,-" or not front.isalnum():
            continue
        if any(right - left > _CELL_GAP * line.size for left, right, _ in _gaps(line, units, text_page)):
            marked[index] = replace(line, cells=True)
    return marked


def _gaps(line: Line, units: str, text_page: Foreign) -> list[tuple[float, float, int]]:
    """Blanks of a line wider than one and a half letters' height: (left, right, index in the text)."""
    import pypdfium2.raw as raw

    from stratmap.reading.pdf_lines import char_edges

    start = raw.FPDFText_GetTextIndexFromCharIndex(text_page, line.first)
    stop = raw.FPDFText_GetTextIndexFromCharIndex(text_page, line.last)
    found = []
    for index in range(start + 1, min(stop, start + 400)):
        if units[index] != " " or units[index - 1] == " ":
            continue
        after = index + 1
        while after < stop and units[after] == " ":
            after += 1
        _, left = char_edges(text_page, raw.FPDFText_GetCharIndexFromTextIndex(text_page, index - 1))
        right, _ = char_edges(text_page, raw.FPDFText_GetCharIndexFromTextIndex(text_page, after))
        if right - left > 0.9 * line.size:
            found.append((left, right, index))
    return found


def _gutter(gaps: dict[int, list[tuple[float, float, int]]], rows: int, least: int) -> float | None:
    """The right edge of a gap that most wide lines share, if prose stands on both sides."""
    edges = Counter(round(right / _BUCKET) for found in gaps.values() for _, right, _ in found)
    if not edges:
        return None
    bucket, _ = edges.most_common(1)[0]
    shared = sum(1 for found in gaps.values() if any(abs(right / _BUCKET - bucket) <= 1 for _, right, _ in found))
    return bucket * _BUCKET if shared >= max(least, 0.7 * rows) else None


def _by_columns(
    lines: list[Line],
    gaps: dict[int, list[tuple[float, float, int]]],
    gutter: float,
    units: str,
    text_page: Foreign,
) -> list[Line]:
    """Left column, then right column, between the full-width lines that part them."""
    result: list[Line] = []
    left: list[Line] = []
    right: list[Line] = []
    words = 0
    for index, line in enumerate(lines):
        at = [gap for gap in gaps.get(index, []) if abs(gap[1] - gutter) <= 1.5 * _BUCKET]
        if at:
            first, second = _cut(line, at[0][2], units, text_page)
            left.append(first)
            right.append(second)
            words += min(len(first.text.split()), len(second.text.split()))
        elif line.x1 <= gutter or line.x0 >= gutter - _BUCKET:
            (left if line.x1 <= gutter else right).append(line)
        else:
            result += [*_numbered(left, 2 * index + 1), *_numbered(right, 2 * index + 2), line]
            left, right = [], []
    tail = 2 * len(lines) + 1
    result += [*_numbered(left, tail), *_numbered(right, tail + 1)]
    pairs = max(1, sum(1 for found in gaps.values() if found))
    # Few words to a side are the cells of a table.
    return result if words >= 3.5 * pairs else lines


def _numbered(lines: list[Line], block: int) -> list[Line]:
    return [replace(line, block=block) for line in lines]


def _cut(line: Line, at: int, units: str, text_page: Foreign) -> tuple[Line, Line]:
    import pypdfium2.raw as raw

    from stratmap.reading.pdf_lines import make_line

    start = raw.FPDFText_GetTextIndexFromCharIndex(text_page, line.first)
    stop = raw.FPDFText_GetTextIndexFromCharIndex(text_page, line.last) + 1
    after = at
    while after < stop - 1 and units[after] == " ":
        after += 1
    first = make_line(units, start, at, False, text_page)
    return first, make_line(units, after, stop, line.hyphen, text_page)
