"""Bytes for fuzzing: small whole files of each kind, and what can be done to them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable

from hypothesis import strategies as st


@st.composite
def damaged(draw: Callable[..., object], whole: bytes) -> bytes:
    """A whole file with a few things done to it: bytes changed, cut, doubled, or foreign ones put in."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        size = draw(st.integers(1, 64))
        what = draw(st.sampled_from(["set", "cut", "insert", "double", "end"]))
        foreign = draw(st.one_of(st.binary(max_size=40), st.sampled_from(SPICE)))
        if what == "set":
            data[at : at + len(foreign)] = foreign
        elif what == "cut":
            del data[at : at + size]
        elif what == "insert":
            data[at:at] = foreign
        elif what == "double":
            data[at:at] = data[at : at + size]
        else:
            del data[at:]
    return bytes(data)


SPICE = [
    b"\x00", b"\xff\xff\xff\xff", b"\xed\xa0\x80", b"<!DOCTYPE x [<!ENTITY e 'ha'>]>&e;", b"]]>", b"%PDF-1.7", b"PK\x03\x04",
    b"{", b"[" * 50, b"1e999", b"NaN", b'"' * 9, b"-1", b"99999999999999999999", b"\r\n\r\n", b"../../x", b"=cmd|' /C calc'!A0",
]  # fmt: skip


def zipped(parts: dict[str, str]) -> bytes:
    """A zip archive, stored, so that changed bytes reach the parser behind it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return target.getvalue()


def docx() -> bytes:
    import docx as library

    document = library.Document()
    document.add_heading("Report", 1)
    document.add_paragraph("Border police were trained.")
    document.add_table(2, 2).cell(0, 0).text = "cell"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def xlsx() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.append(["id", "text", "year"])
    book.active.append(["a", "Returnees were trained.", 2020])
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font"
    b"/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n4 0 obj<</Length 44>>stream\nBT /F1 12 Tf 20 100 Td "
    b"(Border police) Tj ET\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)
HTML = (
    "<!doctype html><html><head><title>T</title></head><body><h1>A</h1><p>Border.</p><table><tr><td>x</td></tr></table>"
)
MAIL = "From: a@example.org\nTo: b@example.org\nSubject: Report\nContent-Type: text/html\n\n<p>Border police.</p>\n"
IATI = (
    '<?xml version="1.0" encoding="UTF-8"?><iati-activities version="2.03"><iati-activity><iati-identifier>XX-1'
    "</iati-identifier><title><narrative>Return</narrative></title><description><narrative>Border police were trained."
    '</narrative></description><recipient-country code="RS"/></iati-activity></iati-activities>'
)
CSV = "id,text,country,year\na,Border police were trained.,Serbia,2020\n"
JSONL = json.dumps({"id": "a", "text": "Border police were trained.", "year": 2020}) + "\n"
