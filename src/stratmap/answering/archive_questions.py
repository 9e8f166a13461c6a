"""Questions about the archive itself: "how many documents on O4 since 2015?", "which projects in Moldova ...?".

Comes in: a clean question. Goes out: an `ArchiveQuestion` when every word of it is understood as a restriction
(label, country, years) or, for lists, when a topic remains to be searched; None for all other questions. It does
not search.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from stratmap.answering.names import canonical, country_spans
from stratmap.answering.words import terms
from stratmap.framework import Framework
from stratmap.records import Filters, IndexedDocument

_THINGS = r"(?:documents?|reports?|files?|projects?|publications?|papers?|evaluations?)"
_SEVERAL = r"(?:documents|reports|files|projects|publications|papers|evaluations)"
_COUNT = re.compile(
    rf"^(?:so\s+)?(?:how many|number of|count(?: of)?(?: the)?)\s+(?:\w+\s+)?{_THINGS}\b", re.IGNORECASE
)
_LIST = re.compile(
    rf"^(?:(?:which|what)(?: are| of)?(?: the| our)?|list|show(?: me)?|name|find|are there(?: any)?"
    rf"|do (?:we|you) have)"
    rf"\s+(?:all\s+|the\s+|any\s+|our\s+)*{_SEVERAL}\b",
    re.IGNORECASE,
)
# "Which projects worked with ...": the documents are what does or concerns something, not what is done to.
_ABOUT = re.compile(
    r"^\s*(?:(?:that|which|we have|do we have|are there|there are)\s+)?"
    r"(?:deal|dealt|cover|concern|mention|address|describ|discuss|focus|work|help|support|assist|serv|train|treat|involv|provid|offer|built|cit|analys|examin|evaluat|report"
    r"|about\b|on\b|regarding\b|with\b|for\b|to do with)",
    re.IGNORECASE,
)
# What says only that a topic follows.
_GENERIC = re.compile(
    r"^(?:(?:in|on|of|from|for|to|and|that|which|we have|do we have|are there|there are|about|regarding|with"
    r"|(?:deal|dealt|cover|concern|mention|address|describ|discuss|work)[a-z]*)\s+)+",
    re.IGNORECASE,
)
_HELD = re.compile(
    r"^(?:(?:which|what)\s+(?P<which>.+?)\s+(?:do|have)\s+(?:we|you)\s+(?:have|got)(?:\s+(?:on file|in the archive))?"
    r"|what\s+(?:do|have)\s+(?:we|you)\s+(?:have|got)\s+(?:on|about|regarding)\s+(?P<what>.+?)"
    r"|where\s+(?:have|did|do)\s+(?:we|iom)\s+(?:work|worked|been working)\s+(?:on|with|in|for)\s+(?P<where>.+?))"
    r"\s*\??$",
    re.IGNORECASE,
)
_SPAN = re.compile(r"\b(?:between|from)\s+((?:19|20)\d\d)\s*(?:and|to|until|-|–)\s*((?:19|20)\d\d)\b|\b((?:19|20)\d\d)\s*[-–]\s*((?:19|20)\d\d)\b", re.IGNORECASE)  # fmt: skip  # noqa: E501
_SINCE = re.compile(
    r"\b(since|from|after|before|until|till|up to|through|in|of|during)\s+((?:19|20)\d\d)\b", re.IGNORECASE
)
_CODE = re.compile(r"\b([A-Z]\d{1,2})\b")
_FILLER = set(
    terms(
        "documents reports files projects publications papers evaluations archive tagged tag labelled label "
        "objective principle thematic strategic number count list show find name total hold exist available "
        "currently deal dealing cover covering concern concerning work working address addressing related "
        "relating country countries year written published index regarding talk speak topic theme"
    )
)


@dataclass(frozen=True, slots=True)
class ArchiveQuestion:
    """A question about documents.

    Attributes:
        counting: Whether a number is asked for rather than a list.
        filters: The restrictions it names.
        topic: What else it says; "" where the restrictions are all of it.
        labels: Codes named directly or by their names.
    """

    counting: bool
    filters: Filters
    topic: str
    labels: tuple[str, ...] = ()


def read_archive_question(
    question: str, filters: Filters, framework: Framework | None, documents: Sequence[IndexedDocument]
) -> ArchiveQuestion | None:
    """Understand a question about the archive, or return None."""
    counting, listing, held = _COUNT.match(question), _LIST.match(question), _HELD.match(question)
    if counting or listing:
        opening = counting or listing
        rest = question[opening.end() :] if opening else ""
        listed = _ABOUT.match(rest) is not None
    elif held:
        rest, listed = next(part for part in held.groups() if part), True
    else:
        return None
    rest, filters = _years(rest, filters)
    rest, filters = _countries(rest, filters, documents)
    rest, codes = _labels(rest, framework)
    topic = _GENERIC.sub("", " ".join(rest.strip(" ?.!").split())) if set(terms(rest)) - _FILLER else ""
    if topic and (counting or not (filters or codes or listed)):
        return None  # a count that is not understood whole is a question to the text, and so is a bare "which"
    if held and not topic and not (filters or codes):
        return None
    if codes:
        filters = replace(filters, labels=tuple(dict.fromkeys((*filters.labels, *codes))))
    return ArchiveQuestion(bool(counting), filters, topic, codes)


def _years(text: str, filters: Filters) -> tuple[str, Filters]:
    if span := _SPAN.search(text):
        first, last = sorted(int(year) for year in span.groups() if year)
        return text[: span.start()] + " " + text[span.end() :], replace(filters, year_from=first, year_to=last)
    for match in _SINCE.finditer(text):
        word, year = match.group(1).lower(), int(match.group(2))
        if word in {"since", "from", "after"}:
            filters = replace(filters, year_from=year + (word == "after"))
        elif word in {"before", "until", "till", "up to", "through"}:
            filters = replace(filters, year_to=year - (word == "before"))
        else:
            filters = replace(filters, year_from=year, year_to=year)
    return _SINCE.sub(" ", text), filters


def _countries(text: str, filters: Filters, documents: Sequence[IndexedDocument]) -> tuple[str, Filters]:
    """Takes countries out of the text, spelled as the archive's documents spell them."""
    spans = country_spans(text)
    found = as_spelled([name for _, _, name in spans], documents)
    for start, end, _ in reversed(spans):
        text = text[:start] + " " + text[end:]
    return text, replace(filters, countries=tuple(dict.fromkeys((*filters.countries, *found))))


