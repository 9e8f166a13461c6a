"""Charts as PNG, for documents and slides that take no SVG.

Comes in: a drawing. Goes out: the bytes of a picture, drawn with Pillow; no browser or network is needed. A common font
of the system is used where there is one. Without any, Pillow's own serves, which has plain Latin letters only: accents
are left out then, and other letters become question marks.
"""

from __future__ import annotations

import contextlib
import io
import unicodedata
from collections.abc import Callable
from typing import Any

from stratmap.reporting.drawing import Box, Drawing, Words

_SCALE = 2  # sharp on slides and in print
_SIZE = 12
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf", "arial.ttf")
_MOST_PIXELS = 16_000  # of a side: beyond it viewers give up


def as_png(drawing: Drawing) -> bytes:
    """A drawing as PNG, two pixels for each of its own; a wider one than viewers show is cut at the right."""
    from PIL import Image, ImageDraw

    size = (min(_MOST_PIXELS, drawing.width * _SCALE), min(_MOST_PIXELS, drawing.height * _SCALE))
    picture = Image.new("RGB", size, "#ffffff")
    pen = ImageDraw.Draw(picture)
    font, spelt = _font()
    for shape in drawing.shapes:
        if isinstance(shape, Box):
            x, y = shape.x * _SCALE, shape.y * _SCALE
            if shape.width > 0:
                pen.rectangle((x, y, x + shape.width * _SCALE - 1, y + shape.height * _SCALE - 1), shape.fill)
        elif shape.turned:
            _turned(picture, shape, font, spelt(shape.text))
        else:
            weight = 0.5 if shape.bold else 0
            place = (shape.x * _SCALE, shape.y * _SCALE)
            pen.text(place, spelt(shape.text), shape.ink, font, _ANCHORS[shape.anchor], stroke_width=weight)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _font() -> tuple[Any, Callable[[str], str]]:
    """A font, and how texts are spelt in it."""
    from PIL import ImageFont

    for name in _FONTS:
        with contextlib.suppress(OSError):
            return ImageFont.truetype(name, _SIZE * _SCALE), str
    return ImageFont.load_default(_SIZE * _SCALE), _latin


def _turned(picture: Any, words: Words, font: Any, text: str) -> None:
    """Text that rises to the right from its place."""
    from PIL import Image, ImageDraw

    side = 2 * int(font.getlength(text) + 2 * _SIZE * _SCALE)
    mask = Image.new("L", (side, side), 0)
    ImageDraw.Draw(mask).text((side // 2, side // 2), text, 255, font, "ls")
    turned = mask.rotate(45, resample=Image.Resampling.BICUBIC)
    corner = (words.x * _SCALE - side // 2, words.y * _SCALE - side // 2)
    picture.paste(Image.new("RGB", turned.size, words.ink), corner, turned)


def _latin(text: str) -> str:
    """A text in the letters of Pillow's own font.

    >>> _latin("Türkiye, Молдова")
    'Turkiye, ???????'
    """
    bare = unicodedata.normalize("NFKD", text.replace("…", "...").replace("ı", "i"))
    return "".join(char if char.isascii() else "?" for char in bare if not unicodedata.combining(char))
