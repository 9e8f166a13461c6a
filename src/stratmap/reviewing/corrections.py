"""Corrections: checking them, and letting them count.

Comes in: what a person said, and tagged documents. Goes out: a `Correction` that can be kept, and the document as
corrected. The rule: of all verdicts on a tag that were not taken back, the last one decides whether the label is
applied; the probability stays the tagger's, so that a reader sees both. A passage marked as wrong evidence is shown
no more under that label. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from stratmap.errors import UsageError
from stratmap.framework import Framework
from stratmap.index.corrections import EVIDENCE, NOTE, TAG
from stratmap.records import Correction, Evidence, Tag, TaggedDocument

MOST_NOTE, MOST_AUTHOR = 2_000, 80
KINDS = (TAG, EVIDENCE, NOTE)


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands for one document: verdicts by code, wrong evidence by code, and notes in order."""

    verdicts: Mapping[str, bool] = field(default_factory=dict)
    wrong: Mapping[str, frozenset[tuple[int, int, int]]] = field(default_factory=dict)
    notes: tuple[Correction, ...] = ()


def checked(one: Correction, framework: Framework) -> Correction:
    """The correction, trimmed and with its time, if it can be kept.

    Raises:
        UsageError: An unknown label or kind, no author, or a note that is too long.
    """
    author, note = " ".join(one.author.split()), one.note.strip()
    if one.kind not in KINDS:
        raise UsageError(f"expected a correction of kind {', '.join(KINDS)}, found {one.kind!r}.")
    if one.code or one.kind != NOTE:
        framework.label(one.code)
    if not one.doc_id:
        raise UsageError("expected the document that a correction is about, found none.")
    if not 0 < len(author) <= MOST_AUTHOR:
        raise UsageError(f"expected the name of who corrects, 1 to {MOST_AUTHOR} characters, found {len(author)}.")
    if len(note) > MOST_NOTE or (one.kind == NOTE and not note):
        raise UsageError(f"expected a note of 1 to {MOST_NOTE:,} characters, found {len(note):,}.")
    if one.kind == EVIDENCE and one.place is None:
        raise UsageError("expected the place of the evidence, found none.")
    return replace(one, author=author, note=note, at=one.at or now())


def now() -> str:
    """The time in UTC, to the second.

    >>> len(now())
    20
    """
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def standing(corrections: Iterable[Correction]) -> dict[str, Standing]:
    """What stands for each document; later verdicts replace earlier ones, those taken back do not count."""
    verdicts: dict[str, dict[str, bool]] = {}
    wrong: dict[str, dict[str, set[tuple[int, int, int]]]] = {}
    notes: dict[str, list[Correction]] = {}
    for one in corrections:
        if one.undone:
            continue
        if one.kind == TAG:
            verdicts.setdefault(one.doc_id, {})[one.code] = one.applies
        elif one.kind == EVIDENCE and one.place is not None:
            places = wrong.setdefault(one.doc_id, {}).setdefault(one.code, set())
            (places.discard if one.applies else places.add)(one.place)
        if one.note:
            notes.setdefault(one.doc_id, []).append(one)
    return {
        doc_id: Standing(
            verdicts.get(doc_id, {}),
            {code: frozenset(places) for code, places in wrong.get(doc_id, {}).items() if places},
            tuple(notes.get(doc_id, ())),
        )
        for doc_id in dict.fromkeys((*verdicts, *wrong, *notes))
    }


def corrected(tagged: TaggedDocument, stands: Standing) -> TaggedDocument:
    """The document with people's verdicts in its tags; those need no further look."""
    if not stands.verdicts and not stands.wrong:
        return tagged
    tags = {group: tuple(_tag(tag, stands) for tag in listed) for group, listed in tagged.tags.items()}
    unsure = [tag.code for listed in tags.values() for tag in listed if tag.review]
    reasons = [reason for reason in tagged.review_reasons if not reason.startswith("unsure of ")]
    if unsure:
        reasons.append(f"unsure of {', '.join(unsure)}")
    return replace(tagged, tags=tags, review_reasons=tuple(reasons), needs_review=bool(reasons))


def _tag(tag: Tag, stands: Standing) -> Tag:
    places = stands.wrong.get(tag.code, frozenset())
    if places:
        tag = replace(tag, evidence=tuple(item for item in tag.evidence if place_of(item) not in places))
    if tag.code not in stands.verdicts:
        return tag
    return replace(tag, applied=stands.verdicts[tag.code], review=False, corrected=True)


def place_of(item: Evidence) -> tuple[int, int, int]:
    """Page index, start and end of a piece of evidence."""
    return item.page_index, item.start, item.end


def find_tag(tagged: TaggedDocument, code: str) -> Tag | None:
    """The tag of a code, None where the document has none."""
    return next((tag for listed in tagged.tags.values() for tag in listed if tag.code == code), None)
