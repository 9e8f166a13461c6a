"""Lines of PDF pages, and how they become paragraphs.

Comes in: a page's characters in pdfium's order, with their places. Goes out: one text a page in which the
lines of a paragraph are joined, words divided at line ends are whole again, headings and list items stand on
lines of their own, and running heads and feet stand at the page's edges.

pdfium marks a hyphen at a line end with U+FFFE and drops the line break; both count as line ends here.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from stratmap.reading.clean import BULLET
from stratmap.reading.extract import Foreign
from stratmap.reading.pdf_columns import in_reading_order, rows_marked
from stratmap.reading.structure import edge_key

_HYPHEN = "\ufffe"
_LINE_END = re.compile("\r\n|\ufffe\r\n|\ufffe|\n|\r")
_BOLD = 600
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_TERMINAL = re.compile(r"""[.!?:;…։"”»)]\s*$""")
_DOT_LEADER = re.compile(r"(?:\.[ .]{0,2}){4,}\s*\d{0,4}\s*$|…{2,}\s*\d{0,4}\s*$")
_LABEL = re.compile(r"[^\W\d_][^.:;!?]{1,40}:(?:\s|$)")
# The hollow bullet of office programs comes out as the letter o.
_CIRCLE = re.compile(r"o\s+[A-ZÀ-ÞА-Я]")
# First halves that English and its neighbours join with a hyphen that is part of the word.
_KEPT_TEXT = """
    non self ex well long short high low cross socio half quasi pseudo all mid evidence community gender
    age rights people human data client child survivor victim needs results capacity follow vice north
    south
"""
_KEPT = frozenset(_KEPT_TEXT.split())


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page.

    Places are in points from the page's lower left corner; `first` and `last` are pdfium's indexes of the
    outer characters that are not blank; `hyphen` says that the line ends inside a word; `apart` that it must
    not be joined with its neighbours (a running head or foot); lines of one column share a `block`;
    `cells` marks a table's row.
    """

    text: str
    x0: float
    x1: float
    y: float
    size: float
    bold: bool
    first: int
    last: int
    hyphen: bool = False
    apart: bool = False
    block: int = 0
    cells: bool = False


def split_units(units: str, text_page: Foreign, width: float) -> list[Line]:
    """Cut a page's characters into lines with their places, in reading order.

    Args:
        units: The text as UTF-16 code units, one character each.
        text_page: pdfium's text page.
        width: Width of the page, in points.
    """
    lines: list[Line] = []
    start = 0
    for match in [*_LINE_END.finditer(units), None]:
        end = match.start() if match else len(units)
        hyphen = bool(match) and match is not None and _HYPHEN in match.group()
        lines += _lines_of(units, start, end, hyphen, text_page)
        start = match.end() if match else end
    return rows_marked(in_reading_order(lines, units, text_page, width), units, text_page)


def _lines_of(units: str, start: int, end: int, hyphen: bool, text_page: Foreign) -> list[Line]:
    while start < end and units[start].isspace():
        start += 1
    stop = end
    while stop > start and units[stop - 1].isspace():
        stop -= 1
    if start == stop:
        return []
    return [make_line(units, start, stop, hyphen, text_page)]


def make_line(units: str, start: int, stop: int, hyphen: bool, text_page: Foreign) -> Line:
    """A line of the code units `start` to `stop`, with places asked from pdfium."""
    import pypdfium2.raw as raw

    first = raw.FPDFText_GetCharIndexFromTextIndex(text_page, start)
    last = raw.FPDFText_GetCharIndexFromTextIndex(text_page, stop - 1)
    left, _ = char_edges(text_page, first)
    _, right = char_edges(text_page, last)
    weights = [raw.FPDFText_GetFontWeight(text_page, index) for index in (first, last)]
    text = units[start:stop].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    size = raw.FPDFText_GetFontSize(text_page, first)
    matrix = raw.FS_MATRIX()
    if raw.FPDFText_GetMatrix(text_page, first, matrix):
        # Many producers set size 1 and scale by the matrix.
        size *= max(abs(matrix.d), abs(matrix.b)) or 1.0
    bold = all(weight >= _BOLD for weight in weights)
    return Line(text, left, max(left, right), _baseline(text_page, first), size, bold, first, last, hyphen)


def char_edges(text_page: Foreign, index: int) -> tuple[float, float]:
    """Left and right edge of a character, in points."""
    import pypdfium2.raw as raw

    left, right, bottom, top = ctypes.c_double(), ctypes.c_double(), ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    return left.value, right.value


def _baseline(text_page: Foreign, index: int) -> float:
    import pypdfium2.raw as raw

    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text_page, index, x, y)
    return y.value


def join_pages(pages: list[list[Line]]) -> list[str]:
    """The texts of all pages, paragraphs joined.

    Args:
        pages: Lines of each page, in reading order.
    """
    words = Counter(word.lower() for lines in pages for line in lines for word in _WORD.findall(line.text))
    return [_join(lines, words) for lines in _edges_apart(pages)]


def _edges_apart(pages: list[list[Line]]) -> list[list[Line]]:
    """Move running heads to the front and running feet to the end of their pages, standing apart.

    A line is one if its text, digits aside, is at the same edge of several pages.
    """
    seen: Counter[tuple[str, str]] = Counter()
    edges: list[dict[int, str]] = []
    for lines in pages:
        order = [index for _, index in sorted((-line.y, index) for index, line in enumerate(lines))]
        found = dict.fromkeys(order[:4], "top") | dict.fromkeys(order[max(4, len(order) - 4) :], "foot")
        edges.append(found)
        seen.update({(edge, edge_key(lines[index].text)) for index, edge in found.items()})
    enough = 2 if len(pages) < 6 else 3
    result = []
    for lines, found in zip(pages, edges, strict=True):
        running = {i: e for i, e in found.items() if len(pages) > 1 and seen[(e, edge_key(lines[i].text))] >= enough}
        by_height = [index for _, index in sorted((-lines[index].y, index) for index in running)]
        moved = {index: replace(lines[index], apart=True, hyphen=False) for index in by_height}
        head = [line for index, line in moved.items() if running[index] == "top"]
        foot = [line for index, line in moved.items() if running[index] == "foot"]
        body = [line for index, line in enumerate(lines) if index not in running]
        result.append([*head, *body, *foot])
    return result


def _join(lines: list[Line], words: Counter[str]) -> str:
    if not lines:
        return ""
    leading = _leading(lines)
    right = _right_edges(lines)
    parts = [lines[0].text]
    for index, (line, following) in enumerate(pairwise(lines)):
        if line.hyphen and not following.apart:
            parts[-1], glue = _dehyphenated(parts[-1], following.text, words)
        else:
            glue = _glue(line, following, leading, right[index])
        if glue == " " and not line.hyphen and (cut := _plain_hyphen(line.text, following.text)):
            parts[-1], glue = _dehyphenated(parts[-1][:-cut], following.text, words)
        parts.append(glue + following.text)
    return "".join(parts)


def _leading(lines: list[Line]) -> float:
    """The usual distance between baselines, in points; 0 where a page has too few lines to tell."""
    steps = [above.y - below.y for above, below in pairwise(lines) if 2 < above.y - below.y < 60]
    return median(steps) if len(steps) >= 3 else 0.0


def _right_edges(lines: list[Line]) -> list[float]:
    """For each line the right edge of its column: the widest reach among lines with about its left edge."""
    reach: dict[int, float] = {}
    for line in lines:
        key = round(line.x0 / 12)
        reach[key] = max(reach.get(key, 0.0), line.x1)
    near = [max(reach.get(round(line.x0 / 12) + step, 0.0) for step in (-1, 0, 1)) for line in lines]
    return near


def _glue(line: Line, following: Line, leading: float, right: float) -> str:
    """What stands between two lines: a blank, a line break, or a blank line."""
    if line.apart or following.apart:
        return "\n\n"
    if line.block != following.block:
        return " " if _runs_on(line, following) else "\n\n"
    step = line.y - following.y
    continues = following.text[:1].islower()
    if abs(line.size - following.size) > 0.12 * max(line.size, following.size) and not (
        continues and not _TERMINAL.search(line.text)
    ):
        return "\n\n"
    usual = max(leading, line.size * 1.1)
    if abs(step) < 0.4 * line.size:
        return " "  # the same baseline: cells or a piece set apart
    if step < 0 or step > 4 * usual:
        return " " if _runs_on(line, following) else "\n\n"
    circle = _CIRCLE.match(following.text) and _TERMINAL.search(line.text)
    if circle or (BULLET.match(following.text) and not _inside_sentence(line, following)):
        return "\n"
    if line.cells or following.cells or _DOT_LEADER.search(line.text[-300:]):
        return "\n"
    if step > 1.45 * usual and not (continues and not _TERMINAL.search(line.text)):
        return "\n\n"
    if line.bold != following.bold and not continues:
        return "\n\n" if line.bold else "\n"
    return _line_break(line, following, right)


def _line_break(line: Line, following: Line, right: float) -> str:
    """Whether a line inside a block ends a paragraph: it is short, and the next begins anew."""
    if following.text[:1].islower() or line.text.endswith((",", "-", "–", "(", "/")):
        return " "
    width = right - line.x0
    first_word = following.text.split(" ", 1)[0]
    character = (line.x1 - line.x0) / max(1, len(line.text))
    # The next word would have fitted: the break was meant.
    meant = line.x1 + character * (len(first_word) + 2) < right - 0.02 * width
    if meant and (_TERMINAL.search(line.text) or line.x1 < right - 0.25 * width):
        return "\n"
    if _LABEL.match(following.text) and (meant or _TERMINAL.search(line.text) or _LABEL.match(line.text)):
        return "\n"
    indented = following.x0 > line.x0 + 0.8 * line.size
    return "\n" if indented and _TERMINAL.search(line.text) and following.text[:1].isupper() else " "


def _inside_sentence(line: Line, following: Line) -> bool:
    """A dash or a number at a line's front that is part of the running sentence."""
    dash = following.text[:1] in "-–—" and not _TERMINAL.search(line.text) and following.text[2:3].islower()
    return dash and abs(following.x0 - line.x0) < 2


