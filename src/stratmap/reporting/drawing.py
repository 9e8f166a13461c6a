"""Charts as boxes and words, before anybody has chosen a format for them.

Comes in: names and numbers. Goes out: a `Drawing`, which `svg` and `png` write alike. Every number is written out, so
that colour is never the only sign. It counts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LIGHT, _DARK = (0xF2, 0xF7, 0xFC), (0x08, 0x45, 0x94)
_INK, _WHITE, _BAR = "#1b1b1b", "#ffffff", "#2f6db3"
_ROW, _LEFT, _TOP, _NAME, _COLUMN_NAME = 26, 285, 130, 38, 22
_CELL, _LONGEST = 44, 300  # widths of a column and of the longest bar


@dataclass(frozen=True, slots=True)
class Box:
    """A filled box; `hint` says what it stands for."""

    x: int
    y: int
    width: int
    height: int
    fill: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text at its baseline; `anchor` is start, middle or end, `turned` whether it rises to the right."""

    x: int
    y: int
    text: str
    anchor: str = "start"
    bold: bool = False
    ink: str = _INK
    turned: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart: its size in pixels, what it shows in words, and its shapes from back to front."""

    width: int
    height: int
    title: str
    shapes: tuple[Box | Words, ...]


def heat_map_drawing(
    rows: Sequence[str], columns: Sequence[str], values: Sequence[Sequence[int]], title: str
) -> Drawing:
    """A grid of counts, darker where higher.

    Args:
        rows: Names from top to bottom.
        columns: Names from left to right.
        values: One list of counts a row.
        title: What it shows, for those who see it and those who hear it.
    """
    top = max((value for row in values for value in row), default=0)
    shapes: list[Box | Words] = [Words(8, 18, title, bold=True)]
    for index, name in enumerate(columns):
        shapes.append(Words(_LEFT + _CELL * index + _CELL // 2, _TOP - 6, _short(name, _COLUMN_NAME), turned=True))
    for line, (name, counts) in enumerate(zip(rows, values, strict=True)):
        y = _TOP + _ROW * line
        shapes.append(Words(_LEFT - 8, y + 17, _short(name, _NAME), "end"))
        for index, count in enumerate(counts):
            x, share = _LEFT + _CELL * index, count / top if top else 0.0
            shapes.append(Box(x, y, _CELL - 2, _ROW - 2, _shade(share), f"{name}, {columns[index]}: {count}"))
            ink = _WHITE if share > 0.5 else _INK
            shapes.append(Words(x + _CELL // 2 - 1, y + 16, f"{count:,}", "middle", ink=ink))
    size = (_LEFT + _CELL * len(columns) + 95, _TOP + _ROW * len(rows) + 10)
    return Drawing(*size, title, tuple(shapes))


def bars_drawing(names: Sequence[str], values: Sequence[int], title: str) -> Drawing:
    """Horizontal bars with their counts."""
    top = max(values, default=0) or 1
    shapes: list[Box | Words] = [Words(8, 18, title, bold=True)]
    for line, (name, value) in enumerate(zip(names, values, strict=True)):
        y, length = 30 + _ROW * line, round(_LONGEST * value / top)
        shapes.append(Words(_LEFT - 8, y + 16, _short(name, _NAME), "end"))
        shapes.append(Box(_LEFT, y + 3, length, _ROW - 8, _BAR))
        shapes.append(Words(_LEFT + length + 6, y + 16, f"{value:,}"))
    return Drawing(_LEFT + _LONGEST + 70, 40 + _ROW * len(names), title, tuple(shapes))


def _shade(share: float) -> str:
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_LIGHT, _DARK, strict=True))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
