"""The coverage report as DOCX, for people who edit it further.

Comes in: a `Report`. Goes out: the bytes of a document with headings, tables, charts and quotations. Charts are PNG,
with a description for those who do not see them.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from stratmap.reporting.characters import xml_safe
from stratmap.reporting.charts import MOST_COUNTRIES, charts
from stratmap.reporting.coverage_records import Coverage
from stratmap.reporting.drawing import Drawing
from stratmap.reporting.png import as_png
from stratmap.reporting.report import Report


def report_docx(report: Report) -> bytes:
    """The whole document."""
    import docx

    document = docx.Document()
    document.core_properties.title = xml_safe(report.title)[:255]
    document.add_heading(xml_safe(report.title), 0)
    for line in report.summary:
        document.add_paragraph(xml_safe(line))
    document.add_heading("Labels", 1)
    rows = [(one.code, one.name, f"{one.documents:,}", f"{one.share:.1%}") for one in report.coverage.labels]
    _table(document, ("Code", "Label", "Documents", "Share"), rows)
    for chart in charts(report.coverage).values():
        _picture(document, chart)
    _countries(document, report.coverage)
    document.add_heading("Gaps", 1)
    for gap in report.coverage.gaps:
        document.add_paragraph(xml_safe(gap.text), style="List Bullet")
    document.add_heading("Labels one by one", 1)
    for summary in report.labels:
        document.add_heading(xml_safe(f"{summary.code} {summary.name}"), 2)
        document.add_paragraph(xml_safe(summary.statement))
        document.add_paragraph(xml_safe(summary.sentence))
        for quotation in summary.quotations:
            document.add_paragraph(xml_safe(quotation.text), style="Quote")
            document.add_paragraph(xml_safe(quotation.place))
    for heading, groups in report.copies.items():
        document.add_heading(heading, 1)
        for names in groups:
            document.add_paragraph(xml_safe(", ".join(names)), style="List Bullet")
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _picture(document: Any, chart: Drawing) -> None:
    """A chart as wide as the text, its size on the page never above a pixel's at 96 dpi."""
    from docx.shared import Pt

    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    shape = document.add_picture(io.BytesIO(as_png(chart)), width=min(room, Pt(0.75 * chart.width)))
    shape._inline.docPr.set("descr", xml_safe(chart.title))


def _countries(document: Any, coverage: Coverage) -> None:
    countries = [name for name, _ in coverage.countries][:MOST_COUNTRIES]
    if not countries:
        return
    counts = coverage.by_country()
    codes = [label.code for label in coverage.labels]
    document.add_heading("Labels by country", 1)
    rows = [(name, *(str(counts.get((code, name), 0)) for code in codes)) for name in countries]
    _table(document, ("Country", *codes), rows)


def _table(document: Any, heading: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    table = document.add_table(rows=len(rows) + 1, cols=len(heading))
    table.style = "Table Grid"
    for line, values in zip(table.rows, [heading, *rows], strict=True):
        for cell, value in zip(line.cells, values, strict=True):
            cell.text = xml_safe(value)
