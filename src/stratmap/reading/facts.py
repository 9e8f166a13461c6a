"""Country and year of a document: from its front matter, else from its first lines, else from its text.

Comes in: a `Document`. Goes out: `Facts`. It guesses only where the text is plain: a country named clearly more
often than the others, a year on the first page.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from stratmap.records import Document

_ALIASES = {
    "Bosnia and Herzegovina": "bosnia|herzegovina|BiH", "North Macedonia": "macedonia|FYROM",
    "Türkiye": "turkey|türkiye",
    "Moldova": "moldova", "Kosovo": "kosovo", "Czechia": "czechia|czech republic", "Albania": "albania",
    "Armenia": "armenia", "Azerbaijan": "azerbaijan", "Belarus": "belarus", "Bulgaria": "bulgaria",
    "Croatia": "croatia", "Georgia": "georgia", "Greece": "greece", "Hungary": "hungary",
    "Kazakhstan": "kazakhstan", "Kyrgyzstan": "kyrgyzstan|kyrgyz republic", "Montenegro": "montenegro",
    "Romania": "romania",
    "Russian Federation": "russia|russian federation", "Serbia": "serbia", "Tajikistan": "tajikistan",
    "Turkmenistan": "turkmenistan", "Ukraine": "ukraine", "Uzbekistan": "uzbekistan", "Haiti": "haiti",
    "Dominican Republic": "dominican republic", "Libya": "libya", "Slovenia": "slovenia", "Slovakia": "slovakia",
    "Poland": "poland", "Cyprus": "cyprus",
}  # fmt: skip
_PATTERNS = {name: re.compile(rf"\b(?:{words})\b", re.I) for name, words in _ALIASES.items()}
_FIELD = re.compile(r"^\W*(country|countries|year)\W*[:|]\s*(.{1,200})$", re.I | re.M)
_YEAR = re.compile(r"\b(19[89]\d|20[0-4]\d)\b")
_HEAD, _SAMPLE = 1_500, 60_000


@dataclass(frozen=True, slots=True)
class Facts:
    """Country names in English, and a year; empty and None where the document does not tell."""

    countries: tuple[str, ...] = ()
    year: int | None = None


def facts_of(document: Document) -> Facts:
    """Country and year of a document."""
    head = document.text[:_HEAD]
    fields = {key.lower(): value for key, value in _FIELD.findall(head)}
    stated = document.metadata.get("country") or fields.get("country") or fields.get("countries") or ""
    year = _year(document.metadata.get("year", "")) or _year(fields.get("year", ""))
    return Facts(_named(stated) if stated else _counted(document), year or _year(head))


def _named(stated: str) -> tuple[str, ...]:
    """Country names of a field; what is not known stays as it stands."""
    parts = [part.strip(" .*") for part in re.split(r"[;,/|]| and (?!Herzegovina)", stated)]
    names = [next((n for n, p in _PATTERNS.items() if p.fullmatch(part) or part == n), part) for part in parts]
    return tuple(dict.fromkeys(name for name in names if name))


def _counted(document: Document) -> tuple[str, ...]:
    text = f"{document.title} " * 5 + document.text[:_SAMPLE]
    counts = Counter({name: len(pattern.findall(text)) for name, pattern in _PATTERNS.items()})
    best = counts.most_common(1)[0][1]
    return tuple(sorted(name for name, count in counts.items() if count >= 3 and count >= 0.5 * best))


def _year(text: str) -> int | None:
    years = [int(year) for year in _YEAR.findall(text)]
    return max(years) if years else None
