"""What may stand as a quotation: the sentences of a page come in, the span to quote for one of them goes out.

Titles, headings, running headers, the head row of a table and fragments are never quoted; a sentence that leans on
the one before ("It ...") takes that along, and one that announces a list takes the list along. It scores nothing.
"""

from __future__ import annotations

import re

Span = tuple[int, int]

LONGEST = 600
_SHORTEST_WORDS = 4
# A line without a full stop that has more words than this is no heading but a sentence cut by the page's end.
_LONGEST_HEADING_WORDS = 16
_MOST_LABEL_WORDS = 4
_LEADING = re.compile(r"^[\s>#*•·–—-]+|^\(?(?:\d{1,2}|[a-z])[.)]\s+")
_LEANS = re.compile(r"(It|This|That|These|Those|They|He|She|Both|Such|However|Here|There|Its|Their)\b")
_ENDS = '.!?;…։؟。！？”"’»)'
_LABEL = re.compile(r"[^\W\d_][^:|\n]{0,60}:\s+\S")
_FURNITURE = re.compile(
    r"\b(?:page|seite|página|pagina|стр\.?|страница|sayfa|strana)\s+\d{1,4}\b.{0,12}$", re.IGNORECASE
)
_NUMBERING = re.compile(r"^\s*(?:#+\s*)?(?:(?:\d{1,2}\.?)+|[ivx]{1,5}[.)]|[a-z][.)])?\s*", re.IGNORECASE)


def plain_title(text: str) -> str:
    """A title as it is compared: without numbering, marks and case.

    >>> plain_title("## 2. Finding  them:")
    'finding them'
    """
    return " ".join(_NUMBERING.sub("", text, count=1).split()).strip(" *_:.").casefold()


def quotable_span(page: str, spans: list[Span], i: int, titles: frozenset[str] = frozenset()) -> Span | None:
    """The span to quote for the i-th sentence of a page; None where it may not be quoted.

    Args:
        page: The page's text.
        spans: Its sentences, as `sentence_spans` gives them.
        i: Which of them.
        titles: Titles and headings of the document, as `plain_title` gives them.
    """
    start, end = spans[i]
    lead = _LEADING.match(page[start:end])
    start += lead.end() if lead else 0
    text = page[start:end]
    if _is_fragment(text, opened=lead is not None) or plain_title(text) in titles or _FURNITURE.search(text):
        return None
    if "|" in text:
        return None if _is_head_row(page, spans, i) else (start, _cut(page, start, end))
    if text.endswith(":"):
        end = _with_list(page, spans, i)
        if end == spans[i][1]:
            return None
    elif not lead and text[-1] not in _ENDS and not _states(text):
        return None
    return _from_what_it_leans_on(page, spans, i, start), _cut(page, start, end)


def is_bare(text: str, heading: str, title: str = "") -> bool:
    """Whether a passage holds nothing but headings and running lines, so that nothing in it can answer."""
    titles = titles_of(heading, title)
    lines = [line for line in text.splitlines() if line.strip()]
    return all(_FURNITURE.search(line) or plain_title(line) in titles or len(line.split()) < 2 for line in lines)


def titles_of(heading: str, title: str = "") -> frozenset[str]:
    """Titles and headings to leave out, from a heading path and a document's title."""
    return frozenset(plain_title(part) for part in (*heading.split(" > "), title) if part)


def _is_fragment(text: str, *, opened: bool) -> bool:
    """Too short, without letters, or begun in mid-sentence."""
    first = next((c for c in text if c.isalpha()), "")
    if not first or len(text.split()) < _SHORTEST_WORDS:
        return True
    return first.islower() and not opened and not text[0].isdigit()


def _states(text: str) -> bool:
    """Whether a line without a full stop says something all the same: a labelled value, a row of figures, much."""
    words = text.split()
    label = _LABEL.match(text)
    labelled = label is not None and len(text[: text.index(":")].split()) <= _MOST_LABEL_WORDS
    row = len(words) > 1 and words[-1][0].isdigit() and words[-2][0].isdigit()
    return labelled or row or len(words) > _LONGEST_HEADING_WORDS


def _is_head_row(page: str, spans: list[Span], i: int) -> bool:
    """Whether a row of cells opens its table and holds no figure."""
    start, end = spans[i]
    follows = i > 0 and "|" in page[slice(*spans[i - 1])]
    return not follows and not any(c.isdigit() for c in page[start:end])


def _with_list(page: str, spans: list[Span], i: int) -> int:
    """The end of the list or table that a sentence announces, as far as it can be quoted; its own end without one."""
    start, end = spans[i]
    for later_start, later_end in spans[i + 1 :]:
        line = page[later_start:later_end]
        item = _LEADING.match(line) or "|" in line or line[0].islower()
        if not item or later_end - start > LONGEST:
            break
        end = later_end
    return end


def _from_what_it_leans_on(page: str, spans: list[Span], i: int, start: int) -> int:
    """The start of the sentence that this one, and each before it, takes up; its own start where it stands alone."""
    end = spans[i][1]
    while i and _LEANS.match(page[start:end]):
        before, after = spans[i - 1][0], spans[i][1]
        plain = page[before].isupper() and "\n" not in page[before:after]
        if not plain or end - before > LONGEST:
            break
        start, i = before, i - 1
    return start


def _cut(page: str, start: int, end: int) -> int:
    if end - start <= LONGEST:
        return end
    text = page[start : start + LONGEST]
    cut = max(text.rfind("; "), text.rfind(", "), text.rfind("\n"))
    cut = cut if cut > LONGEST // 2 else text.rfind(" ")
    return start + (cut if cut > 0 else LONGEST)


def opening_of(page: str, start: int, end: int) -> Span:
    """The beginning of a passage, cut to a quotable length, where no sentence of it can stand alone."""
    return start, _cut(page, start, end)
