"""A reliability diagram as a drawing: how often what was given a probability was true.

Comes in: bins. Goes out: a `Drawing` that `svg` and `png` write. It bins nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from stratmap.reporting.drawing import Box, Drawing, Words

_LEFT, _TOP = 60, 52
_POINT, _DOT, _DOTS = 8, 2, 40
_LOW = 0.06  # below it the number stands above its point, not on the axis
_GREY, _BLUE = "#9aa5b1", "#2f6db3"


def reliability_drawing(bins: Sequence[tuple[float, float, int]], title: str, *, side: int = 260) -> Drawing:
    """A square with the diagonal of perfect calibration and one point a bin.

    Args:
        bins: For each bin its mean probability, the share that was true, and the number of cases.
        title: What it shows.
        side: Width and height of the square in pixels.
    """
    bottom = _TOP + side
    shapes: list[Box | Words] = [Words(8, 18, title, bold=True), Words(8, _TOP - 12, "share true")]
    shapes += [Box(_LEFT, bottom, side, 1, _GREY), Box(_LEFT, _TOP, 1, side, _GREY)]
    for step in range(_DOTS + 1):
        x, y = _place(step / _DOTS, step / _DOTS, side)
        shapes.append(Box(x, y, _DOT, _DOT, _GREY))
    for tick in (0.0, 0.5, 1.0):
        x, y = _place(tick, tick, side)
        shapes += [Words(x, bottom + 18, f"{tick:g}", "middle"), Words(_LEFT - 8, y + 4, f"{tick:g}", "end")]
    for probability, share, cases in bins:
        x, y = _place(probability, share, side)
        hint = f"{cases:,} cases, mean probability {probability:.2f}, true {share:.2f}"
        shapes.append(Box(x - _POINT // 2, y - _POINT // 2, _POINT, _POINT, _BLUE, hint))
        shapes.append(Words(x + _POINT, y + (14 if share > _LOW else -_POINT), f"{cases:,}"))
    shapes.append(Words(_LEFT, bottom + 38, "probability given (numbers: cases)"))
    return Drawing(_LEFT + side + 80, bottom + 52, title, tuple(shapes))


def _place(probability: float, share: float, side: int) -> tuple[int, int]:
    return round(_LEFT + side * probability), round(_TOP + side * (1 - share))
