"""PDF files, through pdfium.

Comes in: the bytes of a PDF. Goes out: one text a page in reading order, paragraphs whole, with warnings for
what a reader of the results has to know: text that a person would not see, and streams that were skipped.
It recognises no text in pictures (scanned pages come out empty) and runs no script of the file.

pdfium may be used by one thread at a time; a lock sees to it.
"""

from __future__ import annotations

import ctypes
import threading

from stratmap.errors import DamagedDocument, EncryptedDocument, LimitExceeded
from stratmap.reading.extract import Extract, Foreign, cut_warning
from stratmap.reading.pdf_hidden import hidden_reasons
from stratmap.reading.pdf_lines import Line, join_pages, split_units
from stratmap.reading.pdf_streams import without_bombs
from stratmap.settings import ReadingSettings

PDFIUM_LOCK = threading.Lock()
_PASSWORD = 4  # FPDF_ERR_PASSWORD
_JUNK_TITLES = (
    "microsoft word",
    "untitled",
    "microsoft powerpoint",
    "powerpoint presentation",
    "document",
    "slide 1",
)


def read_pdf(data: bytes, name: str, settings: ReadingSettings) -> Extract:
    """Read a PDF.

    Raises:
        EncryptedDocument: It opens with a password only.
        LimitExceeded: It has too many pages.
        DamagedDocument: It is no PDF that pdfium can open, or has no page.
    """
    safe, skipped = without_bombs(data, settings.max_unpacked_bytes)
    with PDFIUM_LOCK:
        document = open_pdf(safe, name)
        try:
            return _read(document, name, settings, skipped)
        finally:
            document.close()


def open_pdf(data: bytes, name: str) -> Foreign:
    """A document of pdfium, to be opened, used and closed under `PDFIUM_LOCK`.

    Raises:
        EncryptedDocument: It opens with a password only.
        DamagedDocument: pdfium cannot open it.
    """
    import pypdfium2

    try:
        return pypdfium2.PdfDocument(data)  # opens files whose user password is empty, too
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD:
            raise EncryptedDocument(
                name, "encrypted: it opens with a password only; save a copy without one."
            ) from error
        raise DamagedDocument(name, "expected a whole PDF, found one that is cut off or damaged.") from error


def _read(document: Foreign, name: str, settings: ReadingSettings, skipped: tuple[int, ...]) -> Extract:
    count = len(document)
    if count > settings.max_pages:
        raise LimitExceeded(
            name, f"expected at most {settings.max_pages:,} pages (setting max_pages), found {count:,}."
        )
    if count == 0:
        raise DamagedDocument(name, "expected a PDF with pages, found none.")
    pages: list[list[Line]] = []
    warnings: list[str] = [f"a part that unpacks to over {size:,} bytes was skipped" for size in skipped]
    hidden: dict[str, list[int]] = {}
    total = 0
    for index in range(count):
        lines, reasons = _page(document, index, settings, warnings)
        pages.append(lines)
        for reason in reasons:
            hidden.setdefault(reason, []).append(index + 1)
        total += sum(len(line.text) for line in lines)
        if total > settings.max_characters:
            raise LimitExceeded(
                name,
                f"expected at most {settings.max_characters:,} characters (setting max_characters), "
                f"found more by page {index + 1}.",
            )
    for reason, where in hidden.items():
        shown = ", ".join(map(str, where[:20])) + (", ..." if len(where) > 20 else "")
        warnings.append(f"text that a reader of the page does not see ({reason}) on page {shown}")
    texts = join_pages(pages)
    numbered = tuple((index + 1, text) for index, text in enumerate(texts))
    made = {"created": str(document.get_metadata_value("CreationDate") or "").removeprefix("D:")[:8]}
    facts = {key: value for key, value in made.items() if value.isdecimal()}
    return Extract(numbered, title=_title(document), metadata=facts, warnings=tuple(warnings), paged=True)


def _title(document: Foreign) -> str:
    title = str(document.get_metadata_value("Title") or "").strip()
    plain = title.lower()
    if plain.startswith(_JUNK_TITLES) or plain.endswith((".doc", ".docx", ".indd", ".pdf", ".pptx", ".xlsx")):
        return ""
    return title


def _page(
    document: Foreign, index: int, settings: ReadingSettings, warnings: list[str]
) -> tuple[list[Line], tuple[str, ...]]:
    """The lines of one page; a page that pdfium cannot load is a warning, and empty."""
    import pypdfium2

    try:
        page = document[index]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        warnings.append(f"page {index + 1} is damaged and was skipped")
        return [], ()
    try:
        units, cut = _text_units(text_page, settings.max_page_characters)
        if cut:
            warnings.append(cut_warning(index + 1, settings))
        lines = split_units(units, text_page, page.get_width())
        return lines, hidden_reasons(page, text_page, lines)
    finally:
        text_page.close()
        page.close()


def _text_units(text_page: Foreign, limit: int) -> tuple[str, bool]:
    """The page's text as UTF-16 code units, one character each, so that indexes are pdfium's."""
    import pypdfium2.raw as raw

    count = text_page.count_chars()
    taken = min(count, limit)
    if taken <= 0:
        return "", False
    buffer = (ctypes.c_ushort * (taken * 2 + 2))()
    written = raw.FPDFText_GetText(text_page, 0, taken, buffer)
    return "".join(map(chr, buffer[: max(0, written - 1)])), count > limit
