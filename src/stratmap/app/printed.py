"""Printed pages: the key of a place in the archive comes in, the page of its PDF as a picture goes out.

The place of the file comes from the index, never from a request. The file has to be where it was indexed from and
the page has to hold the quotation; else there is no picture and the reason is said. The latest pictures are kept in
memory, nothing on the disk.
"""

from __future__ import annotations

import base64
import threading
from collections import OrderedDict
from pathlib import Path

from stratmap.app.protocol import DeskLike
from stratmap.app.reader import held, parse_key
from stratmap.app.render.pages import printed_page
from stratmap.app.render.text import notice
from stratmap.errors import LimitExceeded, StratmapError, UsageError
from stratmap.records import IndexedDocument
from stratmap.settings import ReadingSettings

_MOST_KEPT = 32


class PrintedPages:
    """Draws pages and remembers the latest ones; several threads may ask.

    Args:
        desk: The archive.
        settings: Limits of reading.
    """

    def __init__(self, desk: DeskLike, settings: ReadingSettings) -> None:
        self._desk, self._settings = desk, settings
        self._kept: OrderedDict[tuple[str, int, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def show(self, key: str) -> str:
        """The picture as HTML, or what stood in the way."""
        try:
            doc_id, page_index, start, end, page = parse_key(key)
            document = known(self._desk, doc_id)
            picture = self.picture(document, page_index, (start, end))
        except StratmapError as error:
            return notice(str(error), kind="problem")
        return printed_page(document.name, page, base64.b64encode(picture).decode("ascii"))

    def picture(self, document: IndexedDocument, page_index: int, span: tuple[int, int]) -> bytes:
        """The page as a JPEG with the quotation marked.

        Raises:
            UsageError: The PDF is not where it was, or its page does not hold the quotation.
            ReadingError: It cannot be drawn.
        """
        key = (document.doc_id, page_index, *span)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        from stratmap.reading.pdf_picture import page_picture

        quote = self._desk.page_text(document.doc_id, page_index)[span[0] : span[1]]
        picture = page_picture(self._read(document), document.name, page_index, quote, self._settings)
        with self._lock:
            self._kept[key] = picture
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return picture

    def _read(self, document: IndexedDocument) -> bytes:
        path = Path(document.source)
        try:
            if not (path.suffix.lower() == ".pdf" and path.is_file()):
                raise UsageError(
                    f"{document.name}: the PDF is not where it was when it was indexed; the text of the page is what "
                    "the index holds."
                )
            if path.stat().st_size > self._settings.max_bytes:
                raise LimitExceeded(document.name, f"expected at most {self._settings.max_bytes:,} bytes.")
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"{document.name}: the PDF cannot be opened ({error.strerror}).") from error


def known(desk: DeskLike, doc_id: str) -> IndexedDocument:
    """A document of the archive.

    Raises:
        UsageError: The archive does not hold it.
    """
    found = held(desk, doc_id)
    if found is None:
        raise UsageError("expected a document of the archive, found none; it may have been deleted since.")
    return found
