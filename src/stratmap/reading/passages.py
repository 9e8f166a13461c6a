"""Passages: contiguous spans of pages on sentence boundaries, each within the encoder's window.

Comes in: a `Document` and a function that counts tokens. Goes out: its `Passage`s in order. They do not
overlap, and together hold all text but the furniture that `structure` names. Nothing is ever cut off: a
sentence that is too long becomes several passages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stratmap.reading.pieces import Span, cut_long
from stratmap.reading.sentences import sentence_spans
from stratmap.reading.structure import Kind, PageLine, page_lines
from stratmap.records import Document, Page, Passage

_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2}){0,3})\.?\s")
CountTokens = Callable[[list[str]], list[int]]

_SPECIAL = 2  # the encoder's start and end tokens
_FEW_WORDS = 12
_HEADING_CHARACTERS = 120
_HEADING_DEPTH = 3
# No tokenizer of the supported encoders takes more than this many characters to a token on average in prose;
# what is longer is cut before it is counted, so that a megabyte without a full stop costs no more than prose.
_CHARACTERS_PER_TOKEN = 6


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a piece of one.

    `opens` says that a paragraph begins here, `barrier` that the text before it belongs to no passage and
    must not be spanned.
    """

    start: int
    end: int
    page: int
    path: str
    heading: bool
    opens: bool
    barrier: bool
    tokens: int = 0


def split_passages(document: Document, count_tokens: CountTokens, max_tokens: int) -> tuple[Passage, ...]:
    """Split a document into passages.

    Args:
        document: The document.
        count_tokens: Numbers of tokens of texts, with or without the encoder's special tokens.
        max_tokens: Most tokens of a passage, special tokens included; at least 8.

    Returns:
        Passages in reading order; `page.text[p.start:p.end] == p.text` for each.

    Raises:
        ValueError: `max_tokens` is below 8.
    """
    if max_tokens < 8:
        raise ValueError(f"expected at least 8 tokens in a passage, found {max_tokens}.")
    counter = _Counter(count_tokens)
    limit = max_tokens - _SPECIAL
    units = _measured(_units(document, limit), document.pages, counter, limit)
    groups: list[list[_Unit]] = []
    for run in _runs(units):
        groups += _without_tiny(_packed(run, limit), document.pages, limit)
    groups = _verified(groups, document.pages, counter, limit)
    return tuple(_passage(document, group) for group in groups)


class _Counter:
    """Counts tokens without the special ones, whether or not the given function includes them."""

    def __init__(self, count_tokens: CountTokens) -> None:
        self._count = count_tokens
        one, two = count_tokens(["one", "one one"])
        self._special = min(_SPECIAL, max(0, 2 * one - two))

    def __call__(self, texts: list[str]) -> list[int]:
        return [max(1, count - self._special) for count in self._count(texts)] if texts else []


def _units(document: Document, limit: int) -> list[_Unit]:
    units: list[_Unit] = []
    stack: list[tuple[int, str]] = []
    for number, lines in enumerate(page_lines(document.pages)):
        text = document.pages[number].text
        barrier = True
        for line in lines:
            if line.kind is Kind.FURNITURE:
                barrier = True
                continue
            if line.kind is Kind.HEADING:
                stack = [*_above(stack, line), (line.level, line.text)]
            path = _path(stack)
            spans = _line_spans(text, line, document.language.code, limit)
            for index, (start, end) in enumerate(spans):
                heading = line.kind is Kind.HEADING
                units.append(_Unit(start, end, number, path, heading, index == 0, barrier))
                barrier = False
    return units


def _above(stack: Sequence[tuple[int, str]], line: PageLine) -> list[tuple[int, str]]:
    """The headings that a new one stands under: higher ones, and none with another number ("4" for "6.1")."""
    number = _NUMBER.match(line.text)
    kept = []
    for level, text in stack:
        other = _NUMBER.match(text)
        fits = not (number and other) or f"{number.group(1)}.".startswith(f"{other.group(1)}.")
        if level < line.level and fits:
            kept.append((level, text))
    return kept


def _path(stack: Sequence[tuple[int, str]]) -> str:
    path = " > ".join(text for _, text in stack[-_HEADING_DEPTH:])
    if len(path) > _HEADING_CHARACTERS:
        path = stack[-1][1][:_HEADING_CHARACTERS]
    return path


def _line_spans(text: str, line: PageLine, language: str, limit: int) -> list[Span]:
    """Sentences of a line, those far too long already cut."""
    if line.kind is Kind.HEADING:
        return [(line.start, line.end)]
    spans = [(line.start + start, line.start + end) for start, end in sentence_spans(line.text, language)]
    longest = limit * _CHARACTERS_PER_TOKEN
    return [piece for span in spans for piece in cut_long(text, span, longest)]


