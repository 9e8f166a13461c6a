"""The readers of the formats, chosen by name, and the one place that turns their failures into per-file errors.

Comes in: bytes and the name of a format. Goes out: an `Extract`, or the rows of a list. It sets no limits of time and
memory: `apart` does, where it lets this run in a child process.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator

from stratmap.errors import DamagedDocument, LimitExceeded, ReadingError
from stratmap.reading.extract import Extract, Row
from stratmap.settings import ReadingSettings

_Reader = Callable[[bytes, str, ReadingSettings], Extract]
_READERS = {
    "pdf": "pdf:read_pdf",
    "docx": "docx_text:read_docx",
    "pptx": "pptx_text:read_pptx",
    "html": "markup:read_html",
    "markdown": "markdown:read_markdown",
    "text": "plain:read_plain",
    "eml": "mail:read_mail",
}


def parse(kind: str, data: bytes, name: str, settings: ReadingSettings) -> Extract:
    """Read one document.

    Raises:
        ReadingError: Whatever the parser raised, as an error of this file.
    """
    try:
        return _reader(kind)(data, name, settings)
    except ReadingError:
        raise
    except MemoryError as error:
        raise LimitExceeded(name, "reading it takes more memory than there is.") from error
    except Exception as error:  # third-party parsers raise any type on damaged input
        detail = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
        raise DamagedDocument(name, f"expected a whole {kind.upper()} file, found a damaged one ({detail}).") from error


def parse_rows(kind: str, data: bytes, name: str, settings: ReadingSettings) -> Iterator[Row]:
    """The rows of a list.

    Raises:
        ReadingError: The list as a whole cannot be read.
    """
    lists = importlib.import_module("stratmap.reading.lists")
    rows: Iterator[Row] = lists.read_rows(data, name, kind, settings)
    return rows


def _reader(kind: str) -> _Reader:
    module, function = _READERS[kind].split(":")
    reader: _Reader = getattr(importlib.import_module(f"stratmap.reading.{module}"), function)
    return reader
