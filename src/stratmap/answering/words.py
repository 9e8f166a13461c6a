"""Words as they are compared: text comes in, stems without the common words go out. It ranks nothing.

Numbers are one form each ("1,200" and "1200", "three" and "3"), so that they can be looked for literally.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from math import log
from threading import Lock

import Stemmer

_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]+")
_SPOKEN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_NUMBER_WORDS = {word: str(value) for value, word in enumerate(_SPOKEN.split())} | {"twenty": "20"}
_STOP_TEXT = """
    a about after all also an and any are as at be been before being between both but by can could did do does
    done during each for from get got had has have having he her here hers him his how i if in into is it its
    just like many may me might more most much must my no nor not of off on once only or other our out over own
    per please same shall she should since so some such tell than that the their them then there these they
    this those through to too under until up upon us use used using very was we were what when where which while
    who whom whose why will with within without would you your s t
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
_stemmer = Stemmer.Stemmer("english")
_lock = Lock()  # a stemmer keeps a buffer


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a lower-case word, or the one form of a number."""
    if word[0].isdigit():
        return re.sub(r"[.,](?=\d{3}(?:\D|$))", "", word)
    if word in _NUMBER_WORDS:
        return _NUMBER_WORDS[word]
    with _lock:
        return str(_stemmer.stemWord(word))


def tokens(text: str) -> list[str]:
    """Words and numbers as they stand."""
    return _TOKEN.findall(text)


def terms(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order, repeated where the text repeats them.

    >>> terms("How many of the 1,200 families returned?")
    ['1200', 'famili', 'return']
    """
    lowered = (token.lower() for token in tokens(text))
    return [stem(word) for word in lowered if word not in STOP_WORDS]


def numbers(text: str) -> set[str]:
    """All numbers of a text, in their one form, number words from two upwards included."""
    found = {stem(token.lower()) for token in tokens(text)}
    return {value for value in found if value[0].isdigit()} - {"1", "0"}


def rarity(asked: Iterable[str], texts: list[set[str]]) -> dict[str, float]:
    """Weight of each term: high where few of the texts hold it, highest where none does."""
    total = len(texts)
    found = {term: sum(term in text for text in texts) for term in set(asked)}
    return {term: log(1 + (total + 1) / (count + 0.5)) for term, count in found.items()}


def coverage(asked: dict[str, float], held: set[str]) -> float:
    """Share (0 to 1) of the weighted terms that a text holds; 0 where nothing is asked."""
    whole = sum(asked.values())
    return sum(weight for term, weight in asked.items() if term in held) / whole if whole else 0.0
