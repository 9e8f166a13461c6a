"""The portfolio as HTML: documents, a grid and gaps come in; figures, heat map, trends and lists go out.

Only applied labels count. A document of several countries counts in each of them. Counts nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from stratmap.app.portfolio import NO_YEAR, Grid
from stratmap.app.render.pages import place_key
from stratmap.app.render.text import colour, empty, percent, place, plural, shortened, text
from stratmap.framework import Framework, Label
from stratmap.records import Evidence, IndexedDocument
from stratmap.reporting.coverage_records import Coverage, Gap

_MOST_GAPS = 6
_EMPTY = ' class="sm-none-bar"'
_KINDS = (
    ("label", "No document at all"),
    ("thin", "Hardly any document"),
    ("faded", "Not in the latest years"),
    ("country", "In single countries"),
    ("pair", "Never together"),
)


def figures(documents: Sequence[IndexedDocument]) -> str:
    """The archive in four figures."""
    if not documents:
        return empty("The archive is empty", "Add documents with `stratmap index`, then open this page again.")
    countries = {c for d in documents for c in d.countries}
    years = sorted(d.year for d in documents if d.year is not None)
    span = f"{years[0]}–{years[-1]}" if years else "none"
    shown = (
        ("Documents", f"{len(documents):,}"),
        ("Countries", str(len(countries))),
        ("Years", span),
        ("Without a tag", str(sum(not d.labels for d in documents))),
    )
    cards = "".join(
        f'<div class="sm-figure"><span class="sm-muted">{text(n)}</span><strong>{text(v)}</strong></div>'
        for n, v in shown
    )
    return f'<div class="sm-figures">{cards}</div>'


def heat_map(grid: Grid, framework: Framework, shares: bool = False) -> str:
    """Labels across, countries or years down; each filled cell opens its documents."""
    most = max((grid.value(row, code, shares) for row, code in grid.cells if row in grid.totals), default=1.0) or 1.0
    groups = "".join(
        f'<th scope="colgroup" colspan="{len(group.labels)}" class="sm-first">{text(group.name)}</th>'
        for group in framework.groups
    )
    head = "".join(
        f'<th scope="col" title="{text(label.name)}"{_first(label, framework)} style="--c:{colour(label.colour)}">'
        f'<span class="sm-badge">{text(label.code)}</span></th>'
        for label in framework.labels
    )
    body = "".join(
        f'<tr><th scope="row">{text(row)}</th><td class="sm-total">{grid.totals[row]}</td>'
        + "".join(_cell(grid, row, label, framework, shares, most) for label in framework.labels)
        + "</tr>"
        for row in grid.rows
    )
    said = "Share of each row's documents" if shares else "Documents"
    return (
        f'<section class="sm-card"><h3 class="sm-h">{said} by label and {text(grid.by)}'
        '<span class="sm-muted">choose a cell to see its documents</span></h3>'
        '<div class="sm-wide" tabindex="0" role="region" aria-label="Heat map"><table class="sm-heat"><thead>'
        f'<tr class="sm-groups"><td colspan="2"></td>{groups}</tr><tr>'
        f'<th scope="col">{text(grid.by.capitalize())}</th><th scope="col" class="sm-total">All</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _first(label: Label, framework: Framework) -> str:
    starts = {group.labels[0].code for group in framework.groups}
    return ' class="sm-first"' if label.code in starts else ""


def _cell(grid: Grid, row: str, label: Label, framework: Framework, shares: bool, most: float) -> str:
    count = grid.cells.get((row, label.code), 0)
    first = _first(label, framework)
    if not count:
        return f'<td{first}><span class="sm-zero" role="img" aria-label="none">·</span></td>'
    value = grid.value(row, label.code, shares)
    depth = round(8 + 44 * value / most)
    shown = f"{value:.0%}".replace("%", "") if shares else f"{count}"
    share = f", {value:.0%} of the row" if shares else ""
    said = f"{label.code}, {row}: {plural(count, 'document')}{share}"
    return (
        f'<td{first}><button type="button" class="sm-heat-cell" style="--d:{depth}%" '
        f'data-choose="{text(f"{grid.by}|{label.code}|{row}")}" aria-label="{text(said)}" title="{text(said)}">'
        f"{shown}</button></td>"
    )


def gap_list(gaps: Sequence[Gap]) -> str:
    """The gaps in words by kind, the rest of a long list folded; "" where there are none."""
    parts = []
    for kind, title in _KINDS:
        found = [gap.text for gap in gaps if gap.kind == kind]
        if found:
            parts.append(f"<div><h4>{text(title)}</h4>{_lines(found)}</div>")
    inside = f'<div class="sm-gap-kinds">{"".join(parts)}</div>'
    return f'<section class="sm-card"><h3 class="sm-h">Gaps</h3>{inside}</section>' if parts else ""


def _lines(found: Sequence[str]) -> str:
    first = "".join(f"<li>{text(line)}</li>" for line in found[:_MOST_GAPS])
    rest = "".join(f"<li>{text(line)}</li>" for line in found[_MOST_GAPS:])
    more = (
        f'<details class="sm-rest"><summary>{len(found) - _MOST_GAPS} more</summary><ul class="sm-gaps">{rest}</ul>'
        "</details>"
        if rest
        else ""
    )
    return f'<ul class="sm-gaps">{first}</ul>{more}'


def trends(coverage: Coverage, framework: Framework) -> str:
    """For each label a row of bars, one a year, all on the same scale."""
    years = [year for year, _ in coverage.years]
    if len(years) < 2:
        return ""
    most = max((count for code in framework.codes for _, count in coverage.trend(code)), default=1) or 1
    rows = "".join(_trend(label, coverage.trend(label.code), most) for label in framework.labels)
    return (
        f'<section class="sm-card"><h3 class="sm-h">Trends<span class="sm-muted">documents a year, {years[0]} to '
        f'{years[-1]}, the highest bar {most}</span></h3><div class="sm-trends">{rows}</div></section>'
    )


def _trend(label: Label, points: Sequence[tuple[int, int]], most: int) -> str:
    width, height = 200, 36
    step = width / len(points)
    bars = "".join(
        f'<rect x="{i * step + 0.5:.1f}" y="{height - max(1.0, height * count / most):.1f}" '
        f'width="{max(1.0, step - 1):.1f}" height="{max(1.0, height * count / most):.1f}"'
        f"{_EMPTY if not count else ''}><title>{year}: {count}</title></rect>"
        for i, (year, count) in enumerate(points)
    )
    peak, count = max(points, key=lambda point: (point[1], point[0]))
    total = sum(number for _, number in points)
    said = f"{label.code} {label.name}: {plural(total, 'document')}, most in {peak} ({count})"
    return (
        f'<figure class="sm-trend"><svg viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(said)}">{bars}</svg><figcaption><span class="sm-badge" style="--c:{colour(label.colour)}">'
        f'{text(label.code)}</span> {text(label.name)} <span class="sm-muted">{total}</span></figcaption></figure>'
    )


def cell_documents(documents: Sequence[IndexedDocument], framework: Framework, code: str, row: str) -> str:
    """The documents behind one cell of the map; each opens its evidence."""
    label = framework.label(code)
    items = "".join(
        f'<li><button type="button" class="sm-evidence" style="--c:{colour(label.colour)}" '
        f'data-choose="{text(f"{code}|{d.doc_id}")}"><span class="sm-q" dir="auto">{text(d.title or d.name)}</span>'
        f'<span class="sm-muted" dir="auto">{text(_facts(d, code))}</span></button></li>'
        for d in documents
    )
    title = f"{label.code} {label.name}, {row}"
    return (
        '<section class="sm-card" data-into-view="1">'
        f'<h3 class="sm-h">{text(title)}<span class="sm-muted">choose a document to see its evidence</span></h3>'
        f'<ul class="sm-plain">{items}</ul></section>'
    )


def cell_evidence(document: IndexedDocument, label: Label, found: Sequence[Evidence]) -> str:
    """The evidence for a label in one document; each piece opens its page."""
    items = "".join(
        f'<button type="button" class="sm-evidence" style="--c:{colour(label.colour)}" data-choose="'
        f'{text(place_key(document.doc_id, e.page_index, e.start, e.end, e.page))}"><span class="sm-q" dir="auto">'
        f'{text(shortened(e.text))}</span><span class="sm-muted">'
        f"{text(' · '.join(part for part in (place(e.page), percent(e.probability)) if part))}</span></button>"
        for e in found
    )
    none = '<p class="sm-muted">No single passage carries this label; the document as a whole does.</p>'
    return (
        f'<section class="sm-card" data-into-view="1"><h3 class="sm-h"><span class="sm-badge" '
        f'style="--c:{colour(label.colour)}">{text(label.code)}</span> <span dir="auto">'
        f"{text(document.title or document.name)}</span></h3>{items or none}</section>"
    )


def _facts(document: IndexedDocument, code: str) -> str:
    parts = (
        document.name if document.title else "",
        ", ".join(document.countries),
        str(document.year) if document.year is not None else NO_YEAR,
        plural(document.pages, "page"),
        percent(document.labels[code]),
    )
    return " · ".join(part for part in parts if part)
