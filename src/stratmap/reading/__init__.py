"""Reading: a file or a text comes in, a `Document` with clean pages and its `Passage`s go out.

Light on purpose: the parsers (pypdfium2, lxml, python-docx, python-pptx, openpyxl, lingua) are imported by
the module that uses them when it is first used. Reading makes no network request and writes no file.
"""

from stratmap.reading.detect import READABLE_SUFFIXES
from stratmap.reading.documents import read_bytes, read_document, read_items, read_text, text_id
from stratmap.reading.language import identify_language
from stratmap.reading.passages import split_passages
from stratmap.reading.sentences import sentence_spans

__all__ = [
    "READABLE_SUFFIXES",
    "identify_language",
    "read_bytes",
    "read_document",
    "read_items",
    "read_text",
    "sentence_spans",
    "split_passages",
    "text_id",
]
