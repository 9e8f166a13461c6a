"""The coverage report as one HTML file that works with the network cable out.

Comes in: a `Report`. Goes out: a string without scripts, fonts or addresses to fetch; all texts are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from stratmap.reporting.characters import xml_safe
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.report import LabelSummary, Report
from stratmap.reporting.svg import bars, heat_map

MOST_COUNTRIES = 25
_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
h1,h2,h3{line-height:1.2}table{border-collapse:collapse}th,td{border:1px solid #ccc;padding:.25rem .6rem;
text-align:left}td.n{text-align:right}blockquote{margin:.5rem 0;padding-left:1rem;border-left:3px solid #2f6db3}
cite{color:#555;font-size:.9em}figure{margin:1rem 0;overflow-x:auto}
"""


def report_html(report: Report) -> str:
    """The whole page."""
    title = _text(report.title)
    body = [
        f"<h1>{title}</h1>",
        *(f"<p>{_text(line)}</p>" for line in report.summary),
        "<h2>Labels</h2>",
        _labels(report.coverage),
        *_figures(report.coverage),
        "<h2>Gaps</h2>",
        _list(gap.text for gap in report.coverage.gaps),
        "<h2>Labels one by one</h2>",
        *(_label(summary) for summary in report.labels),
        *_duplicates(report.coverage),
    ]
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def country_heat_map(coverage: Coverage) -> str:
    """Labels by country as SVG; "" where no document states a country."""
    countries = [name for name, _ in coverage.countries][:MOST_COUNTRIES]
    counts = coverage.by_country()
    rows = [f"{label.code} {label.name}" for label in coverage.labels]
    values = [[counts.get((label.code, country), 0) for country in countries] for label in coverage.labels]
    return heat_map(rows, countries, values, "Documents by label and country") if countries else ""


def year_heat_map(coverage: Coverage) -> str:
    """Labels by year as SVG; "" where no document states a year."""
    years = [str(year) for year, _ in coverage.years]
    rows = [f"{label.code} {label.name}" for label in coverage.labels]
    values = [[count for _, count in coverage.trend(label.code)] for label in coverage.labels]
    return heat_map(rows, years, values, "Documents by label and year") if years else ""


def pair_heat_map(coverage: Coverage) -> str:
    """Labels of one group by those of another as SVG; "" for a framework with one group."""
    first = list(dict.fromkeys(pair.first for pair in coverage.pairs))
    second = list(dict.fromkeys(pair.second for pair in coverage.pairs if pair.second not in first))
    first = [code for code in first if code not in second]
    counts = {(pair.first, pair.second): pair.documents for pair in coverage.pairs}
    values = [[counts.get((a, b), 0) for b in second] for a in first]
    return heat_map(first, second, values, "Documents that carry both labels") if first else ""


def _figures(coverage: Coverage) -> Iterable[str]:
    names = [f"{label.code} {label.name}" for label in coverage.labels]
    charts = (
        bars(names, [label.documents for label in coverage.labels], "Documents by label"),
        country_heat_map(coverage),
        year_heat_map(coverage),
        pair_heat_map(coverage),
    )
    return (f"<figure>{chart}</figure>" for chart in charts if chart)


def _labels(coverage: Coverage) -> str:
    rows = "".join(
        f'<tr><td>{_text(one.code)}</td><td>{_text(one.name)}</td><td class="n">{one.documents:,}</td>'
        f'<td class="n">{one.share:.1%}</td></tr>'
        for one in coverage.labels
    )
    return f"<table><thead><tr><th>Code<th>Label<th>Documents<th>Share</tr></thead><tbody>{rows}</tbody></table>"


def _label(summary: LabelSummary) -> str:
    quotes = "".join(
        f"<blockquote>{_text(one.text)}<br><cite>{_text(one.place)}</cite></blockquote>" for one in summary.quotations
    )
    head = f"<h3>{_text(summary.code)} {_text(summary.name)}</h3><p>{_text(summary.statement)}</p>"
    return f"<section>{head}<p>{_text(summary.sentence)}</p>{quotes}</section>"


def _duplicates(coverage: Coverage) -> Iterable[str]:
    if coverage.duplicates:
        yield "<h2>Documents with the same text</h2>"
        yield _list(", ".join(names) for names in coverage.duplicates)


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _text(text: str) -> str:
    return html.escape(xml_safe(text))
