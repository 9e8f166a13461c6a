"""Text of a PDF page that a person looking at the page would not see.

Comes in: a loaded page and its lines. Goes out: reasons in words. Nothing is removed: such text stays in the
document and its warning tells the reader. The look is bounded: first and last character of each line, and at
most 2,000 objects of a page.

White text over a picture or a coloured box, and invisible text over a scan (an OCR layer), are not reported.
"""

from __future__ import annotations

import ctypes

from stratmap.reading.extract import Foreign
from stratmap.reading.pdf_lines import Line

_INVISIBLE_MODES = frozenset({3, 7})
_WHITE = 245  # of 255, each channel
_TINY = 1.5  # points
_MAX_LINES = 2_000
_MAX_OBJECTS = 2_000
_TEXT, _PATH = 1, 2

_Box = tuple[float, float, float, float]


def hidden_reasons(page: Foreign, text_page: Foreign, lines: list[Line]) -> tuple[str, ...]:
    """Why some lines of a page cannot be seen, each reason once."""
    width, height = page.get_size()
    found: set[str] = set()
    pale: list[Line] = []
    for line in lines[:_MAX_LINES]:
        if len(line.text.strip()) < 3:
            continue
        if line.x1 < 0 or line.x0 > width or line.y < 0 or line.y > height:
            found.add("outside the page")
        elif 0 < line.size < _TINY:
            found.add("tiny")
        elif _is_pale(text_page, line.first) or _is_pale(text_page, line.last):
            pale.append(line)
    if pale:
        boxes = _covers(page)
        if any(not _covered(line, boxes) for line in pale):
            found.add("white or invisible")
    return tuple(sorted(found))


def _is_pale(text_page: Foreign, index: int) -> bool:
    import pypdfium2.raw as raw

    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    if raw.FPDFText_GetFillColor(text_page, index, red, green, blue, alpha) and (
        alpha.value < 13 or min(red.value, green.value, blue.value) >= _WHITE
    ):
        return True
    handle = raw.FPDFText_GetTextObject(text_page, index)
    return bool(handle) and raw.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE_MODES


def _covers(page: Foreign) -> list[_Box]:
    """Boxes of pictures, forms and coloured shapes, behind which white text is meant to be read."""
    import pypdfium2.raw as raw

    boxes: list[_Box] = []
    for index in range(min(raw.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        handle = raw.FPDFPage_GetObject(page, index)
        kind = raw.FPDFPageObj_GetType(handle)
        if kind == _TEXT or (kind == _PATH and _is_white_shape(handle)):
            continue
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        if raw.FPDFPageObj_GetBounds(handle, left, bottom, right, top):
            boxes.append((left.value, bottom.value, right.value, top.value))
    return boxes


def _is_white_shape(handle: Foreign) -> bool:
    import pypdfium2.raw as raw

    red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
    known = raw.FPDFPageObj_GetFillColor(handle, red, green, blue, alpha)
    return not known or min(red.value, green.value, blue.value) >= _WHITE or alpha.value < 13


def _covered(line: Line, boxes: list[_Box]) -> bool:
    middle = (line.x0 + line.x1) / 2
    y = line.y + line.size / 4
    return any(left <= middle <= right and bottom <= y <= top for left, bottom, right, top in boxes)
