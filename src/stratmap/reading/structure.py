"""What the lines of a page are: body, heading, or furniture that no passage should hold.

Comes in: a document's pages. Goes out: the lines of each page with a kind. Furniture is repeated headers and
footers, page numbers, tables of contents, and lists of references. It changes no text: all is spans.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from stratmap.reading.clean import BULLET
from stratmap.records import Page

_EDGE_LINES = 3
_EDGE_CHARACTERS = 200
_NEARBY = 3
_HEADER_BLANKS = 12
_EDGE_NUMBERS = re.compile(r"^\d{1,4}\b|\b\d{1,4}(?: ?(?:of|/|из|von|de|od|din|z) ?\d{1,4})?$")
_HEADING_CHARACTERS = 120
_HEADING_WORDS = 14

_PAGE_NUMBER = re.compile(
    r"[\W_]{0,4}(?:page|pg|p|стр|с|сторінка|страница|seite|sayfa|strana|pagina|str)?[\W_]{0,4}"
    r"(?:\d{1,4}|[ivxlc]{1,7})(?:\s{0,2}(?:/|of|из|з|od|de|din|von|-|\|)\s{0,2}\d{1,4})?[\W_]{0,4}$",
    re.I,
)
_PAGE_OF = re.compile(
    r"(?:page|pg|p|стр|с|сторінка|страница|seite|sayfa|strana|pagina|str)[. ]{0,2}(\d{1,4})"
    r" ?(?:/|of|из|з|od|de|din|von) ?(\d{1,4})$",
    re.I,
)
_CONTENTS_LINE = re.compile(r"(?:\.[ .]{0,2}){4,}\s*\d{0,4}\s*$|…{2,}\s*\d{0,4}\s*$|_{4,}\s*\d{1,4}\s*$")
_ENDS_IN_NUMBER = re.compile(r"[^\W\d_].{0,200}[\s.]\d{1,3}$")
_CONTENTS_HEADING = re.compile(
    r"(?:table of contents|contents|содержание|оглавление|зміст|sadržaj|садржај|содржина|cuprins|içindekiler|"
    r"table des matières|sommaire|inhaltsverzeichnis|inhalt|spis treści|përmbajtja|mündəricat)\s*:?$",
    re.I,
)
_REFERENCES_HEADING = re.compile(
    r"(?:\d{1,2}\.?\s+|[a-z]\.\s+|annex \w{1,3}[.:]?\s+)?(?:references|reference list|list of references|"
    r"bibliography|works cited|литература|список литературы|библиография|литература и источники|"
    r"список использованн\w{1,12} (?:источников|литературы)|бібліографія|список літератури|bibliographie|"
    r"bibliografi[ae]?|bibliografía|literatura|kaynakça|kaynaklar|literaturverzeichnis)\s*:?$",
    re.I,
)
_AFTER_REFERENCES = re.compile(
    r"(?:annexe?|appendix|приложение|додаток|прилог|prilog|ek|anexa?|anhang)\b|"
    r"\d{1,2}(?:\.\d{1,2}){0,4}\.?\s+[^\W\d_]",
    re.I,
)
_NUMBERED = re.compile(
    r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s+[^\W\d_]|([IVX]{1,5}|[A-ZА-Я])[.)]\s+[^\W\d_]|"
    r"(?:annex|appendix|chapter|section|part|приложение|глава|раздел|розділ|capitolul|bölüm)\s+[\dIVXA-Z]{1,4}\b",
    re.I,
)
_LABEL = re.compile(r"[^:]{1,60}:\s")


_DATE = re.compile(r"\d{1,2}\s[^\W\d_]{3,12}\s\d{4}$")


class Kind(Enum):
    """What a line is."""

    BODY = "body"
    HEADING = "heading"
    FURNITURE = "furniture"


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line that is not blank.

    Invariant: `page_text[start:end] == text`. `apart` says that a blank line (or the page's top) is before
    it; `level` is the heading's depth, 1 the highest, 0 for other lines.
    """

    start: int
    end: int
    text: str
    apart: bool
    kind: Kind = Kind.BODY
    level: int = 0


