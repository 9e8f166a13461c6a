"""Pictures of counts as SVG: a heat map and a bar chart.

Comes in: names and numbers. Goes out: a string with one `<svg>` element that needs no font, script or network.
Every number is written out, so that colour is never the only sign. It counts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from stratmap.reporting.characters import xml_safe

_LIGHT, _DARK = (0xF2, 0xF7, 0xFC), (0x08, 0x45, 0x94)
_ROW, _LEFT, _TOP, _NAME = 26, 250, 120, 38
_FONT = "font-family:system-ui,sans-serif;font-size:12px"


def heat_map(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[int]], title: str, *, cell: int = 44
) -> str:
    """A grid of counts, darker where higher.

    Args:
        rows: Names from top to bottom.
        columns: Names from left to right.
        values: One list of counts a row.
        title: What it shows, for those who see it and those who hear it.
        cell: Width of a column in pixels.
    """
    top = max((value for row in values for value in row), default=0)
    width, height = _LEFT + cell * len(columns) + 60, _TOP + _ROW * len(rows) + 10
    parts = [_text(8, 18, title, "font-weight:600")]
    for index, name in enumerate(columns):
        x = _LEFT + cell * index + cell // 2
        turn = f' transform="rotate(-45 {x} {_TOP - 6})"'
        parts.append(_text(x, _TOP - 6, _short(name, 18), "", turn))
    for line, (name, counts) in enumerate(zip(rows, values, strict=True)):
        y = _TOP + _ROW * line
        parts.append(_text(_LEFT - 8, y + 17, _short(name, _NAME), "text-anchor:end"))
        for index, count in enumerate(counts):
            parts.append(_cell(_LEFT + cell * index, y, cell, count, top, f"{name}, {columns[index]}: {count}"))
    return _svg(width, height, title, parts)


def bars(names: Sequence[str], values: Sequence[int], title: str, *, width: int = 300) -> str:
    """Horizontal bars with their counts."""
    top = max(values, default=0) or 1
    parts = [_text(8, 18, title, "font-weight:600")]
    for line, (name, value) in enumerate(zip(names, values, strict=True)):
        y, length = 30 + _ROW * line, round(width * value / top)
        parts.append(_text(_LEFT - 8, y + 16, _short(name, _NAME), "text-anchor:end"))
        parts.append(f'<rect x="{_LEFT}" y="{y + 3}" width="{length}" height="{_ROW - 8}" fill="#2f6db3"/>')
        parts.append(_text(_LEFT + length + 6, y + 16, f"{value:,}"))
    return _svg(_LEFT + width + 70, 40 + _ROW * len(names), title, parts)


def _svg(width: int, height: int, title: str, parts: Sequence[str]) -> str:
    name = xml_safe(title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(name)} width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}"><title>{escape(name)}</title>'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _cell(x: int, y: int, width: int, count: int, top: int, hint: str) -> str:
    share = count / top if top else 0.0
    colour = "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_LIGHT, _DARK, strict=True))
    ink = "fill:#ffffff" if share > 0.5 else "fill:#1b1b1b"
    rect = f'<rect x="{x}" y="{y}" width="{width - 2}" height="{_ROW - 2}" fill="{colour}"/>'
    label = _text(x + width // 2 - 1, y + 16, f"{count:,}", f"text-anchor:middle;{ink}")
    return f"<g><title>{escape(xml_safe(hint))}</title>{rect}{label}</g>"


def _text(x: int, y: int, text: str, style: str = "", more: str = "") -> str:
    return f'<text x="{x}" y="{y}" style="{_FONT};{style}"{more}>{escape(xml_safe(text))}</text>'


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
