"""Files of a session: its tagged reports come in, the addresses of files to download go out.

Each call writes into a folder of its own that only this user of the machine can read; a running app deletes what it
serves after a day. The forms are those of `reporting`; nothing is decided here.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from stratmap.app.protocol import TaggedReport, Turn
from stratmap.app.render.tags import as_data
from stratmap.framework import Framework
from stratmap.records import Document
from stratmap.reporting.masking import mask_name, mask_with_names, masked_answer, masked_tags


def covered_reports(reports: Sequence[TaggedReport]) -> list[TaggedReport]:
    """The reports with personal data covered in their names, titles and quotations."""
    return [replace(one, tagged=masked_tags(one.tagged), document=_covered(one.document)) for one in reports]


def _covered(document: Document) -> Document:
    return replace(document, name=mask_name(document.name), title=mask_with_names(document.title))


def covered_turns(turns: Sequence[Turn]) -> list[Turn]:
    """The turns of a conversation with personal data covered."""
    return [
        replace(
            one,
            question=mask_with_names(one.question),
            problem=mask_with_names(one.problem),
            answer=masked_answer(one.answer) if one.answer else None,
        )
        for one in turns
    ]


def write_json(reports: Sequence[TaggedReport]) -> str:
    """All tags with all evidence as JSON."""
    path = fresh("stratmap-tags.json")
    data = [as_data(report.tagged) for report in reports]
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2), encoding="utf-8")
    return str(path)


def write_workbook(reports: Sequence[TaggedReport]) -> str:
    """A workbook with tags, evidence and a sheet for corrections.

    Raises:
        ExportError: More rows than a sheet can hold.
    """
    from stratmap.reporting import workbook

    path = fresh("stratmap-tags.xlsx")
    workbook.write_workbook(path, [report.tagged for report in reports])
    return str(path)


def write_docx(reports: Sequence[TaggedReport], framework: Framework) -> str:
    """The tags with their best quotations as a Word document."""
    from stratmap.app.tags_docx import tags_docx

    return write_bytes("stratmap-tags.docx", tags_docx(reports, framework))


def write_iati(reports: Sequence[TaggedReport], framework: Framework) -> str:
    """The sector and tag elements of each report, to be pasted into an IATI activity."""
    from stratmap.reporting.iati import fragment

    path = fresh("stratmap-iati-elements.xml")
    parts = [f"<!-- report {i} -->\n{fragment(r.tagged, framework)}" for i, r in enumerate(reports, 1)]
    path.write_text("\n".join(parts), encoding="utf-8")
    return str(path)


def write_text(name: str, content: str) -> str:
    """A text as a file of that name."""
    return write_bytes(name, content.encode("utf-8", "replace"))


def write_bytes(name: str, content: bytes) -> str:
    """Bytes as a file of that name."""
    path = fresh(name)
    path.write_bytes(content)
    return str(path)


def fresh(name: str) -> Path:
    """Where a file of that name can be written: a folder of its own that only this user can read.

    It lies in the folder of the running app where there is one: of a file elsewhere Gradio serves and deletes a copy,
    and the file itself would stay for ever.
    """
    return Path(tempfile.mkdtemp(prefix="stratmap-", dir=os.environ.get("GRADIO_TEMP_DIR") or None)) / name


def discard(paths: Iterable[str | Path | None]) -> None:
    """Remove files made here, each with its folder, where nobody will download them."""
    for path in paths:
        if path is not None:
            shutil.rmtree(Path(path).parent, ignore_errors=True)
