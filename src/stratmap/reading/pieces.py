"""Sentences that are longer than the encoder's window, cut into pieces without losing a character.

Comes in: text and a span. Goes out: adjoining spans of it, cut after a clause, else after a word, else
between two characters. It counts no tokens; callers measure and cut again what is still too long.
"""

from __future__ import annotations

import re
import unicodedata

Span = tuple[int, int]

_CLAUSE = re.compile(r"[;:,–—·•](?=\s)|[;:،、，；]")


def cut_long(text: str, span: Span, characters: int) -> list[Span]:
    """Cut a span into pieces of at most `characters`.

    Args:
        text: The text of the page.
        span: Start and end.
        characters: Most characters of a piece, at least 1.

    Returns:
        Spans in order without outer blanks; only blanks lie between them.
    """
    start, end = span
    pieces: list[Span] = []
    while end - start > characters:
        at = _cut_point(text, start, start + characters)
        stop = at
        while stop > start and text[stop - 1].isspace():
            stop -= 1
        if stop > start:
            pieces.append((start, stop))
        start = at
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        pieces.append((start, end))
    return pieces


def _cut_point(text: str, start: int, limit: int) -> int:
    """The best place to cut in the second half of `start` to `limit`."""
    half = start + (limit - start) // 2
    clauses = [match.end() for match in _CLAUSE.finditer(text, half, limit)]
    if clauses:
        return clauses[-1]
    blank = max(text.rfind(" ", start + 1, limit + 1), text.rfind("\n", start + 1, limit + 1))
    if blank > start:
        return blank
    at = limit
    while at > half and unicodedata.combining(text[at : at + 1] or " "):
        at -= 1  # a letter keeps its accents
    return at
