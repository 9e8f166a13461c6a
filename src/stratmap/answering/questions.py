"""What a question is, before anything is searched: it comes in as typed, goes out clean or is refused.

Operators, quotes, SQL and markup are ordinary characters here and stay as they are; no syntax is interpreted.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

from stratmap.encoding import Encoder
from stratmap.errors import UsageError

_NUMBERS = re.compile(
    r"\b(how (many|much|long|old|often|far|large|big)|number of|what (share|percentage|proportion|amount|percent)"
    r"|rate)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"\b(costs?|budgets?|prices?|fees?|salar(y|ies)|wages?|expensive|how much (money|did|was|is)"
    r"|funding|what (sum|amount))\b",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\b(when|what (year|date|month|day)|which (year|month)|since when|how long)\b", re.IGNORECASE)
_PERSONS = re.compile(
    r"\b(who|whom|whose|which (organi[sz]ation|agency|ministry|donor|partner|institution|body|office)s?)\b",
    re.IGNORECASE,
)
_PLACES = re.compile(
    r"\b(where|(which|what) (countr(y|ies)|cit(y|ies)|town|village|district|region|place|municipalit(y|ies))s?)\b",
    re.IGNORECASE,
)


class Wanted(Enum):
    """The kind of thing that a question asks for."""

    NUMBER = "number"
    MONEY = "money"
    TIME = "time"
    NAME = "name"
    PLACE = "place"
    TEXT = "text"


def clean_question(question: str, most: int) -> str:
    """The question in NFC, without control characters, blanks collapsed; "" where it holds no word.

    Raises:
        UsageError: It is longer than `most` characters.
    """
    if len(question) > most:
        raise UsageError(
            f"question: expected at most {most:,} characters, found {len(question):,}. "
            "Ask in a sentence or two; a whole report is tagged with `stratmap tag`."
        )
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in question)
    text = " ".join(unicodedata.normalize("NFC", plain).split())
    return text if sum(c.isalnum() for c in text) >= 2 else ""


def wanted(question: str) -> Wanted:
    """What the question asks for."""
    for pattern, kind in (
        (_TIMES, Wanted.TIME), (_MONEY, Wanted.MONEY), (_NUMBERS, Wanted.NUMBER), (_PERSONS, Wanted.NAME),
        (_PLACES, Wanted.PLACE),
    ):  # fmt: skip
        if pattern.search(question):
            return kind
    return Wanted.TEXT


def fitted(text: str, encoder: Encoder) -> str:
    """The beginning of a text that fits the encoder's window; all of it for any ordinary question."""
    while encoder.count_tokens([text])[0] > encoder.window:
        text = text[: len(text) * 3 // 4]
    return text
