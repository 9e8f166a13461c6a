"""A page of a PDF as a picture, with a quotation marked on it.

Comes in: the bytes of a PDF, the index of a page and a quotation. Goes out: a JPEG of bounded size. A page that does
not hold the quotation is refused, since the file is then not the one that was indexed. It keeps nothing.
"""

from __future__ import annotations

import io
from typing import Any

from stratmap.errors import DamagedDocument, UsageError
from stratmap.reading.pdf import PDFIUM_LOCK, open_pdf
from stratmap.reading.pdf_streams import without_bombs
from stratmap.settings import ReadingSettings

WIDTH = 1_100
_MOST_HEIGHT = 3_000
_MARK = (255, 214, 64, 105)
_FEWEST_SIGNS = 12  # a shorter beginning of a quotation would be found anywhere
Box = tuple[float, float, float, float]


def page_picture(data: bytes, name: str, page_index: int, quote: str, settings: ReadingSettings) -> bytes:
    """Draw one page and mark the quotation.

    Args:
        data: The whole file.
        name: Its name, for messages.
        page_index: Counted from 0.
        quote: What the page has to hold; its white space and hyphens at line ends do not matter.
        settings: `max_unpacked_bytes` bounds the streams.

    Raises:
        DamagedDocument: pdfium cannot open or draw it.
        EncryptedDocument: It opens with a password only.
        UsageError: There is no such page, or it does not hold the quotation.
    """
    import pypdfium2

    safe, _ = without_bombs(data, settings.max_unpacked_bytes)
    with PDFIUM_LOCK:
        document = open_pdf(safe, name)
        try:
            if not 0 <= page_index < len(document):
                raise UsageError(f"{name}: expected a page from 1 to {len(document)}, found {page_index + 1}.")
            return _draw(document[page_index], name, quote)
        except pypdfium2.PdfiumError as error:
            raise DamagedDocument(name, f"page {page_index + 1} cannot be drawn ({error}).") from error
        finally:
            document.close()


def _draw(page: Any, name: str, quote: str) -> bytes:
    from PIL import Image, ImageDraw

    boxes = _boxes(page.get_textpage(), quote)
    if not boxes:
        raise UsageError(f"{name}: the file no longer holds the quotation on this page; it has changed since.")
    width, height = page.get_size()
    scale = min(WIDTH / max(width, 1.0), _MOST_HEIGHT / max(height, 1.0))
    bitmap = page.render(scale=scale)
    place = bitmap.get_posconv(page)
    picture = bitmap.to_pil().convert("RGBA")
    marks = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(marks)
    for left, bottom, right, top in boxes:
        (x1, y1), (x2, y2) = place.to_bitmap(left, top), place.to_bitmap(right, bottom)
        pen.rectangle((min(x1, x2) - 2, min(y1, y2) - 2, max(x1, x2) + 2, max(y1, y2) + 2), fill=_MARK)
    buffer = io.BytesIO()
    Image.alpha_composite(picture, marks).convert("RGB").save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def _boxes(text_page: Any, quote: str) -> list[Box]:
    """Where the quotation stands: the whole of it, or its longest beginning or end that the page holds in one piece."""
    signs, places = _letters(text_page.get_text_range())
    wanted, _ = _letters(quote)
    if not wanted:
        return []
    for length in (len(wanted), len(wanted) // 2, len(wanted) // 4):
        if length < min(_FEWEST_SIGNS, len(wanted)):
            break
        for part in (wanted[:length], wanted[-length:]):
            start = signs.find(part)
            if start >= 0:
                first, last = places[start], places[start + len(part) - 1]
                count = text_page.count_rects(first, last - first + 1)
                return [text_page.get_rect(number) for number in range(count)]
    return []


def _letters(text: str) -> tuple[str, list[int]]:
    """Letters and digits of a text in lower case, with the place of each."""
    pairs = [(sign, place) for place, whole in enumerate(text) if whole.isalnum() for sign in whole.lower()[:1]]
    return "".join(sign for sign, _ in pairs), [place for _, place in pairs]
