"""The coverage report as one HTML file that works with the network cable out.

Comes in: a `Report`. Goes out: a string without scripts, fonts or addresses to fetch; all texts are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from stratmap.reporting.characters import xml_safe
from stratmap.reporting.charts import charts
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.report import LabelSummary, Report
from stratmap.reporting.svg import as_svg

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


def _figures(coverage: Coverage) -> Iterable[str]:
    return (f"<figure>{as_svg(chart)}</figure>" for chart in charts(coverage).values())


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
    if coverage.near_duplicates:
        yield "<h2>Documents that say nearly the same</h2>"
        yield _list(", ".join(names) for names in coverage.near_duplicates)


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _text(text: str) -> str:
    return html.escape(xml_safe(text))
