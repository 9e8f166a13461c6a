"""The strategy as one SVG for slides and print: a framework comes in, a picture that needs nothing else goes out.

The same house as on the screen. Words are wrapped by their number of letters, since nothing here knows a font.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from stratmap.app.render.strategy import NOTHING, Spoken
from stratmap.app.render.text import colour, plural
from stratmap.framework import Framework, Group, Label
from stratmap.reporting.characters import xml_safe

_WIDTH, _EDGE, _GAP = 1_200, 24, 12
_ROW, _BOX = 20, 92
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_NAVY, _PALE, _INK, _SOFT, _LINE = "#1c3f6e", "#dbe6f4", "#14202c", "#526070", "#b9c2cd"


def drawing(framework: Framework, spoken: Mapping[str, Spoken]) -> str:
    """The whole picture."""
    parts: list[str] = []
    y = _roof(framework, parts)
    y = _aims(framework, parts, y)
    for group in framework.groups:
        y = _group(group, spoken, parts, y)
    height = y + _EDGE
    name = xml_safe(framework.name)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(name)} width="{_WIDTH}" '
        f'height="{height}" viewBox="0 0 {_WIDTH} {height}"><title>{escape(name)}</title>'
        f'<rect x="0" y="0" width="{_WIDTH}" height="{height}" fill="#ffffff"/>{"".join(parts)}</svg>'
    )


def _roof(framework: Framework, parts: list[str]) -> int:
    lines = textwrap.wrap(xml_safe(framework.goal or framework.name), 100)
    height = 56 + _ROW * len(lines)
    left, right = _EDGE, _WIDTH - _EDGE
    corners = f"{left + 90},{_EDGE} {right - 90},{_EDGE} {right},{_EDGE + height} {left},{_EDGE + height}"
    parts.append(f'<polygon points="{corners}" fill="{_NAVY}"/>')
    parts.append(_text(_WIDTH // 2, _EDGE + 26, "Overall goal", 13, "#ffffff", "text-anchor:middle"))
    for number, line in enumerate(lines):
        parts.append(_text(_WIDTH // 2, _EDGE + 50 + _ROW * number, line, 15, "#ffffff", "text-anchor:middle"))
    return _EDGE + height + _GAP


def _aims(framework: Framework, parts: list[str], y: int) -> int:
    aims = framework.strategic_objectives
    if not aims:
        return y
    width = (_WIDTH - 2 * _EDGE - _GAP * (len(aims) - 1)) // len(aims)
    for number, aim in enumerate(aims):
        x = _EDGE + number * (width + _GAP)
        parts.append(_rect(x, y, width, 54, _PALE))
        lines = textwrap.wrap(f"{aim.code}  {xml_safe(aim.name)}", max(12, width // 9))[:2]
        for line, words in enumerate(lines):
            top = y + (33 if len(lines) == 1 else 23) + line * _ROW
            parts.append(_text(x + width // 2, top, words, 15, _INK, "text-anchor:middle;font-weight:600"))
    return y + 54 + _GAP


def _group(group: Group, spoken: Mapping[str, Spoken], parts: list[str], y: int) -> int:
    parts.append(_text(_EDGE, y + 22, group.name, 15, _INK, "font-weight:600"))
    y += 34
    width = (_WIDTH - 2 * _EDGE - 2 * _GAP) // 3
    for number, label in enumerate(group.labels):
        left = _EDGE + (number % 3) * (width + _GAP)
        _cell(label, spoken.get(label.code, NOTHING), parts, (left, y + (number // 3) * (_BOX + _GAP), width))
    return y + ((len(group.labels) + 2) // 3) * (_BOX + _GAP)


def _cell(label: Label, spoken: Spoken, parts: list[str], place: tuple[int, int, int]) -> None:
    x, y, width = place
    parts.append(_rect(x, y, width, _BOX, "#ffffff", _LINE))
    parts.append(_rect(x, y, width, 6, colour(label.colour)))
    parts.append(_rect(x + 14, y + 20, 38, 22, colour(label.colour)))
    parts.append(_text(x + 33, y + 36, label.code, 13, _INK, "text-anchor:middle;font-weight:700"))
    for number, line in enumerate(_wrapped(label.name, (width - 80) // 8)):
        parts.append(_text(x + 64, y + 36 + number * _ROW, line, 15, _INK, "font-weight:500"))
    if spoken.of:
        parts.append(_text(x + 14, y + _BOX - 12, plural(spoken.documents, "document"), 12, _SOFT))
    serves = " ".join(label.serves)
    parts.append(_text(x + width - 14, y + _BOX - 12, serves, 12, _SOFT, "text-anchor:end"))


def _wrapped(text: str, most: int) -> Sequence[str]:
    lines = textwrap.wrap(xml_safe(text), max(10, most))
    return lines if len(lines) <= 2 else [lines[0], " ".join(lines[1:])]


def _rect(x: int, y: int, width: int, height: int, fill: str, line: str = "") -> str:
    edge = f' stroke="{line}"' if line else ""
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4" fill="{fill}"{edge}/>'


def _text(x: int, y: int, text: str, size: int, fill: str, style: str = "") -> str:
    look = f"{_FONT};font-size:{size}px;{style}"
    return f'<text x="{x}" y="{y}" fill="{fill}" style="{look}">{escape(xml_safe(text))}</text>'
