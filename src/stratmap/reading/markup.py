"""HTML.

Comes in: bytes or text of a web page. Goes out: its readable text as one page, with headings, list items and
table rows on lines of their own. Scripts, styles, menus, forms and hidden parts are left out; nothing is
fetched, no entity or DTD is loaded.
"""

from __future__ import annotations

import re

from stratmap.reading.encodings import decode
from stratmap.reading.extract import Extract, Foreign
from stratmap.reading.plain import encoding_warnings
from stratmap.settings import ReadingSettings

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s{0,5}=\s{0,5}[\"']?\s{0,5}([\w-]{2,30})", re.I)
_DROPPED_TEXT = """
    script style noscript template nav footer svg math iframe object embed form button select textarea
    audio video canvas head map dialog
"""
_DROPPED = frozenset(_DROPPED_TEXT.split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_PARAGRAPHS_TEXT = """
    p div section article blockquote ul ol dl table figure main header aside hr pre address
"""
_PARAGRAPHS = frozenset(_PARAGRAPHS_TEXT.split())
_LINES_TEXT = """
    li dt dd tr caption figcaption br
"""
_LINES = frozenset(_LINES_TEXT.split())
_HIDDEN = re.compile(r"display\s{0,5}:\s{0,5}none|visibility\s{0,5}:\s{0,5}hidden", re.I)
_BLANKS = re.compile(r"\s+")


def read_html(data: bytes, name: str, settings: ReadingSettings) -> Extract:  # noqa: ARG001  (the readers' signature)
    """Read a web page."""
    found = _CHARSET.search(data[:4096])
    decoded = decode(data, found.group(1).decode("ascii", "replace") if found else "")
    text, title, hidden = html_text(decoded.text)
    warnings = encoding_warnings(decoded)
    if hidden:
        warnings += (f"{hidden} hidden parts of the page were left out",)
    return Extract(((None, text),), title=title, warnings=warnings)


def html_text(source: str) -> tuple[str, str, int]:
    """Readable text, title, and number of hidden parts left out."""
    from lxml import etree

    source = source.replace("\x00", "")
    if not source.strip():
        return "", "", 0
    parser = etree.HTMLParser(
        encoding="utf-8",
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
        recover=True,
    )
    root = etree.fromstring(source.encode("utf-8", "replace"), parser)
    if root is None:
        return "", "", 0
    title = root.findtext(".//title") or ""
    parts: list[str] = []
    hidden = _walk(root, parts)
    heading = root.find(".//h1")
    title = title.strip() or ("".join(heading.itertext()).strip() if heading is not None else "")
    return "".join(parts), _BLANKS.sub(" ", title), hidden


def _walk(root: Foreign, parts: list[str]) -> int:
    """Collect text in order, without recursion: pages nest as deeply as their makers like."""
    hidden = 0
    stack: list[tuple[Foreign, bool]] = [(root, False)]
    while stack:
        element, leaving = stack.pop()
        if leaving:
            parts.append(_after(element))
            parts.append(_plain(element.tail, element.getparent()))
            continue
        tag = element.tag
        is_hidden = element.get("hidden") is not None or bool(_HIDDEN.search(element.get("style") or ""))
        if not isinstance(tag, str) or tag in _DROPPED or is_hidden:
            hidden += is_hidden and tag not in _DROPPED
            parts.append(_plain(element.tail, element.getparent()))
            continue
        parts.append(_before(element))
        parts.append(_plain(element.text, element))
        stack.append((element, True))
        stack.extend((child, False) for child in reversed(element))
    return hidden


def _plain(text: str | None, parent: Foreign) -> str:
    if not text or parent is None:
        return ""
    return text if parent.tag == "pre" else _BLANKS.sub(" ", text)


def _before(element: Foreign) -> str:
    tag = element.tag
    if tag in _HEADINGS or tag in _PARAGRAPHS:
        return "\n\n" if tag != "table" and not _inside_cell(element) else "\n"
    if tag == "li":
        return "\n- "
    if tag in {"td", "th"}:
        previous = element.getprevious()
        return " | " if previous is not None and previous.tag in {"td", "th"} else ""
    return "\n" if tag in _LINES else ""


def _after(element: Foreign) -> str:
    tag = element.tag
    if tag in _HEADINGS or tag in _PARAGRAPHS:
        return "\n\n" if not _inside_cell(element) else "\n"
    return ""


def _inside_cell(element: Foreign) -> bool:
    parent = element.getparent()
    return parent is not None and parent.tag in {"td", "th", "li"}