def _measured(units: list[_Unit], pages: Sequence[Page], counter: _Counter, limit: int) -> list[_Unit]:
    """Units with their tokens; what exceeds the window is cut in halves until it fits."""
    counts = counter([pages[unit.page].text[unit.start : unit.end] for unit in units])
    done: list[_Unit] = []
    pending: list[_Unit] = []
    for unit, count in zip(units, counts, strict=True):
        if count <= limit or unit.end - unit.start <= 1:
            done.append(_resized(unit, (unit.start, unit.end), count, first=True))
            continue
        characters = max(1, min((unit.end - unit.start) * limit // count, (unit.end - unit.start) // 2 + 1))
        spans = cut_long(pages[unit.page].text, (unit.start, unit.end), characters)
        pending += [_resized(unit, span, 0, first=index == 0) for index, span in enumerate(spans)]
    if not pending:
        return done
    return sorted([*done, *_measured(pending, pages, counter, limit)], key=lambda unit: (unit.page, unit.start))


def _resized(unit: _Unit, span: Span, tokens: int, *, first: bool) -> _Unit:
    return _Unit(*span, unit.page, unit.path, unit.heading, unit.opens and first, unit.barrier and first, tokens)


def _runs(units: list[_Unit]) -> list[list[_Unit]]:
    """Units between which nothing has to be left out: those of one page, parted at barriers."""
    runs: list[list[_Unit]] = []
    for unit in units:
        if unit.barrier or not runs:
            runs.append([])
        runs[-1].append(unit)
    return runs


def _packed(run: list[_Unit], limit: int) -> list[list[_Unit]]:
    """Fill passages with whole sentences; a heading begins a new one, and a paragraph does by preference."""
    groups: list[list[_Unit]] = []
    current: list[_Unit] = []
    total = 0
    for unit in run:
        if unit.heading and current and not current[-1].heading:
            groups.append(current)
            current, total = [], 0
        elif total + unit.tokens > limit and current:
            kept, current = _parted(current, unit, limit)
            groups.append(kept)
            total = sum(other.tokens for other in current)
        current.append(unit)
        total += unit.tokens
    if current:
        groups.append(current)
    return groups


def _parted(current: list[_Unit], unit: _Unit, limit: int) -> tuple[list[_Unit], list[_Unit]]:
    """Where to end a full passage: before the last paragraph if that leaves it half full, else right here."""
    if unit.opens:
        return current, []
    for index in range(len(current) - 1, 0, -1):
        before = sum(other.tokens for other in current[:index])
        if before < limit // 2:
            break
        rest = sum(other.tokens for other in current[index:])
        if current[index].opens and rest + unit.tokens <= limit:
            return current[:index], current[index:]
    return current, []


def _words(group: list[_Unit], pages: Sequence[Page]) -> int:
    return len(pages[group[0].page].text[group[0].start : group[-1].end].split(None, _FEW_WORDS))


def _tokens(group: list[_Unit]) -> int:
    return sum(unit.tokens for unit in group)


def _without_tiny(groups: list[list[_Unit]], pages: Sequence[Page], limit: int) -> list[list[_Unit]]:
    """Join passages of a few words with a neighbour, unless a heading parts them."""
    result: list[list[_Unit]] = []
    for group in groups:
        previous = result[-1] if result else []
        fits = bool(previous) and _tokens(previous) + _tokens(group) <= limit
        tiny = _words(group, pages) < _FEW_WORDS
        after_tiny = bool(previous) and _words(previous, pages) < _FEW_WORDS
        only_headings = all(unit.heading for unit in group)
        joins = (tiny and (not group[0].heading or after_tiny or only_headings)) or (
            after_tiny and not group[0].heading
        )
        if fits and joins:
            result[-1] = previous + group
        elif tiny and previous and not group[0].heading:
            result[-1], group = _shared(previous, group, pages)
            result.append(group)
        else:
            result.append(group)
    return result


def _shared(previous: list[_Unit], group: list[_Unit], pages: Sequence[Page]) -> tuple[list[_Unit], list[_Unit]]:
    """Move sentences from the end of a full passage to the few words that follow it."""
    while len(previous) > 1 and _words(group, pages) < _FEW_WORDS:
        moved = previous[-1]
        if moved.heading or _tokens([moved, *group]) > _tokens(previous[:-1]):
            break
        previous, group = previous[:-1], [moved, *group]
    return previous, group


def _verified(groups: list[list[_Unit]], pages: Sequence[Page], counter: _Counter, limit: int) -> list[list[_Unit]]:
    """Count nearly full passages as wholes: for a few tokenizers that is more than the sum of the parts."""
    full = [index for index, group in enumerate(groups) if len(group) > 1 and _tokens(group) > 0.8 * limit]
    texts = [pages[groups[index][0].page].text[groups[index][0].start : groups[index][-1].end] for index in full]
    too_long = {index for index, count in zip(full, counter(texts), strict=True) if count > limit}
    if not too_long:
        return groups
    result: list[list[_Unit]] = []
    for index, group in enumerate(groups):
        middle = (len(group) + 1) // 2
        result += _verified([group[:middle], group[middle:]], pages, counter, limit) if index in too_long else [group]
    return result


def _passage(document: Document, group: list[_Unit]) -> Passage:
    first, last = group[0], group[-1]
    page = document.pages[first.page]
    body = next((unit for unit in group if not unit.heading), last)
    return Passage(
        doc_id=document.doc_id,
        page_index=first.page,
        page=page.number,
        start=first.start,
        end=last.end,
        offset=page.start + first.start,
        text=page.text[first.start : last.end],
        heading=body.path,
    )
