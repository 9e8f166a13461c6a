"""Corrections of a report on the screen: the key of a click comes in, the report as corrected goes out.

Plain functions; the tab wires them. A key is `tag|O4|yes`, `tag|O4|no`, `tag|O4|back`, `evidence|O4|page index|start|
end|no` (or `back`) or `note|O4|text`. Where no index is open there is nowhere to keep a correction, and that is said.
"""

from __future__ import annotations

from dataclasses import replace

import gradio as gr

from stratmap.app.guard import account_of
from stratmap.app.protocol import DeskLike, TaggedReport
from stratmap.errors import UsageError
from stratmap.records import Correction
from stratmap.reviewing.corrections import corrected, find_tag
from stratmap.reviewing.reviews import Reviews

UNNAMED = "unnamed"
_WORDS = {"yes": True, "no": False}


def author_of(typed: str, request: gr.Request | None) -> str:
    """Who corrects: who has signed in, else the name that was typed."""
    account = account_of(request) if request is not None else None
    return account.name if account else (" ".join((typed or "").split())[:80] or UNNAMED)


def reviews_of(desk: DeskLike) -> Reviews:
    """The reviews of the desk's index.

    Raises:
        UsageError: There is no index to keep a correction in.
    """
    found = desk.reviews
    if found is None:
        raise UsageError(
            "expected an index to keep corrections in, found none. Add documents in the tab Archive first."
        )
    return found


def correct_report(desk: DeskLike, report: TaggedReport, key: str, author: str) -> TaggedReport:
    """The report after one correction, which is on the disk when this returns.

    Raises:
        UsageError: The key has another shape, or the correction cannot be kept.
    """
    reviews = reviews_of(desk)
    kind, code, rest = _parts(key)
    one = Correction(report.document.doc_id, report.document.name, code, kind, False, author)
    tag = find_tag(report.tagged, code)
    if tag is not None:
        one = replace(one, probability=tag.probability, applied=tag.probability >= tag.threshold)
    if kind == "note":
        reviews.correct([replace(one, note=rest)])
        return replace(report, tagged=corrected(report.tagged, reviews.standing(one.doc_id)))
    if kind == "evidence":
        place, word = _place(rest)
        one = replace(one, place=place)
    else:
        word = rest
    if word == "back":
        if one.place is not None:
            reviews.restore_evidence(one.doc_id, code, one.place)
        else:
            reviews.withdraw(one.doc_id, code)
        return replace(report, tagged=desk.tag(report.document))  # what the tagger itself says is not kept
    if word not in _WORDS:
        raise UsageError(f"expected yes, no or back, found {word!r:.20}.")
    reviews.correct([replace(one, applies=_WORDS[word])])
    return replace(report, tagged=corrected(report.tagged, reviews.standing(one.doc_id)))


def _parts(key: str) -> tuple[str, str, str]:
    parts = key.split("|", 2)
    if len(parts) != 3 or parts[0] not in {"tag", "evidence", "note"}:
        raise UsageError(f"expected a correction, found {key!r:.80}.")
    return parts[0], parts[1], parts[2]


def _place(rest: str) -> tuple[tuple[int, int, int], str]:
    parts = rest.split("|")
    try:
        page_index, start, end = (int(part) for part in parts[:3])
        [word] = parts[3:]
    except ValueError as error:
        raise UsageError(f"expected a place and a verdict, found {rest!r:.80}.") from error
    return (page_index, start, end), word
