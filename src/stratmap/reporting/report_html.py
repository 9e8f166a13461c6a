"""The coverage report as one HTML file that works with the network cable out.

Comes in: a `Report`. Goes out: a string without scripts, fonts or addresses to fetch; all texts are escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable

from stratmap.reporting.characters import xml_safe
from stratmap.reporting.charts import charts
from stratmap.reporting.coverage_records import Coverage, CoverageCell
from stratmap.reporting.report import LabelSummary, Quotation, Report
from stratmap.reporting.svg import as_svg

_MOST_NAMES = 20
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1b1b;--page:#fff;--soft:#555;--line:#ccc;--mark:#2f6db3}
@media (prefers-color-scheme:dark){:root{--ink:#e6e6e6;--page:#16191d;--soft:#b0b6bd;--line:#4a5057;--mark:#7fb0e6}}
@media print{:root{--ink:#000;--page:#fff;--soft:#333;--line:#999;--mark:#2f6db3}section,figure{break-inside:avoid}
svg{max-width:100%;height:auto}}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--page)}h1,h2,h3{line-height:1.2}table{border-collapse:collapse}caption{text-align:left;color:var(--soft)}
th,td{border:1px solid var(--line);padding:.25rem .6rem;text-align:left}.n{text-align:right}
blockquote{margin:.5rem 0;padding-left:1rem;border-left:3px solid var(--mark)}cite{color:var(--soft);font-size:.9em}
figure{margin:1rem 0;overflow-x:auto}svg{border-radius:4px}summary{cursor:pointer}summary:focus-visible{
outline:2px solid}
details li{margin:.25rem 0}
"""


def report_html(report: Report) -> str:
    """The whole page."""
    title = _text(report.title)
    cells: dict[str, list[CoverageCell]] = {}
    for cell in report.coverage.cells:
        cells.setdefault(cell.code, []).append(cell)
    body = [
        f"<h1>{title}</h1>",
        *(f"<p>{_text(line)}</p>" for line in report.summary),
        "<h2>Labels</h2>",
        _labels(report.coverage),
        *_figures(report.coverage),
        "<h2>Gaps</h2>",
        _list(gap.text for gap in report.coverage.gaps),
        "<h2>Labels one by one</h2>",
        *(_label(summary, cells.get(summary.code, [])) for summary in report.labels),
        *_copies(report),
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
        f'<tr><th scope="row">{_text(one.code)}</th><td>{_text(one.name)}</td><td>{_text(one.group)}</td>'
        f'<td class="n">{one.documents:,}</td><td class="n">{one.share:.1%}</td></tr>'
        for one in coverage.labels
    )
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Code", "Label", "Group", "Documents", "Share"))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _label(summary: LabelSummary, cells: list[CoverageCell]) -> str:
    quotes = "".join(
        f"<blockquote>{_text(one.text)}<br><cite>{_text(one.place)}</cite></blockquote>" for one in summary.quotations
    )
    head = f"<h3>{_text(summary.code)} {_text(summary.name)}</h3><p>{_text(summary.statement)}</p>"
    return f"<section>{head}<p>{_text(summary.sentence)}</p>{quotes}{_behind(cells)}</section>"


def _behind(cells: list[CoverageCell]) -> str:
    """The documents and words behind each country and year of a label, folded away."""
    lines = []
    for cell in cells:
        place = f"{cell.country}, {cell.year if cell.year is not None else 'no year'}"
        names = ", ".join(cell.names[:_MOST_NAMES]) + (", …" if len(cell.names) > _MOST_NAMES else "")
        quotes = "".join(
            f"<br>“{_text(one.text)}” <cite>{_text(Quotation(one.document, one.page, '').place)}</cite>"
            for one in cell.evidence
        )
        lines.append(f"<li><b>{_text(place)}</b>: {cell.documents:,} ({_text(names)}){quotes}</li>")
    heading = "Behind each country and year"
    return f"<details><summary>{heading}</summary><ul>{''.join(lines)}</ul></details>" if lines else ""


def _copies(report: Report) -> Iterable[str]:
    for heading, groups in report.copies.items():
        yield f"<h2>{heading}</h2>"
        yield _list(", ".join(names) for names in groups)


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{_text(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else "<p>None.</p>"


def _text(text: str) -> str:
    return html.escape(xml_safe(text))