def page_lines(pages: Sequence[Page]) -> list[list[PageLine]]:
    """The lines of each page with their kinds."""
    plain = [_lines(page.text) for page in pages]
    furniture = _repeated(plain) | _page_numbers(pages, plain)
    marked = [
        [
            replace(line, kind=Kind.FURNITURE) if (number, index) in furniture else line
            for index, line in enumerate(lines)
        ]
        for number, lines in enumerate(plain)
    ]
    if not any(line.kind is Kind.BODY for lines in marked for line in lines):
        marked = plain  # every page the same: then it is no header but the text
    headed = [_headings(lines) for lines in marked]
    return _without_lists(headed)


def _lines(text: str) -> list[PageLine]:
    found = []
    start, apart = 0, True
    for piece in text.split("\n"):
        stripped = piece.strip()
        if stripped:
            at = start + len(piece) - len(piece.lstrip())
            found.append(PageLine(at, at + len(stripped), stripped, apart))
        apart = not stripped
        start += len(piece) + 1
    return found


def _edge(lines: list[PageLine], edge: str) -> list[int]:
    count = min(_EDGE_LINES, len(lines))
    return list(range(count)) if edge == "top" else list(range(len(lines) - count, len(lines)))


def edge_key(text: str) -> str:
    """What two lines at the edge of pages have in common if they are one header.

    The page number at either end is made alike; a sentence is no header unless it is the same throughout.
    """
    text = " ".join(text.lower().split())
    if text.endswith((".", ";", ":")) or text.count(" ") > _HEADER_BLANKS:
        return text
    return _EDGE_NUMBERS.sub("#", text)


def _repeated(pages: list[list[PageLine]]) -> set[tuple[int, int]]:
    """Lines at the same edge of three pages or more, and of half of the pages around."""
    found: set[tuple[int, int]] = set()
    if len(pages) < 3:
        return found
    for edge in ("top", "foot"):
        places: dict[str, dict[int, int]] = defaultdict(dict)
        for number, lines in enumerate(pages):
            for index in _edge(lines, edge):
                if len(lines[index].text) <= _EDGE_CHARACTERS:
                    places[edge_key(lines[index].text)].setdefault(number, index)
        for on_pages in places.values():
            if len(on_pages) < 3:
                continue
            for number, index in on_pages.items():
                near = range(max(0, number - _NEARBY), min(len(pages), number + _NEARBY + 1))
                # One more, since left and right pages take turns in an odd number of pages.
                if 2 * sum(other in on_pages for other in near) + 1 >= len(near):
                    found.add((number, index))
    return found


def _page_numbers(pages: Sequence[Page], plain: list[list[PageLine]]) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    for number, lines in enumerate(plain):
        if pages[number].number is None:
            continue
        edges = {*_edge(lines, "top"), *_edge(lines, "foot")}
        for index, line in enumerate(lines):
            # In the middle of a page's text only the page's own number, standing alone, is taken for one.
            alone = line.apart and line.text == str(pages[number].number)
            numbered = len(line.text) < 30 and _PAGE_NUMBER.match(line.text)
            if alone or (index in edges and (numbered or _counts_pages(line.text, pages[number].number, len(pages)))):
                found.add((number, index))
    return found


def _counts_pages(text: str, number: int | None, count: int) -> bool:
    """Whether a line ends in this page's number and the count of pages: a header, however few the pages are.

    >>> _counts_pages("After the earthquake | Albania Page 2 of 2", 2, 2)
    True
    """
    found = _PAGE_OF.search(text) if len(text) <= _EDGE_CHARACTERS else None
    return found is not None and (int(found[1]), int(found[2])) == (number, count)


def _headings(lines: list[PageLine]) -> list[PageLine]:
    body = [line for line in lines if line.kind is not Kind.FURNITURE]
    around = zip([None, *body[:-1]], body, [*body[1:], None], strict=True) if body else ()
    levels = {line.start: _level(line, before, after) for before, line, after in around}
    return [
        replace(line, kind=Kind.HEADING, level=levels[line.start])
        if line.kind is Kind.BODY and levels.get(line.start)
        else line
        for line in lines
    ]


