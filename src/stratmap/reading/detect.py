"""What format a file has: its content decides, and its name must not contradict it.

Comes in: bytes and a name. Goes out: the name of a format, or an error that says what was found and what to
do. It parses nothing.
"""

from __future__ import annotations

import re
from pathlib import PurePath

from stratmap.errors import DamagedDocument, EncryptedDocument, UnsupportedFormat
from stratmap.reading.encodings import decode

FORMATS = {
    ".pdf": "pdf", ".docx": "docx", ".docm": "docx", ".dotx": "docx", ".pptx": "pptx", ".pptm": "pptx",
    ".ppsx": "pptx", ".xlsx": "xlsx", ".xlsm": "xlsx", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".txt": "text", ".text": "text", ".md": "markdown", ".markdown": "markdown", ".csv": "csv",
    ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".eml": "eml",
}  # fmt: skip
READABLE_SUFFIXES = frozenset(FORMATS)
LISTS = frozenset({"csv", "xlsx", "jsonl"})
ARCHIVES = frozenset({"docx", "pptx", "xlsx"})
BINARY = ARCHIVES | {"pdf"}
_NAMES = "PDF, DOCX, PPTX, XLSX, HTML, TXT, Markdown, CSV, JSONL and e-mail (EML)"

_OTHER_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"{\\rtf", "an RTF file; save it as DOCX"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ", "an xz archive; unpack it first"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"\xcf\xfa\xed\xfe", "a program"),
    (b"\x00asm", "a program"),
    (b"SQLite format 3", "a database"),
    (b"%!PS", "a PostScript file; save it as PDF"),
)
# These are words too: a format only where a byte follows that stands in no text.
_MAGIC_WORDS = (
    (b"MZ", "a program"),
    (b"RIFF", "sound, film or a picture"),
    (b"OggS", "sound, film"),
    (b"ID3", "sound"),
    (b"PAR1", "a Parquet file"),
)
_NO_TEXT = re.compile(rb"[\x00-\x06\x0e-\x1a]")
_FILM = b"ftyp"  # at the fourth byte
_ZIP_PARTS = (
    (b"word/document", "docx"),
    (b"ppt/presentation", "pptx"),
    (b"xl/workbook", "xlsx"),
)
_UNSUPPORTED_SUFFIXES = {
    ".doc": "DOCX", ".xls": "XLSX", ".ppt": "PPTX", ".rtf": "DOCX", ".odt": "DOCX", ".ods": "XLSX",
    ".odp": "PPTX", ".msg": "EML", ".json": "JSONL (one object a line)", ".pages": "DOCX", ".epub": "HTML",
}  # fmt: skip
_HTML_START = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--[^>]{0,500}-->\s*)?<(?:!doctype html|html)\b", re.I)
_MAIL_START = re.compile(
    r"(?:(?:From|To|Subject|Date|Received|Return-Path|MIME-Version|Message-ID|Delivered-To|X-[\w-]{1,40})"
    r": ?.*\n(?:[ \t].*\n)*){3}",
    re.I,
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def detect_format(data: bytes, name: str) -> str:
    """Name the format of a file.

    Args:
        data: The whole content.
        name: The file's name; its ending chooses between text formats and must fit a binary one.

    Returns:
        One of `pdf`, `docx`, `pptx`, `xlsx`, `html`, `markdown`, `text`, `csv`, `jsonl`, `eml`.

    Raises:
        DamagedDocument: The file is empty, or two formats at once.
        EncryptedDocument: An Office file with a password.
        UnsupportedFormat: Anything else, or content that contradicts the name.
    """
    if not data:
        raise DamagedDocument(name, "expected a document, found an empty file (0 bytes).")
    suffix = PurePath(name).suffix.lower()
    named = FORMATS.get(suffix, "")
    found = _binary_format(data, name) or _text_format(data, name, suffix, named)
    contradicts = found in BINARY or named in BINARY
    if named and named != found and contradicts:
        raise UnsupportedFormat(
            name, f"expected {named.upper()} after its name, found {found.upper()}; give it the right ending."
        )
    return found


def _binary_format(data: bytes, name: str) -> str:
    """A format told by its first bytes, or "" where the content may be text."""
    zipped = data.startswith((b"PK\x03\x04", b"PK\x05\x06"))
    pdf_at = data.find(b"%PDF-", 0, 1024)
    if pdf_at >= 0 and (zipped or _zip_after_pdf(data)):
        raise DamagedDocument(name, "expected one format, found a PDF and a ZIP archive in one file; refused.")
    if zipped:
        return _zip_format(data, name)
    if data.startswith(_OLE):
        raise _old_office(data, name)
    if what := _other_format(data[:64]):
        raise UnsupportedFormat(name, f"found {what}. stratmap reads {_NAMES}.")
    # Some producers write a few bytes of junk before the header; an HTML page that cites one is no PDF.
    if pdf_at == 0 or (pdf_at > 0 and data[:pdf_at].lstrip()[:1] not in {b"<", b"#", b"{"} and b"%%EOF" in data):
        return "pdf"
    return ""


def _other_format(head: bytes) -> str:
    """What else the first bytes of a file tell, or ""."""
    if head[4:8] == _FILM and head.startswith(b"\x00"):
        return "film"
    magics = (*_OTHER_MAGIC, *(_MAGIC_WORDS if _NO_TEXT.search(head) else ()))
    return next((what for magic, what in magics if head.startswith(magic)), "")


def _zip_after_pdf(data: bytes) -> bool:
    """Whether a ZIP directory follows the PDF's end: a file made to be read as either."""
    return data.rfind(b"PK\x05\x06") > data.rfind(b"%%EOF") >= 0


def _zip_format(data: bytes, name: str) -> str:
    # Member names stand uncompressed in the central directory, so no unpacking is needed to tell.
    directory = data[-4_000_000:]
    found = [kind for part, kind in _ZIP_PARTS if part in directory or part in data[:4096]]
    if len(found) > 1:
        raise DamagedDocument(name, f"expected one Office format, found parts of {' and '.join(found)}; refused.")
    if found:
        return found[0]
    if b"PK\x05\x06" not in directory:
        raise DamagedDocument(name, "expected a whole Office file, found a ZIP archive that is cut off.")
    raise UnsupportedFormat(name, f"found a ZIP archive that is no Office file; unpack it. Read are {_NAMES}.")


def _old_office(data: bytes, name: str) -> EncryptedDocument | UnsupportedFormat:
    if _OLE_ENCRYPTED in data:
        return EncryptedDocument(name, "protected by a password; save a copy without one.")
    return UnsupportedFormat(
        name, "found an old Office file (.doc, .xls, .ppt or .msg); save it as DOCX, XLSX or PPTX."
    )


def _text_format(data: bytes, name: str, suffix: str, named: str) -> str:
    decoded = decode(data[:65_536])
    _refuse_binary(decoded.text, name, named)
    if named in BINARY:
        return "text"
    if suffix in _UNSUPPORTED_SUFFIXES:
        raise UnsupportedFormat(name, f"{suffix} is not read; save it as {_UNSUPPORTED_SUFFIXES[suffix]}.")
    if suffix == ".xml":
        raise UnsupportedFormat(name, f"XML is not read as a document. stratmap reads {_NAMES}.")
    if named in {"", "text"}:
        return _sniffed(decoded.text, named or "text")
    return named


def _sniffed(text: str, otherwise: str) -> str:
    if _HTML_START.match(text[:4096]):
        return "html"
    if _MAIL_START.match(text[:8192].replace("\r\n", "\n")):
        return "eml"
    if otherwise == "text" and text[:1] == "{" and re.match(r'\{\s*"(?:id|text)"\s*:', text):
        return "jsonl"
    return otherwise


def _refuse_binary(text: str, name: str, named: str) -> None:
    """Refuse content in which control or replacement characters are no accident."""
    if not text:
        return
    strange = sum(1 for char in text if (char < " " and char not in "\t\n\r\f\x0b\x1b\x00\x08") or char == "\ufffd")
    empty = text.count("\x00")
    much = strange + max(0, empty - len(text) // 50) > max(8, len(text) // 25)
    # A file of a few bytes never reaches that number; there one strange one in three is no accident.
    if much or (strange + empty > 1 and 3 * (strange + empty) >= len(text)):
        expected = f"a {named.upper()} file" if named in BINARY else "text"
        raise DamagedDocument(name, f"expected {expected}, found binary data. stratmap reads {_NAMES}.")
