"""IATI 2.03: the tags of documents in the file that donors publish.

Comes in: the bytes of an activities file and the tags of its activities. Goes out: the same bytes with `<tag>`
elements (and, if wanted, `<sector>` elements) inserted at their place; nothing else changes. For documents that
are no activities, the elements alone. It asks no network and validates nothing but what it has to know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from stratmap.errors import ExportError
from stratmap.framework import Framework
from stratmap.records import Tag, TaggedDocument
from stratmap.reporting.characters import xml_safe
from stratmap.reporting.iati_scan import RANK, ScannedActivity, scan

VERSION = "2.03"
OWN_VOCABULARIES = ("98", "99")
_INDENT = re.compile(r"\r?\n[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class IatiOptions:
    """How tags are written.

    Attributes:
        vocabulary: `99` or `98`, the reporting organisation's own vocabularies.
        uri: Where the vocabulary is defined; "" takes a URN with the framework's id.
        groups: Ids of the groups that become tags; empty means all.
        sector_group: Id of the group that also becomes sectors, with percentages; "" writes none.
        sector_vocabulary: `99` or `98`.
    """

    vocabulary: str = "99"
    uri: str = ""
    groups: tuple[str, ...] = ()
    sector_group: str = ""
    sector_vocabulary: str = "99"


@dataclass(frozen=True, slots=True)
class Activity:
    """An activity as text: `number` is its 1-based place in the file, `countries` are ISO codes."""

    number: int
    identifier: str
    title: str
    description: str
    language: str
    countries: tuple[str, ...]
    year: int | None


def read_activities(data: bytes, source: str) -> tuple[Activity, ...]:
    """The activities of a file, with title and description narratives in one language (English if there is any).

    Raises:
        DamagedDocument: Not an IATI activities file, or one with a document type declaration.
    """
    return tuple(_activity(item) for item in scan(data, source).activities)


def insert_tags(
    data: bytes,
    results: Sequence[TaggedDocument | None],
    framework: Framework,
    options: IatiOptions | None = None,
    source: str = "activities.xml",
) -> bytes:
    """The same file with the applied tags of its activities.

    A tag that stands there already is not written twice, so that a second run changes nothing.

    Args:
        data: The file.
        results: The tags of each activity in file order, None where there are none.
        framework: What the tags are labels of.
        options: Vocabulary, groups, sectors.
        source: The file's name, for messages.

    Raises:
        DamagedDocument: Not an IATI activities file.
        ExportError: Another version than 2.03, or another number of results than of activities.
    """
    options = checked_options(options or IatiOptions(), framework)
    scanned = scan(data, source)
    if scanned.version not in {"", VERSION}:
        raise ExportError(
            f"{source}: expected IATI version {VERSION}, found {scanned.version}; earlier versions have no tags. "
            "Files of 2.01 and 2.02 are valid 2.03: set the attribute `version` of the file to 2.03."
        )
    if len(results) != len(scanned.activities):
        raise ExportError(f"{source}: expected results for {len(scanned.activities)} activities, found {len(results)}.")
    parts: list[bytes] = []
    done = 0
    for activity, result in zip(scanned.activities, results, strict=True):
        for position, text in _edits(data, activity, result, options, scanned.codec):
            parts += [data[done:position], text.encode(scanned.codec, "xmlcharrefreplace")]
            done = position
    return b"".join([*parts, data[done:]])


def fragment(tagged: TaggedDocument, framework: Framework, options: IatiOptions | None = None) -> str:
    """The elements of one document, a line each: sectors first, then tags, as an activity orders them."""
    options = checked_options(options or IatiOptions(), framework)
    return "".join(f"{element}\n" for element in (*_sectors(tagged, options), *_tags(tagged, options, set())))


def percentages(weights: Sequence[float]) -> tuple[str, ...]:
    """Shares of 100 with two decimals that sum to exactly 100, by the method of the largest remainder.

    >>> percentages([1, 1, 1])
    ('33.34', '33.33', '33.33')
    """
    total = sum(weights)
    exact = [10_000 * weight / total for weight in weights]
    floors = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for index in order[: 10_000 - sum(floors)]:
        floors[index] += 1
    return tuple(f"{value // 100}.{value % 100:02d}" for value in floors)


def vocabulary_uri(framework: Framework, options: IatiOptions | None = None) -> str:
    """Where the vocabulary is defined, as written in the files."""
    return (options.uri if options else "") or f"urn:stratmap:framework:{framework.id}"


def checked_options(options: IatiOptions, framework: Framework) -> IatiOptions:
    """The options with their defaults filled in.

    Raises:
        ExportError: A vocabulary that is not the organisation's own, or a group that the framework has not.
    """
    for value in (options.vocabulary, options.sector_vocabulary):
        if value not in OWN_VOCABULARIES:
            raise ExportError(f"expected vocabulary {' or '.join(OWN_VOCABULARIES)}, found {value!r}.")
    known = [group.id for group in framework.groups]
    unknown = sorted({*options.groups, options.sector_group} - {*known, ""})
    if unknown:
        raise ExportError(f"expected groups of {framework.id}, found {', '.join(unknown)}. Known: {', '.join(known)}.")
    return IatiOptions(
        options.vocabulary,
        vocabulary_uri(framework, options),
        options.groups or tuple(known),
        options.sector_group,
        options.sector_vocabulary,
    )


def _edits(
    data: bytes, activity: ScannedActivity, result: TaggedDocument | None, options: IatiOptions, codec: str
) -> list[tuple[int, str]]:
    """(byte offset, text to insert) in file order; an activity without children is left as it is."""
    if result is None or not activity.children:
        return []
    # IATI sums percentages over a vocabulary, whatever its URI: sectors of another 98 or 99 leave no room for ours.
    has_own = any(item[:2] == ("sector", options.sector_vocabulary) for item in activity.classified)
    sectors = [] if has_own or activity.transaction_sectors else _sectors(result, options)
    edits = []
    for name, elements in (("sector", sectors), ("tag", _tags(result, options, activity.classified))):
        position, indent = _place(data, activity, name, codec)
        edits.append((position, "".join(indent + element for element in elements)))
    return [edit for edit in edits if edit[1]]


def _place(data: bytes, activity: ScannedActivity, name: str, codec: str) -> tuple[int, str]:
    """Where an element goes: after the last child that the schema puts before it, indented as that one."""
    before = [child for child in activity.children if child.rank <= RANK[name]]
    anchor = before[-1] if before else activity.children[0]
    start = anchor.start
    found = _INDENT.search(data[max(0, start - 256) : start].decode(codec, "ignore"))
    return (anchor.end if before else start), (found.group() if found else "")


def _tags(result: TaggedDocument, options: IatiOptions, present: set[tuple[str, str, str, str]]) -> list[str]:
    kind = ("tag", options.vocabulary, options.uri)
    return [
        _element("tag", tag, options.vocabulary, options.uri)
        for group in options.groups
        for tag in _applied(result, group)
        if (*kind, tag.code) not in present
    ]


def _sectors(result: TaggedDocument, options: IatiOptions) -> list[str]:
    tags = _applied(result, options.sector_group) if options.sector_group else []
    if not tags:
        return []
    shares = percentages([max(tag.probability, 1e-6) for tag in tags])
    return [
        _element("sector", tag, options.sector_vocabulary, options.uri, f' percentage="{share}"')
        for tag, share in zip(tags, shares, strict=True)
        if share != "0.00"
    ]


def _applied(result: TaggedDocument, group: str) -> list[Tag]:
    return sorted((tag for tag in result.tags.get(group, ()) if tag.applied), key=lambda tag: tag.code)


def _element(name: str, tag: Tag, vocabulary: str, uri: str, more: str = "") -> str:
    code, where = quoteattr(xml_safe(tag.code)), quoteattr(xml_safe(uri))
    narrative = f"<narrative>{escape(xml_safe(tag.name))}</narrative>"
    return f'<{name} vocabulary="{vocabulary}" vocabulary-uri={where} code={code}{more}>{narrative}</{name}>'


def _activity(item: ScannedActivity) -> Activity:
    languages = list(dict.fromkeys(language or item.language for _, language, _ in item.texts))
    chosen = next((code for code in languages if code.lower().startswith("en")), languages[0] if languages else "")
    kept: dict[str, list[str]] = {"title": [], "description": []}
    for element, language, text in item.texts:
        if text and (language or item.language) == chosen:
            kept[element].append(text)
    dates = [item.dates[kind] for kind in ("2", "1", "4", "3") if item.dates.get(kind)]
    year = int(dates[0][:4]) if dates and dates[0][:4].isdigit() else None
    countries = tuple(dict.fromkeys(code.upper() for code in item.countries if code))
    title, description = " ".join(kept["title"]), "\n\n".join(kept["description"])
    return Activity(item.number, item.identifier, title, description, chosen, countries, year)
