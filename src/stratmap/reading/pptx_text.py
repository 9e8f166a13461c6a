"""PPTX files.

Comes in: the bytes of a PPTX whose archive was checked. Goes out: one page a slide, the title first, then
the shapes from top to bottom, tables by rows, and the speaker's notes. Pictures and diagrams are not read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from stratmap.errors import LimitExceeded
from stratmap.reading.extract import Extract, Foreign
from stratmap.settings import ReadingSettings

_BAND = 200_000  # English metric units (0.2 inch): shapes this close in height are one row
_MAX_DEPTH = 30
_FURNITURE = {"SLIDE_NUMBER", "FOOTER", "DATE"}


def read_pptx(data: bytes, name: str, settings: ReadingSettings) -> Extract:
    """Read a PPTX.

    Raises:
        LimitExceeded: It has too many slides.
    """
    from pptx import Presentation

    presentation = Presentation(io.BytesIO(data))
    count = len(presentation.slides)
    if count > settings.max_pages:
        raise LimitExceeded(
            name, f"expected at most {settings.max_pages:,} pages (setting max_pages), found {count:,}."
        )
    pages = tuple((number, _slide(slide)) for number, slide in enumerate(presentation.slides, 1))
    title = (presentation.core_properties.title or "").strip()
    if title.lower() in {"powerpoint presentation", "presentation", "slide 1"}:
        title = ""
    return Extract(pages, title=title or _first_line(pages), paged=True)


def _first_line(pages: tuple[tuple[int, str], ...]) -> str:
    return pages[0][1].strip().split("\n")[0] if pages and pages[0][1].strip() else ""


def _slide(slide: Foreign) -> str:
    title = slide.shapes.title
    parts = [f"{_frame(title)}\n"] if title is not None and title.has_text_frame and _frame(title) else []
    identifier = title.shape_id if title is not None else None
    shapes = [shape for shape in slide.shapes if shape.shape_id != identifier]
    parts += [text for shape in sorted(shapes, key=_place) for text in _texts(shape, 0) if text.strip()]
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        if notes:
            parts.append(f"\n{notes}")
    return "\n".join(parts)


def _place(shape: Foreign) -> tuple[int, int]:
    return (shape.top or 0) // _BAND, shape.left or 0


def _texts(shape: Foreign, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH or _is_furniture(shape):
        return
    if hasattr(shape, "shapes"):
        for inner in sorted(shape.shapes, key=_place):
            yield from _texts(inner, depth + 1)
    elif getattr(shape, "has_table", False) and shape.has_table:
        for row in shape.table.rows:
            cells = [" ".join(cell.text.split()) for cell in row.cells]
            yield " | ".join(cell for cell in cells if cell)
    elif shape.has_text_frame:
        yield _frame(shape)


def _is_furniture(shape: Foreign) -> bool:
    if not getattr(shape, "is_placeholder", False):
        return False
    kind = shape.placeholder_format.type
    return kind is not None and kind.name in _FURNITURE


def _frame(shape: Foreign) -> str:
    lines = (paragraph.text.replace("\v", " ").strip() for paragraph in shape.text_frame.paragraphs)
    return "\n".join(line for line in lines if line)
