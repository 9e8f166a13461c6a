"""Words of texts for lexical search: lower case, without stop words, stemmed by language.

Comes in: text. Goes out: a list of stems. Query operators have no meaning here; a text is only ever words.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:[.'’-][^\W_]+)*")
_PARTS = re.compile(r"[^\W_]+")
_MOST_WORD = 60
_STEMMERS = {
    "en": "english", "ru": "russian", "ro": "romanian", "tr": "turkish", "hu": "hungarian", "sr": "serbian",
    "hy": "armenian", "fr": "french", "es": "spanish", "de": "german", "it": "italian", "el": "greek",
}  # fmt: skip
_STOP_TEXT = """
    a about above after again all also am an and any are as at be because been before being below between both
    but by can could did do does doing down during each few for from further had has have having he her here
    hers him his how i if in into is it its itself just me more most my no nor not now of off on once only or
    other our out over own same she should so some such than that the their theirs them then there these they
    this those through to too under until up very was we were what when where which while who whom why will
    with would you your
"""
STOP_WORDS = frozenset(_STOP_TEXT.split())
_local = threading.local()


def words(text: str, language: str = "en") -> list[str]:
    """Stems of a text in order, stop words left out.

    >>> words("The migrants' returns to Chișinău, 2014-2016")
    ['migrant', 'return', 'chișinău', '2014', '2016']
    """
    return list(_stemmer(_STEMMERS.get(language, "english")).stemWords(_kept(text)))


def query_words(text: str, languages: Collection[str] = ("en",)) -> list[str]:
    """Stems of a query for documents of several languages: every word in each form that one of them gives it.

    >>> query_words("training of returnees", ("en", "fr"))
    ['train', 'training', 'returne']
    """
    kept = _kept(text)
    names = dict.fromkeys(_STEMMERS.get(language, "english") for language in sorted(languages) or ["en"])
    columns = [_stemmer(name).stemWords(kept) for name in names]
    return [form for forms in zip(*columns, strict=True) for form in dict.fromkeys(forms)]


def _kept(text: str) -> list[str]:
    """Words in order without stop words, not yet stemmed."""
    found = [part for match in _WORD.finditer(_folded(text)) for part in _PARTS.findall(match.group())]
    return [word[:_MOST_WORD] for word in found if word not in STOP_WORDS and (len(word) > 1 or word.isdigit())]


def _folded(text: str) -> str:
    """Lower case, composed (a decomposed `ș` would end the word), with the Turkish `İ` as a plain `i`."""
    return unicodedata.normalize("NFKC", text).lower().replace("i\u0307", "i")


def _stemmer(name: str) -> Any:
    """One stemmer a thread: the library's objects are not safe to share."""
    cache = _local.__dict__.setdefault("stemmers", {})
    if name not in cache:
        import Stemmer

        cache[name] = Stemmer.Stemmer(name if name in _algorithms() else "english")
    return cache[name]


@lru_cache(maxsize=1)
def _algorithms() -> frozenset[str]:
    import Stemmer

    return frozenset(Stemmer.algorithms())