def _runs_on(line: Line, following: Line) -> bool:
    """Whether a sentence goes on in the next column."""
    alike = abs(line.size - following.size) < 0.12 * max(line.size, following.size)
    return alike and following.text[:1].islower() and not _TERMINAL.search(line.text)


def _plain_hyphen(text: str, following: str) -> int:
    """Length of a hyphen at the end of a word that goes on in the next line, else 0."""
    divided = text.endswith(("-", "\u2010", "\xad")) and text[-2:-1].isalpha() and following[:1].isalpha()
    return 1 if divided else 0


def _dehyphenated(text: str, following: str, words: Counter[str]) -> tuple[str, str]:
    """Decide whether a hyphen at a line end is part of the word; returns the text and what follows it."""
    before = re.search(r"[^\W_]*$", text[-40:])
    after = re.match(r"[^\W_]*", following)
    first = before.group() if before else ""
    second = after.group() if after else ""
    if not first or not second:
        return text, "-" if first else " "
    if second[0].isupper() or second[0].isdigit() or first[-1].isdigit() or len(first) == 1:
        return text, "-"
    whole, compound = (first + second).lower(), f"{first}-{second}".lower()
    if words[whole] != words[compound]:
        return text, "" if words[whole] > words[compound] else "-"
    return text, "-" if first.lower() in _KEPT else ""