def as_spelled(countries: Sequence[str], documents: Sequence[IndexedDocument]) -> tuple[str, ...]:
    """Countries in every spelling of the archive's documents ("Türkiye" for "Turkey"); others as they are."""
    if not countries:  # most questions: spares a walk over all documents
        return ()
    known: dict[str, dict[str, None]] = {}
    for document in documents:
        for spelling in document.countries:
            known.setdefault(canonical(spelling).lower(), {})[spelling] = None
    return tuple(s for country in countries for s in known.get(canonical(country).lower(), {country: None}))


def _labels(text: str, framework: Framework | None) -> tuple[str, tuple[str, ...]]:
    """Takes label codes, codes of strategic objectives and full names of labels out of the text."""
    if framework is None:
        return text, ()
    serving = {
        aim.code: tuple(label.code for label in framework.labels if aim.code in label.serves)
        for aim in framework.strategic_objectives
    }
    found: list[str] = []
    for match in list(_CODE.finditer(text)):
        code = match.group(1)
        if code in framework.codes or serving.get(code):
            found += serving.get(code) or (code,)
            text = text.replace(code, " ")
    for label in framework.labels:
        pattern = re.compile(rf"\b{re.escape(label.name)}\b", re.IGNORECASE)
        if pattern.search(text):
            found.append(label.code)
            text = pattern.sub(" ", text)
    return text, tuple(dict.fromkeys(found))


def matching(documents: Sequence[IndexedDocument], filters: Filters) -> list[IndexedDocument]:
    """Documents that pass the filters, by year and name."""
    countries = _folded(filters.countries)

    def passes(document: IndexedDocument) -> bool:
        year = document.year
        return (
            (not filters.labels or any(code in document.labels for code in filters.labels))
            and (not filters.countries or bool(countries & _folded(document.countries)))
            and (filters.year_from is None or (year is not None and year >= filters.year_from))
            and (filters.year_to is None or (year is not None and year <= filters.year_to))
            and (not filters.documents or document.name in filters.documents or document.doc_id in filters.documents)
        )

    return sorted(filter(passes, documents), key=lambda document: (document.year or 0, document.name))


def _folded(countries: Sequence[str]) -> set[str]:
    return {country.casefold() for country in countries}


def described(filters: Filters, framework: Framework | None) -> str:
    """The filters in words: "on O4 (Diaspora), in Moldova, since 2015"."""
    parts = []
    if filters.labels:
        shown = [f"{code} ({framework.label(code).name})" if framework and code in framework.codes else code
                 for code in filters.labels]  # fmt: skip
        parts.append("on " + " or ".join(shown))
    if filters.countries:
        one_each = {canonical(country).lower(): country for country in reversed(filters.countries)}
        parts.append("in " + " or ".join(reversed(one_each.values())))
    first, last = filters.year_from, filters.year_to
    if first is not None and first == last:
        parts.append(f"of {first}")
    elif first is not None:
        parts.append(f"since {first}" if last is None else f"from {first} to {last}")
    elif last is not None:
        parts.append(f"up to {last}")
    return ", ".join(parts)
