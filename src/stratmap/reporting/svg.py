"""Charts as SVG.

Comes in: a drawing. Goes out: a string with one `<svg>` element that needs no font, script or network.
"""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from stratmap.reporting.characters import xml_safe
from stratmap.reporting.drawing import Box, Drawing, Words

_FONT = "font-family:system-ui,sans-serif;font-size:12px"


def as_svg(drawing: Drawing) -> str:
    """A drawing as SVG."""
    name = xml_safe(drawing.title)
    parts = "".join(_box(shape) if isinstance(shape, Box) else _words(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(name)} width="{drawing.width}" '
        f'height="{drawing.height}" viewBox="0 0 {drawing.width} {drawing.height}"><title>{escape(name)}</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{parts}</svg>'
    )


def _box(box: Box) -> str:
    rect = f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" fill="{box.fill}"/>'
    return f"<g><title>{escape(xml_safe(box.hint))}</title>{rect}</g>" if box.hint else rect


def _words(words: Words) -> str:
    style = f"{_FONT};fill:{words.ink};text-anchor:{words.anchor}" + (";font-weight:600" if words.bold else "")
    turn = f' transform="rotate(-45 {words.x} {words.y})"' if words.turned else ""
    return f'<text x="{words.x}" y="{words.y}" style="{style}"{turn}>{escape(xml_safe(words.text))}</text>'
