"""The result of tagging: a tagged report comes in, its board of tags goes out as HTML, JSON-able data or text.

Order and states come from the records; nothing is decided here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from stratmap.app.protocol import TaggedReport
from stratmap.app.render.corrections import note_box, verdict_buttons, wrong_evidence_button, wrong_evidence_line
from stratmap.app.render.pages import anchor, document_panel, evidence_spans, hit_key
from stratmap.app.render.text import colour, notice, percent, place, plural, shortened, text
from stratmap.framework import Crosswalk, Framework, Group, Label
from stratmap.records import Evidence, Tag, TaggedDocument
from stratmap.reviewing.corrections import Standing

APPLIED, REVIEW, NOT_APPLIED = "applied", "needs your eye", "not applied"
ADDED, REMOVED = "applied by hand", "removed by hand"
_KINDS = {APPLIED: "yes", ADDED: "yes", REVIEW: "eye", NOT_APPLIED: "no", REMOVED: "no"}
_SHOWN = ({APPLIED, ADDED}, {REVIEW}, {REMOVED})
_NOBODY = Standing()


def state(tag: Tag) -> str:
    """The state of a tag in words."""
    if tag.corrected:
        return ADDED if tag.applied else REMOVED
    if tag.review:
        return REVIEW
    return APPLIED if tag.applied else NOT_APPLIED


def report(item: TaggedReport, framework: Framework, stands: Standing = _NOBODY) -> str:
    """Everything about one report: summary, tags, text with highlights, nearest passages; `stands` is what people
    said of it.
    """
    groups = "".join(_group(group, item.tagged, framework, stands) for group in framework.groups)
    panel = document_panel(item.document, evidence_spans(item.tagged, framework))
    copied = f'<pre id="sm-plain" hidden>{text(plain_text(item.tagged, framework))}</pre>'
    return (
        f'<div class="sm-report">{_summary(item)}<div class="sm-columns"><div class="sm-board">{groups}</div>'
        f"{panel}</div>{nearest(item)}{copied}</div>"
    )


def _summary(item: TaggedReport) -> str:
    tagged = item.tagged
    every = [tag for tags in tagged.tags.values() for tag in tags]
    applied = sum(tag.applied and not tag.review for tag in every)
    unsure = sum(state(tag) == REVIEW for tag in every)
    facts = [plural(tagged.pages, "page"), tagged.language.name, plural(applied, "tag") + " applied"]
    if unsure:
        facts.append(f"{unsure} to look at")
    by_hand = sum(tag.corrected for tag in every)
    if by_hand:
        facts.append(f"{by_hand} by hand")
    heading = item.document.title or item.document.name
    reasons = notice("; ".join(tagged.review_reasons), "Worth a look:") if tagged.review_reasons else ""
    warnings = dict.fromkeys((*item.document.warnings, *tagged.warnings))
    notes = reasons + "".join(notice(warning) for warning in warnings)
    return (
        '<header class="sm-summary" data-into-view="1"><div>'
        f'<h2 dir="auto">{text(heading)}</h2><p class="sm-muted">{text(" · ".join(facts))}</p></div>'
        '<button type="button" class="sm-button" data-copy="sm-plain">Copy as text</button>'
        f"</header>{notes}"
    )


def _group(group: Group, tagged: TaggedDocument, framework: Framework, stands: Standing) -> str:
    tags = tagged.tags.get(group.id, ())
    shown = [t for kind in _SHOWN for t in tags if state(t) in kind]
    rest = [t for t in tags if state(t) == NOT_APPLIED]
    rows = "".join(_row(tag, framework.label(tag.code), stands) for tag in shown)
    if not shown:
        rows = f'<p class="sm-muted sm-none">None of the {text(group.name.lower())} reaches its threshold.</p>'
    folded = ""
    if rest:
        inside = "".join(_row(tag, framework.label(tag.code), stands) for tag in rest)
        folded = (
            f'<details class="sm-rest" id="rest-{text(group.id)}"><summary>Not applied ({len(rest)})</summary>'
            f"{inside}</details>"
        )
    return f'<section class="sm-card"><h3 class="sm-h">{text(group.name)}</h3>{rows}{folded}</section>'


def _row(tag: Tag, label: Label, stands: Standing) -> str:
    word = state(tag)
    kind = _KINDS[word]
    marked = tag.applied or tag.review
    jump = f' data-jump="{text(anchor(tag.code, 0))}"' if marked and tag.evidence else ""
    quotes = "".join(_quote(tag, i, item, marked) for i, item in enumerate(tag.evidence))
    if not quotes:
        quotes = '<p class="sm-muted">No single passage carries this label.</p>'
    wrong = wrong_evidence_line(tag.code, tuple(stands.wrong.get(tag.code, ())))
    return (
        f'<div class="sm-row"><details class="sm-tag sm-is-{kind}" id="row-{text(tag.code)}" '
        f'style="--c:{colour(label.colour)}">'
        f'<summary{jump}><span class="sm-badge">{text(tag.code)}</span>'
        f'<span class="sm-name">{text(tag.name)}</span>{_bar(tag)}'
        f'<span class="sm-state">{text(word)}</span></summary>'
        '<div class="sm-inside"><p class="sm-statement"><span class="sm-from">The strategy</span>'
        f"{text(shortened(label.statement, 210))}</p>"
        f"{quotes}{wrong}{note_box(tag.code, stands.notes)}</div></details>{verdict_buttons(tag)}</div>"
    )


def _bar(tag: Tag) -> str:
    width, mark = round(tag.probability * 100, 1), round(tag.threshold * 100, 1)
    kind = "" if tag.calibrated else ", not calibrated"
    said = f"probability {percent(tag.probability)}, threshold {percent(tag.threshold)}{kind}"
    return (
        f'<span class="sm-bar" role="img" aria-label="{text(said)}" title="{text(said)}">'
        f'<span class="sm-fill" style="width:{width}%"></span><span class="sm-tick" style="left:{mark}%"></span>'
        f'</span><span class="sm-percent">{text(percent(tag.probability))}</span>'
    )


def _quote(tag: Tag, position: int, item: Evidence, marked: bool) -> str:
    facts = " · ".join(part for part in (place(item.page), percent(item.probability)) if part)
    body = f'<span class="sm-q" dir="auto">{text(shortened(item.text))}</span>'
    foot = f'<span class="sm-muted">{text(facts)}</span>'
    if not marked:
        return f'<div class="sm-evidence">{body}{foot}</div>'
    target = text(anchor(tag.code, position))
    return (
        f'<div class="sm-quoted"><button type="button" class="sm-evidence" data-jump="{target}">{body}{foot}</button>'
        f"{wrong_evidence_button(tag.code, item)}</div>"
    )


def nearest(item: TaggedReport) -> str:
    """The nearest passages of the archive, each opening its page."""
    if not item.nearest:
        note = item.note or "No passage of the archive is near this report."
        inside = f'<p class="sm-muted">{text(note)}</p>'
    else:
        inside = "".join(
            f'<button type="button" class="sm-evidence" data-choose="{text(hit_key(hit))}">'
            f'<span class="sm-q" dir="auto">{text(shortened(hit.passage.text))}</span>'
            f'<span class="sm-muted" dir="auto">{text(_source(hit.document, hit.passage.page))}</span></button>'
            for hit in item.nearest
        )
    title = '<h3 class="sm-h">Nearest passages of past projects and the strategy</h3>'
    return f'<section class="sm-card sm-nearest">{title}<div class="sm-grid">{inside}</div></section>'


def _source(document: str, page: int | None) -> str:
    return " · ".join(part for part in (document, place(page)) if part)


def crosswalk_table(crosswalk: Crosswalk, codes: Sequence[str], framework: Framework) -> str:
    """The entries of another framework that the applied labels stand for, with the reason of each link."""
    rows = "".join(
        f'<tr><th scope="row">{text(code)} <span class="sm-muted">{text(framework.label(code).name)}</span></th>'
        f"<td><strong>{text(link.target)}</strong> {text(link.title)}</td><td>{text(link.strength)}</td>"
        f"<td>{text(link.reason)}</td></tr>"
        for code in codes
        for link in crosswalk.of(code)
    )
    if not rows:
        return notice(f"No applied tag of this report is linked to {crosswalk.name}.")
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Tag", "Stands for", "Link", "Why"))
    return (
        f'<section class="sm-card"><h3 class="sm-h">{text(crosswalk.name)}</h3><div class="sm-wide" tabindex="0">'
        f'<table class="sm-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def applied_codes(tagged: TaggedDocument) -> tuple[str, ...]:
    """Codes of all applied tags, group after group."""
    return tuple(tag.code for tags in tagged.tags.values() for tag in tags if tag.applied)


def plain_text(tagged: TaggedDocument, framework: Framework) -> str:
    """The tags as lines of text, for the clipboard (not escaped)."""
    lines = [tagged.document]
    for group in framework.groups:
        lines += ["", group.name]
        for tag in tagged.tags.get(group.id, ()):
            if tag.applied or tag.review:
                lines.append(f"  {tag.code} {tag.name}: {percent(tag.probability)} ({state(tag)})")
                lines += [f'      "{shortened(e.text)}" {place(e.page)}'.rstrip() for e in tag.evidence[:2]]
    return "\n".join(lines)


def as_data(tagged: TaggedDocument) -> dict[str, Any]:
    """The tagged document as plain tables and lists, for JSON."""
    return dataclasses.asdict(tagged)
