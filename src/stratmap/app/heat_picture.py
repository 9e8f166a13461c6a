"""A heat map as PNG: names and whole numbers come in, the bytes of a picture go out.

Drawn with Pillow and its own font, so that it needs no browser. Every number is written out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

_SCALE = 2  # sharp on a slide
_ROW, _CELL, _LEFT, _TOP = 26, 46, 270, 150
_LIGHT, _DARK = (0xF2, 0xF7, 0xFC), (0x08, 0x45, 0x94)
_INK = (0x1B, 0x1B, 0x1B)
_MOST_COLUMNS = 200


def heat_png(rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[int]], title: str) -> bytes:
    """A grid of numbers, darker where higher.

    Args:
        rows: Names from top to bottom.
        columns: Names from left to right; at most 200 are drawn.
        values: One list of numbers a row.
        title: What it shows.
    """
    from PIL import Image, ImageDraw, ImageFont

    shown = list(columns[:_MOST_COLUMNS])
    size = ((_LEFT + _CELL * len(shown) + 80) * _SCALE, (_TOP + _ROW * len(rows) + 16) * _SCALE)
    picture = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(picture)
    font, bold = (ImageFont.load_default(points * _SCALE) for points in (12, 15))
    pen.text((12 * _SCALE, 10 * _SCALE), title, _INK, font=bold)
    for number, name in enumerate(shown):
        turned = Image.new("L", (130 * _SCALE, 18 * _SCALE), 0)
        ImageDraw.Draw(turned).text((0, 0), _short(name, 20), 255, font=font)
        mask = turned.rotate(45, expand=True)
        left = (_LEFT + _CELL * number + _CELL // 2 - 4) * _SCALE
        picture.paste(_INK, (left, _TOP * _SCALE - mask.height), mask)
    top = max((value for line in values for value in line), default=0)
    for line, (name, numbers) in enumerate(zip(rows, values, strict=True)):
        y = (_TOP + _ROW * line) * _SCALE
        pen.text(((_LEFT - 8) * _SCALE, y + 5 * _SCALE), _short(name, 40), _INK, font=font, anchor="ra")
        for number, value in enumerate(numbers[: len(shown)]):
            x = (_LEFT + _CELL * number) * _SCALE
            share = value / top if top else 0.0
            colour = tuple(round(a + (b - a) * share) for a, b in zip(_LIGHT, _DARK, strict=True))
            pen.rectangle((x, y, x + (_CELL - 2) * _SCALE, y + (_ROW - 2) * _SCALE), fill=colour)
            ink = "white" if share > 0.5 else _INK
            middle = (x + (_CELL - 2) * _SCALE // 2, y + 5 * _SCALE)
            pen.text(middle, f"{value:,}", ink, font=font, anchor="ma")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
