"""Retraining on the screen: reports, versions and previews come in, HTML goes out. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratmap.app.render.text import notice, plural, shortened, text
from stratmap.framework import Framework
from stratmap.records import Correction
from stratmap.reviewing.reviews import Retrained
from stratmap.reviewing.sheet import Preview
from stratmap.reviewing.versions import Version

_MOST_ROWS = 60


def outcome(done: Retrained, framework: Framework) -> str:
    """What a retraining came to: a sentence, and the figures before and after."""
    report = done.report
    if done.version:
        changed = plural(done.relabelled, "document") + " of the archive now with other labels"
        head = notice(
            f"Version {done.version} is in use, made in {report.seconds:.1f} s; {changed}.", "Retrained.", "good"
        )
    else:
        head = "".join(notice(f"{reason}.", "Not used:", "problem") for reason in report.refused)
        head += notice("The version in use stays. Look at the corrections below, or collect more and try again.")
    return head + figures(report.as_data(), framework)


def figures(report: dict[str, Any], framework: Framework) -> str:
    """The figures of a report as a table."""
    rows = []
    before, after = report.get("before"), report.get("after")
    if before and after:
        held = f"{after['texts']} held-out texts, which nothing was trained on"
        rows += [
            _figure(f"F1, {group.name.lower()}", held, before["f1"].get(group.id), after["f1"].get(group.id), "{:.3f}")
            for group in framework.groups
        ]
        rows.append(_figure("Log-loss (lower is better)", held, before["log_loss"], after["log_loss"], "{:.3f}", -1))
    else:
        rows.append('<tr><td colspan="5" class="sm-muted">No held-out texts are shipped for this framework.</td></tr>')
    agreed = report.get("agreement")
    if agreed:
        count = f"{plural(agreed['verdicts'], 'verdict')} on {plural(agreed['documents'], 'text')}"
        on = f"{count}, each tagged without its own"
        rows.append(_figure("Agreement with people", on, agreed["before"], agreed["after"], "{:.0%}"))
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Figure", "Measured on", "Before", "After", "Change"))
    return (
        '<div class="sm-wide" tabindex="0" role="region" aria-label="Figures before and after">'
        f'<table class="sm-table sm-figures-table"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody>'
        "</table></div>"
    )


def _figure(name: str, measured: str, before: float | None, after: float | None, form: str, better: int = 1) -> str:
    def told(value: float) -> str:
        return form.format(value).replace("%", " %")

    said = [told(value) if value is not None else "too few" for value in (before, after)]
    change, kind = "", ""
    if before is not None and after is not None:
        moved = after - before
        change = "as before" if abs(moved) < 0.0005 else f"{'+' if moved > 0 else '−'}{told(abs(moved))}"
        kind = "" if abs(moved) < 0.0005 else ("sm-better" if moved * better > 0 else "sm-worse")
    return (
        f'<tr><th scope="row">{text(name)}</th><td class="sm-muted">{text(measured)}</td>'
        f'<td class="sm-number">{said[0]}</td><td class="sm-number">{said[1]}</td>'
        f'<td class="sm-number {kind}">{text(change)}</td></tr>'
    )


def version_list(versions: Sequence[Version], active: str) -> str:
    """The versions, newest first, each to be used again."""
    rows = "".join(_version(one) for one in reversed(versions))
    shipped = _entry("shipped", "The tagger as it came", "", active == "shipped")
    listed = f'<ul class="sm-plain">{rows}{shipped}</ul>'
    return f'<section class="sm-card"><h3 class="sm-h">Versions of the tagger</h3>{listed}</section>'


def _version(one: Version) -> str:
    report = one.report
    if "damaged" in report:
        return _entry(one.name, f"Damaged: {report['damaged']}", "", one.active, usable=False)
    facts = f"{report.get('author', '')}, {str(report.get('at', ''))[:16].replace('T', ' ')} UTC"
    learned = (
        f"{plural(int(report.get('verdicts', 0)), 'verdict')}, {int(report.get('wrong_evidence', 0))} wrong passages"
    )
    return _entry(one.name, f"Version {one.name}: {learned}", facts, one.active)


def _entry(name: str, title: str, facts: str, active: bool, *, usable: bool = True) -> str:
    if active:
        action = '<span class="sm-state sm-in-use">in use</span>'
    elif usable:
        action = (
            f'<button type="button" class="sm-button" data-choose="{text(name)}" '
            f'aria-label="Use {text(name)}">Use this</button>'
        )
    else:
        action = ""
    told = f'<span><strong>{text(title)}</strong><span class="sm-muted" dir="auto">{text(facts)}</span></span>'
    return f"<li>{told}{action}</li>"


def correction_list(corrections: Sequence[Correction]) -> str:
    """The corrections that stand, newest first, each to be taken back."""
    if not corrections:
        return ""
    rows = "".join(_correction(one) for one in reversed(corrections[-_MOST_ROWS:]))
    more = (
        f'<p class="sm-muted">The last {_MOST_ROWS}; the workbook has all.</p>' if len(corrections) > _MOST_ROWS else ""
    )
    return (
        f'<section class="sm-card"><h3 class="sm-h">Corrections that stand <span class="sm-muted">{len(corrections)}'
        f'</span></h3><ul class="sm-plain">{rows}</ul>{more}</section>'
    )


def _correction(one: Correction) -> str:
    said = {"tag": "applies" if one.applies else "does not apply", "evidence": "wrong evidence", "note": "note"}[
        one.kind
    ]
    facts = f"{one.document} · {one.author}, {one.at[:10]}"
    note = f'<span class="sm-said-note" dir="auto">{text(one.note)}</span>' if one.note else ""
    return (
        f"<li><span><strong>{text(one.code)} {said}</strong>{note}"
        f'<span class="sm-muted" dir="auto">{text(facts)}</span>'
        f'</span><button type="button" class="sm-button" data-correct="{one.id}" '
        f'aria-label="Take back: {text(one.code)} {said} on {text(one.document)}">Take back</button></li>'
    )


def _counted(found: Preview) -> list[str]:
    """How many tags get another verdict, and how many only a note; what is none is left out."""
    notes = sum(change.adds_note_only for change in found.changes)
    verdicts = len(found.changes) - notes
    counted = [plural(verdicts, "tag")] if verdicts or not notes else []
    return counted + ([plural(notes, "note")] if notes else [])


def kept_line(found: Preview) -> str:
    """What an import changed, in a sentence."""
    return f"Taken from the workbook: {' and '.join(_counted(found))}."


def preview_table(found: Preview, framework: Framework) -> str:
    """What an import would change, and the rows that are refused."""
    refused = "".join(notice(f"Row {one.row}: {one.reason}", kind="problem") for one in found.refused[:_MOST_ROWS])
    said = (
        f"To be taken: {' and '.join(_counted(found))}. As before: {plural(found.unchanged, 'row')}. "
        f"Refused: {plural(len(found.refused), 'row')}."
    )
    rows = "".join(
        f'<tr><td>{change.row}</td><td dir="auto">{text(change.document)}</td>'
        f'<th scope="row">{text(change.code)} '
        f'<span class="sm-muted">{text(framework.label(change.code).name)}</span></th>'
        f"<td>{text(change.before or 'as tagged')}</td>"
        f"<td>{text('no other verdict' if change.adds_note_only else change.after or 'as tagged')}</td>"
        f'<td dir="auto">{text(shortened(change.note, 120))}</td><td dir="auto">{text(change.by)}</td></tr>'
        for change in found.changes[:_MOST_ROWS]
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Row", "Document", "Tag", "Now", "Then", "Note", "By"))
    table = (
        f'<div class="sm-wide" tabindex="0"><table class="sm-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        "</table></div>"
        if found.changes
        else ""
    )
    return f'<section class="sm-card"><p class="sm-none">{text(said)}</p>{table}{refused}</section>'


def learned_line(verdicts: int, wrong: int, active: str) -> str:
    """What a retraining would learn from."""
    now = "the tagger as it came" if active == "shipped" else f"version {active}"
    said = (
        f"{plural(verdicts, 'verdict')} and {plural(wrong, 'passage')} of wrong evidence to learn from. In use: {now}."
    )
    return f'<p class="sm-none sm-muted">{text(said)}</p>'