def _level(line: PageLine, before: PageLine | None, after: PageLine | None) -> int:
    """Depth of a heading, 0 where a line is none: short, no full stop, and shaped or placed as one."""
    text = line.text
    words = text.split()
    letters = [char for char in text if char.isalpha()]
    if not _may_be_heading(text, words, letters) or (after and after.text[0] in ":;,.)"):
        return 0
    if numbered := _NUMBERED.match(text):
        return _numbered_level(numbered, line, before, after)
    if BULLET.match(text) or _LABEL.match(text):
        return 0
    if not any(char.islower() for char in letters) and any(char.isupper() for char in letters):
        return 1 if len(letters) >= 4 and (len(words) > 1 or line.apart) else 0
    if not line.apart or after is None or (text.endswith(":") and (len(words) > 4 or "," in text)):
        return 0
    longer = len(after.text) >= 60 or len(after.text) > 1.5 * len(text)
    return 3 if longer or after.apart else 0


def _may_be_heading(text: str, words: list[str], letters: list[str]) -> bool:
    if len(text) > _HEADING_CHARACTERS or len(words) > _HEADING_WORDS or len(letters) < 3:
        return False
    if text[-1] in ".,;!…" or " | " in text or text.count(",") > 1 or _CONTENTS_LINE.search(text):
        return False
    shaped = text[0].isalnum() and not letters[0].islower()
    return shaped and len(letters) >= 0.5 * len(text.replace(" ", ""))


def _numbered_level(numbered: re.Match[str], line: PageLine, before: PageLine | None, after: PageLine | None) -> int:
    """A numbered line is a heading unless its neighbours are its siblings in a list."""
    words = len(line.text.split())
    siblings = (before is not None and not line.apart and _is_numbered(before.text)) or (
        after is not None and not after.apart and _is_numbered(after.text)
    )
    if siblings or words > 12 or _DATE.match(line.text):
        return 0
    bulleted = after is not None and bool(BULLET.match(after.text))
    if not line.apart and after is not None and not after.apart and len(after.text) < 60 and not bulleted:
        return 0
    if after is None and words > 8:
        return 0
    return 1 + numbered.group(1).count(".") if numbered.group(1) else 1


def _is_numbered(text: str) -> bool:
    return bool(_NUMBERED.match(text) or (BULLET.match(text) and (text[0].isalnum() or text[0] == "(")))


def _without_lists(pages: list[list[PageLine]]) -> list[list[PageLine]]:
    """Mark tables of contents and lists of references as furniture."""
    result: list[list[PageLine]] = []
    total = sum(len(line.text) for lines in pages for line in lines)
    dropped = 0
    mode = ""
    for lines in pages:
        marked = []
        for index, line in enumerate(lines):
            mode = _mode(mode, line, lines[index + 1 : index + 4])
            drop = line.kind is not Kind.FURNITURE and (bool(mode) or bool(_CONTENTS_LINE.search(line.text[-300:])))
            dropped += len(line.text) if drop else 0
            marked.append(replace(line, kind=Kind.FURNITURE, level=0) if drop else line)
        result.append(marked)
    # More than a third of a text is no list at its end: then the rule has erred, and nothing is dropped.
    return pages if dropped > total / 3 and total > 0 else result


def _mode(mode: str, line: PageLine, following: list[PageLine]) -> str:
    """`contents` or `references` while inside such a list, else ""."""
    text = line.text
    if len(text) <= 80 and _CONTENTS_HEADING.match(text):
        return "contents" if sum(_is_contents_line(other.text) for other in following) >= 2 else ""
    if len(text) <= 80 and _REFERENCES_HEADING.match(text):
        return "references"
    if mode == "contents" and not _is_contents_line(text):
        return ""
    heading = line.kind is Kind.HEADING and (line.level == 1 or bool(_AFTER_REFERENCES.match(text)))
    return "" if mode == "references" and heading else mode


def _is_contents_line(text: str) -> bool:
    return bool(_CONTENTS_LINE.search(text[-300:]) or _ENDS_IN_NUMBER.match(text[-210:]))
