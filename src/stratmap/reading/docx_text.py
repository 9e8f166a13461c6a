"""DOCX files.

Comes in: the bytes of a DOCX whose archive was checked. Goes out: one page without a number (a DOCX has none:
page breaks depend on the printer), with headings on lines of their own, list items, tables by rows, text
boxes and notes. Deleted text of tracked changes, comments, headers and footers are left out.
"""

from __future__ import annotations

import io
from collections.abc import Iterator

from stratmap.reading.extract import Extract, Foreign
from stratmap.settings import ReadingSettings

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SKIPPED = {
    f"{_W}del",
    f"{_W}moveFrom",
    f"{_W}instrText",
    f"{_W}delText",
    f"{_MC}Fallback",
    f"{_W}pPr",
    f"{_W}rPr",
}
_MARKS = {f"{_W}tab": " ", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-", f"{_W}softHyphen": ""}
_MAX_DEPTH = 60


def read_docx(data: bytes, name: str, settings: ReadingSettings) -> Extract:  # noqa: ARG001  (the readers' signature)
    """Read a DOCX."""
    import docx

    document = docx.Document(io.BytesIO(data))
    styles = {style.style_id: str(style.name) for style in document.styles if style.name}
    parts = list(_blocks(document.element.body, styles, 0))
    parts += _notes(document, styles)
    properties = document.core_properties
    title = (properties.title or "").strip() or _first_title(parts)
    text = "".join(f"\n\n{text}\n\n" if kind == "heading" else f"\n{text}\n" for kind, text in parts)
    return Extract(((None, _spaced(text)),), title=title)


def _spaced(text: str) -> str:
    # Paragraphs end with one break and begin with one; a list stays together, other paragraphs part.
    return text.replace("\n\n\n", "\n\n")


def _first_title(parts: list[tuple[str, str]]) -> str:
    return next((text for kind, text in parts[:30] if kind == "heading"), "")


def _blocks(parent: Foreign, styles: dict[str, str], depth: int) -> Iterator[tuple[str, str]]:
    """Paragraphs and tables in reading order, content controls and insertions looked through."""
    if depth > _MAX_DEPTH:
        return
    for child in parent:
        if child.tag == f"{_W}p":
            yield from _paragraph(child, styles, depth)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                yield from _row(row, child, styles, depth)
        elif isinstance(child.tag, str) and child.tag not in _SKIPPED and len(child):
            yield from _blocks(child, styles, depth + 1)


def _row(row: Foreign, table: Foreign, styles: dict[str, str], depth: int) -> Iterator[tuple[str, str]]:
    """One table row as cells joined; a nested table's rows are part of their outer cell."""
    if next(row.iterancestors(f"{_W}tbl")) is not table:
        return
    cells = []
    for cell in row.iter(f"{_W}tc"):
        if next(cell.iterancestors(f"{_W}tr")) is row:
            texts = [text for _, text in _blocks(cell, styles, depth + 1) if text.strip()]
            cells.append((texts[0] if len(texts) == 1 else "\n".join(texts)) if texts else "")
    filled = [cell for cell in cells if cell]
    if len(filled) == 1:
        yield "row", filled[0]  # a layout table: its cell is ordinary text
    elif any(len(cell) > 300 for cell in filled):
        yield from (("row", cell) for cell in filled)
    elif filled:
        yield "row", " | ".join(cell.replace("\n", " ") for cell in filled)


def _paragraph(paragraph: Foreign, styles: dict[str, str], depth: int) -> Iterator[tuple[str, str]]:
    text = "".join(_runs(paragraph)).strip()
    if text:
        kind = _kind(paragraph, styles)
        yield kind, f"- {text}" if kind == "item" and not text.startswith(("-", "•")) else text
    for box in paragraph.iter(f"{_W}txbxContent"):
        if not any(True for _ in box.iterancestors(f"{_MC}Fallback")):
            yield from _blocks(box, styles, depth + 1)


def _runs(paragraph: Foreign) -> Iterator[str]:
    """Text of a paragraph without that of text boxes, walked with a stack so that depth costs nothing."""
    stack = list(reversed(paragraph))
    while stack:
        element = stack.pop()
        tag = element.tag
        if tag == f"{_W}t":
            yield element.text or ""
        elif tag in _MARKS:
            yield _MARKS[tag]
        elif isinstance(tag, str) and tag not in _SKIPPED and tag != f"{_W}txbxContent":
            stack.extend(reversed(element))


def _kind(paragraph: Foreign, styles: dict[str, str]) -> str:
    properties = paragraph.find(f"{_W}pPr")
    if properties is None:
        return "text"
    style = properties.find(f"{_W}pStyle")
    named = styles.get(style.get(f"{_W}val"), "").lower() if style is not None else ""
    if named.startswith("heading") or named in {"title", "subtitle"} or properties.find(f"{_W}outlineLvl") is not None:
        return "heading"
    if named.startswith("toc"):
        return "contents"
    listed = properties.find(f"{_W}numPr") is not None or named.startswith("list")
    return "item" if listed else "text"


def _notes(document: Foreign, styles: dict[str, str]) -> list[tuple[str, str]]:
    """Footnotes and endnotes, which follow the text."""
    found: list[tuple[str, str]] = []
    for relation in document.part.rels.values():
        if relation.reltype.endswith(("/footnotes", "/endnotes")) and not relation.is_external:
            found += _blocks(_parsed(relation.target_part.blob), styles, 0)
    return found


def _parsed(blob: bytes) -> Foreign:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(blob, parser)
