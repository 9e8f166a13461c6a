"""A conversation as a Word document: turns come in, the bytes of a DOCX with answers and sources go out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from stratmap.app.protocol import Turn
from stratmap.app.render.text import place
from stratmap.records import Answer, Citation
from stratmap.reporting.characters import xml_safe

NOT_FOUND = "Not found in the archive."
_UNSUPPORTED = " (not supported by the sources)"


def conversation_docx(turns: Sequence[Turn]) -> bytes:
    """Questions as headings, each followed by its answer and the quotations it rests on."""
    import docx

    document = docx.Document()
    document.core_properties.title = "Questions to the archive"
    document.core_properties.author = "stratmap"
    document.add_heading("Questions to the archive", 0)
    for turn in turns:
        document.add_heading(xml_safe(" ".join(turn.question.split())), 1)
        if turn.answer is None:
            document.add_paragraph(xml_safe(turn.problem))
        else:
            _answer(document, turn.answer)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _answer(document: Any, answer: Answer) -> None:
    if not answer.answered:
        paragraph = document.add_paragraph()
        paragraph.add_run(NOT_FOUND).bold = True
        paragraph.add_run(" " + xml_safe(answer.answer))
        return
    for statement in answer.statements:
        marks = "".join(f" [{marker}]" for marker in statement.markers if f"[{marker}]" not in statement.text)
        flag = "" if statement.supported else _UNSUPPORTED
        document.add_paragraph(xml_safe(statement.text + marks + flag))
    if not answer.statements:
        document.add_paragraph(xml_safe(answer.answer))
    document.add_heading("Sources", 2)
    for citation in answer.citations:
        _source(document, citation)


def _source(document: Any, citation: Citation) -> None:
    where = " ".join(part for part in (citation.document, place(citation.page)) if part)
    document.add_paragraph(xml_safe(f"[{citation.marker}] {where}"))
    document.add_paragraph(xml_safe(" ".join(citation.quote.split())), style="Quote")
