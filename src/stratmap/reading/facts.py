"""Country and year of a document: what it states, else what its first lines say, else what its text names most.

Comes in: a `Document`. Goes out: `Facts`. It guesses only where the text is plain: a country named clearly more
often than the others; the year in which the document was written, not one that it looks forward to. It does not ask
the clock, so that the same file gives the same facts in every year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stratmap.reading.countries import country_name, mentions
from stratmap.records import Document

_FIELD = re.compile(
    r"^\W*(countr(?:y|ies)|страна|країна|zemlja|država|țara|ülke|pays|land|year|год|рік|godina|anul|yıl|année|jahr)"
    r"\W*[:|]\s*(.{1,200})$",
    re.I | re.M,
)
_YEAR_FIELDS = frozenset({"year", "год", "рік", "godina", "anul", "yıl", "année", "jahr"})
_DATED = ("date", "published", "publication_date", "publication date", "pubdate", "issued", "updated")
_YEAR = re.compile(r"(?<![\d/.,])(19[89]\d|20[0-4]\d)(?!\d|[.,]\d)")
_NUMBER = re.compile(r"(?:19[89]|20[0-4])\d")
_SPAN = re.compile(r"(19[89]\d|20[0-4]\d)\s*[-–—/]\s*(?:19[89]\d|20[0-4]\d|\d\d)\b")
_PUBLISHED = re.compile(
    r"(?:published|publication date|date of (?:publication|report|issue)|issued(?: on| in)?|released|updated|date|"
    r"©|\(c\)|copyright|опубликован\w*|дата|оновлено|datum|objavljeno|publicat|data publicării|tarih\w*|yayın\w*)"
    r"[^\n]{0,25}?\b(19[89]\d|20[0-4]\d)\b",
    re.I,
)
# What a text looks forward to: "until 2030", "by the end of 2030", "the 2030 Agenda", "horizon 2030".
_AHEAD = re.compile(
    r"(?:until|till|\bby\b|through|before|up to|towards?|beyond|horizon|vision|end of|target(?:s|ed)?(?: for)?|"
    r"strategy|agenda|до|к концу|до кінця|do kraja|până în|kadar|jusqu'en|bis)\s+(?:the\s+end\s+of\s+)?"
    r"(?:19[89]\d|20[0-4]\d)\b|\b(?:19[89]\d|20[0-4]\d)\s+(?:agenda|targets?|goals?|vision|horizon)",
    re.I,
)
_AND = r"\s+(?:and|&|и|і|i|și|ve|et|und)\s+"
_HEAD, _SAMPLE, _SHORT = 1_500, 60_000, 700
_LINE_WORDS = 8  # a line of a cover page that ends with its date
_CLEAR, _NEARLY = 3, 0.5


@dataclass(frozen=True, slots=True)
class Facts:
    """Country names in English, and a year; empty and None where the document does not tell."""

    countries: tuple[str, ...] = ()
    year: int | None = None


def facts_of(document: Document) -> Facts:
    """Country and year of a document."""
    head = document.text[:_HEAD]
    fields = {key.lower(): value for key, value in reversed(_FIELD.findall(head))}
    named = next((value for key, value in fields.items() if key not in _YEAR_FIELDS), "")
    stated = document.metadata.get("country", "") or named
    dated = next((value for key, value in fields.items() if key in _YEAR_FIELDS), "")
    year = _latest(document.metadata.get("year", "")) or _latest(dated) or _written(document, head)
    return Facts(name_countries(stated) if stated else _counted(document), year)


def name_countries(stated: str) -> tuple[str, ...]:
    """English names of the countries of a field; what is no country that is known stays as it stands.

    >>> name_countries("Bosnia and Herzegovina; Turkey, Молдова and Atlantis")
    ('Bosnia and Herzegovina', 'Türkiye', 'Moldova', 'Atlantis')
    """
    return tuple(dict.fromkeys(name for part in re.split(r"[;/|\n]", stated) for name in _parts(part)))


def _parts(text: str) -> Iterator[str]:
    whole = text.strip(" .*\t")
    known = country_name(whole)
    if known or not whole:
        yield from [known] if known else []
        return
    for mark in (r",", _AND):
        pieces = re.split(mark, whole)
        if len(pieces) > 1:
            yield from _joined(pieces) if mark == _AND else (name for piece in pieces for name in _parts(piece))
            return
    yield whole


def _joined(pieces: list[str]) -> Iterator[str]:
    """Pieces of "A and B and C", of which two may be one name."""
    while pieces:
        pair = country_name(" and ".join(pieces[:2]))
        yield pair or country_name(pieces[0]) or pieces[0].strip()
        pieces = pieces[2 if pair and len(pieces) > 1 else 1 :]


def _counted(document: Document) -> tuple[str, ...]:
    language = document.language.code
    counts = mentions(document.text[:_SAMPLE], language)
    for name, count in mentions(document.title, language).items():
        counts[name] += 5 * count
    for name in mentions(_file_words(document), "en"):
        counts[name] += _CLEAR
    if not counts:
        return ()
    if len(counts) == 1 and len(document.text) < _SHORT:
        return tuple(counts)
    best = max(counts.values())
    return tuple(sorted(name for name, count in counts.items() if count >= _CLEAR and count >= _NEARLY * best))


def _file_words(document: Document) -> str:
    """The words of a file's name, as a title has them: people name files by country and year."""
    return re.sub(r"[\W\d_]+", " ", document.name.rpartition(".")[0] or document.name).title()


def _written(document: Document, head: str) -> int | None:
    """The year in which a document that states none was written, from the surest sign to the weakest."""
    for key in _DATED:
        if year := _first(document.metadata.get(key, "")):
            return year
    if found := _PUBLISHED.search(head):
        return int(found.group(1))
    past = _SPAN.sub(r"\1", _AHEAD.sub(" ", head))
    return (
        _latest("\n".join(_closing_years(past)))
        or _first(re.sub(r"[_-]+", " ", document.name))
        or _latest(past)
        or _first(document.metadata.get("created", ""))
    )


def _closing_years(head: str) -> Iterator[str]:
    """Years that end a short line: `Chisinau, June 2018`, `Annual report 2019`."""
    for line in head.splitlines()[:25]:
        words = line.strip(" .|*#").split()
        if 0 < len(words) <= _LINE_WORDS and _YEAR.fullmatch(words[-1].strip("(),.;:")):
            yield words[-1].strip("(),.;:")


def _first(text: str) -> int | None:
    found = _NUMBER.search(text)
    return int(found.group()) if found else None


def _latest(text: str) -> int | None:
    years = [int(year) for year in _YEAR.findall(text)]
    return max(years) if years else None
