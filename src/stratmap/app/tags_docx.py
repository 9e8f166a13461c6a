"""Tagged reports as a Word document: reports come in, the bytes of a DOCX with tags and their evidence go out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from stratmap.app.protocol import TaggedReport
from stratmap.app.render.tags import NOT_APPLIED, state
from stratmap.app.render.text import percent, place
from stratmap.framework import Framework
from stratmap.records import Tag
from stratmap.reporting.characters import xml_safe

_MOST_QUOTATIONS = 3


def tags_docx(reports: Sequence[TaggedReport], framework: Framework) -> bytes:
    """One chapter a report: what was applied or wants a look with its best quotations, then the rest in a line."""
    import docx

    document = docx.Document()
    document.core_properties.title = "Tags with their evidence"
    document.core_properties.author = "stratmap"
    document.add_heading("Tags with their evidence", 0)
    document.add_paragraph(xml_safe(framework.name))
    for report in reports:
        _report(document, report, framework)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _report(document: Any, report: TaggedReport, framework: Framework) -> None:
    tagged = report.tagged
    document.add_heading(xml_safe(report.document.title or report.document.name), 1)
    for remark in (*tagged.review_reasons, *tagged.warnings):
        document.add_paragraph(xml_safe(remark), style="List Bullet")
    for group in framework.groups:
        document.add_heading(xml_safe(group.name), 2)
        tags = tagged.tags.get(group.id, ())
        shown = [tag for tag in tags if state(tag) != NOT_APPLIED]
        for tag in shown:
            _tag(document, tag)
        rest = ", ".join(f"{tag.code} ({percent(tag.probability)})" for tag in tags if tag not in shown)
        document.add_paragraph(xml_safe(f"Not applied: {rest}." if rest else "All are applied."))


def _tag(document: Any, tag: Tag) -> None:
    paragraph = document.add_paragraph()
    paragraph.add_run(xml_safe(f"{tag.code} {tag.name}")).bold = True
    paragraph.add_run(xml_safe(f": {percent(tag.probability)}, {state(tag)}"))
    for evidence in tag.evidence[:_MOST_QUOTATIONS]:
        where = f" ({place(evidence.page)})" if place(evidence.page) else ""
        document.add_paragraph(xml_safe(" ".join(evidence.text.split()) + where), style="Quote")
