"""The portfolio: documents of the archive come in, a heat map, counts and gaps in words go out as HTML.

Only applied labels count. A document of several countries counts in each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from stratmap.app.render.text import colour, empty, percent, plural, text
from stratmap.framework import Framework
from stratmap.records import IndexedDocument

NO_COUNTRY, NO_YEAR = "no country", "no year"
_LONG_AGO = 5
_MOST_GAPS = 12


def rows_of(document: IndexedDocument, by: str) -> tuple[str, ...]:
    """The rows of the map that a document belongs to; `by` is `country` or `year`."""
    if by == "year":
        return (str(document.year) if document.year is not None else NO_YEAR,)
    return document.countries or (NO_COUNTRY,)


def label_counts(documents: Sequence[IndexedDocument]) -> Counter[str]:
    """How many documents carry each label."""
    return Counter(code for document in documents for code in document.labels)


def portfolio(documents: Sequence[IndexedDocument], framework: Framework, by: str = "country") -> str:
    """Figures and heat map of the whole archive."""
    if not documents:
        return empty("The archive is empty", "Add documents with `stratmap index`, then open this page again.")
    countries = {c for d in documents for c in d.countries}
    years = sorted(d.year for d in documents if d.year is not None)
    span = f"{years[0]}–{years[-1]}" if years else "none"
    untagged = sum(not d.labels for d in documents)
    figures = (
        ("Documents", f"{len(documents):,}"),
        ("Countries", str(len(countries))),
        ("Years", span),
        ("Without a tag", str(untagged)),
    )
    cards = "".join(
        f'<div class="sm-figure"><span class="sm-muted">{text(n)}</span><strong>{text(v)}</strong></div>'
        for n, v in figures
    )
    return f'<div class="sm-figures">{cards}</div>{heat_map(documents, framework, by)}'


def heat_map(documents: Sequence[IndexedDocument], framework: Framework, by: str = "country") -> str:
    """Labels across, countries or years down; each filled cell opens its documents."""
    totals = Counter(row for document in documents for row in rows_of(document, by))
    cells = Counter((row, code) for d in documents for row in rows_of(d, by) for code in d.labels)
    most = max(cells.values(), default=1)
    named = sorted(row for row in totals if row not in (NO_COUNTRY, NO_YEAR))
    order = (named[::-1] if by == "year" else named) + [r for r in (NO_COUNTRY, NO_YEAR) if r in totals]
    head = "".join(
        f'<th scope="col" title="{text(label.name)}" style="--c:{colour(label.colour)}">'
        f'<span class="sm-badge">{text(label.code)}</span></th>'
        for label in framework.labels
    )
    body = "".join(
        f'<tr><th scope="row">{text(row)}</th><td class="sm-total">{totals[row]}</td>'
        + "".join(_cell(row, code, cells[row, code], most, by) for code in framework.codes)
        + "</tr>"
        for row in order
    )
    return (
        f'<section class="sm-card"><h3 class="sm-h">Documents by label and {text(by)}</h3>'
        '<div class="sm-wide" tabindex="0" role="region" aria-label="Heat map"><table class="sm-heat"><thead><tr>'
        f'<th scope="col">{text(by.capitalize())}</th><th scope="col" class="sm-total">All</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></section>"
    )


def _cell(row: str, code: str, count: int, most: int, by: str) -> str:
    if not count:
        return '<td class="sm-zero"><span aria-label="none">·</span></td>'
    depth = round(8 + 44 * count / most)
    said = f"{code}, {row}: {plural(count, 'document')}"
    return (
        f'<td><button type="button" class="sm-heat-cell" style="--d:{depth}%" '
        f'data-choose="{text(f"{by}|{code}|{row}")}" aria-label="{text(said)}" title="{text(said)}">'
        f"{count}</button></td>"
    )


def gaps(documents: Sequence[IndexedDocument], framework: Framework) -> list[str]:
    """What the archive lacks, in sentences: first the countries with most documents, objectives only.

    A gap is an objective without any document in a country of at least two, or none in the last years.
    """
    latest = max((d.year for d in documents if d.year is not None), default=None)
    totals = Counter(c for d in documents for c in d.countries)
    found = []
    for label in framework.groups[0].labels:
        if not any(label.code in d.labels for d in documents):
            found.append(f"No document of the archive on {label.code} {label.name}.")
    for country, total in sorted(totals.items(), key=lambda item: (-item[1], item[0])):
        own = [d for d in documents if country in d.countries]
        for label in framework.groups[0].labels:
            years = [d.year for d in own if label.code in d.labels]
            if not years and total >= 2 and any(label.code in d.labels for d in documents):
                found.append(f"No document on {label.code} {label.name} in {country}.")
            dated = [year for year in years if year is not None]
            if latest and dated and len(dated) == len(years) and max(dated) <= latest - _LONG_AGO:
                found.append(f"No document on {label.code} {label.name} in {country} since {max(dated)}.")
    return found


def gap_list(documents: Sequence[IndexedDocument], framework: Framework) -> str:
    """The gaps as a list, the rest of a long one folded; empty where there are none."""
    if not documents:
        return ""
    found = gaps(documents, framework)
    if not found:
        return ""
    first = "".join(f"<li>{text(line)}</li>" for line in found[:_MOST_GAPS])
    rest = "".join(f"<li>{text(line)}</li>" for line in found[_MOST_GAPS:])
    more = (
        f'<details class="sm-rest"><summary>{len(found) - _MOST_GAPS} more</summary><ul>{rest}</ul></details>'
        if rest
        else ""
    )
    return f'<section class="sm-card"><h3 class="sm-h">Gaps</h3><ul class="sm-gaps">{first}</ul>{more}</section>'


def cell_documents(documents: Sequence[IndexedDocument], framework: Framework, code: str, row: str) -> str:
    """The documents behind one cell of the map, most probable first."""
    label = framework.label(code)
    items = "".join(
        f'<li><strong dir="auto">{text(d.title or d.name)}</strong><span class="sm-muted" dir="auto">'
        f"{text(_facts(d, code))}</span></li>"
        for d in sorted(documents, key=lambda d: (-d.labels[code], d.name))
    )
    title = f"{label.code} {label.name}, {row}"
    return (
        '<section class="sm-card" data-into-view="1">'
        f'<h3 class="sm-h">{text(title)}</h3><ul class="sm-list">{items}</ul></section>'
    )


def _facts(document: IndexedDocument, code: str) -> str:
    year = str(document.year) if document.year is not None else ""
    parts = (
        document.name if document.title else "",
        ", ".join(document.countries),
        year,
        plural(document.pages, "page"),
        percent(document.labels[code]),
    )
    return " · ".join(part for part in parts if part)
