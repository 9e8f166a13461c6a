"""The archive on the screen: documents, near-duplicates and findings come in, HTML goes out. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stratmap.app.render.text import colour, empty, percent, plural, text
from stratmap.framework import Framework
from stratmap.health import Finding
from stratmap.records import IndexedDocument

_MOST_ROWS = 200


def document_list(
    documents: Sequence[IndexedDocument],
    framework: Framework,
    alike: Mapping[str, Sequence[tuple[str, float]]],
    by_hand: Mapping[str, int],
    total: int,
) -> str:
    """The documents with their tags, warnings, near-duplicates and a button to delete.

    Args:
        documents: Those that fit the search.
        framework: Names and colours of labels.
        alike: For each doc_id the names of near-duplicates with their likeness.
        by_hand: For each doc_id how many tags people decided.
        total: Documents in the archive.
    """
    if not total:
        return empty("The archive is empty", "Add reports above; they are tagged and can be asked about at once.")
    if not documents:
        return empty("No document fits", "Another word, or fewer of them?")
    rows = "".join(
        _row(one, framework, alike.get(one.doc_id, ()), by_hand.get(one.doc_id, 0)) for one in documents[:_MOST_ROWS]
    )
    more = (
        f'<p class="sm-muted">The first {_MOST_ROWS} of {len(documents):,}; look for a word to see others.</p>'
        if len(documents) > _MOST_ROWS
        else ""
    )
    said = (
        plural(total, "document") if len(documents) == total else f"{len(documents):,} of {plural(total, 'document')}"
    )
    return (
        f'<section class="sm-card"><h3 class="sm-h">In the archive <span class="sm-muted">{said}</span></h3>'
        f'<ul class="sm-plain sm-docs">{rows}</ul>{more}</section>'
    )


def _row(one: IndexedDocument, framework: Framework, alike: Sequence[tuple[str, float]], by_hand: int) -> str:
    colours = {label.code: (label.colour, label.name) for label in framework.labels}
    badges = "".join(
        f'<span class="sm-badge" style="--c:{colour(colours[code][0])}" title="{text(colours[code][1])}">'
        f"{text(code)}</span>"
        for code in framework.codes
        if code in one.labels
    )
    facts = [
        one.name if one.title else "",
        ", ".join(one.countries),
        "" if one.year is None else str(one.year),
        plural(one.pages, "page"),
        f"{by_hand} by hand" if by_hand else "",
    ]
    warnings = "".join(f'<p class="sm-warn" dir="auto">{text(warning)}</p>' for warning in one.warnings)
    twins = "".join(
        f'<p class="sm-warn" dir="auto">Nearly the same as {text(name)} ({percent(likeness)} alike)</p>'
        for name, likeness in alike
    )
    untagged = "" if badges else '<span class="sm-muted">no tag</span>'
    return (
        f'<li><span><strong dir="auto">{text(one.title or one.name)}</strong>'
        f'<span class="sm-muted" dir="auto">{text(" · ".join(fact for fact in facts if fact))}</span>'
        f'<span class="sm-badges">{badges}{untagged}</span>{warnings}{twins}</span>'
        f'<button type="button" class="sm-button" data-delete="{text(one.doc_id)}" data-ask="Really delete?" '
        f'aria-label="Delete {text(one.name)}">Delete</button></li>'
    )


def state(findings: Sequence[Finding]) -> str:
    """What was checked, in words; what is wrong first."""
    order = sorted(findings, key=lambda one: one.fine)
    wrong = sum(not one.fine for one in findings)
    head = "All is well" if not wrong else f"{plural(wrong, 'thing')} to look at"
    rows = "".join(
        f'<li class="{"sm-fine" if one.fine else "sm-bad"}"><span aria-hidden="true">{"✓" if one.fine else "!"}</span>'
        f"<span><strong>{text(one.what[:1].upper() + one.what[1:])}</strong> "
        f'<span class="sm-muted">{text(one.detail)}</span></span></li>'
        for one in order
    )
    body = f'<h3 class="sm-h">{text(head)}</h3><ul class="sm-plain sm-checks">{rows}</ul>'
    return f'<section class="sm-card">{body}</section>'
