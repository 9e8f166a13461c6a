"""Builders of small files of every format; all texts are made for these tests."""

import io
import os
import time
import zipfile
from collections.abc import Callable

import pytest
from docx import Document as NewDocx
from openpyxl import Workbook
from pptx import Presentation
from reportlab.pdfgen import canvas

from stratmap.reading import apart
from stratmap.settings import ReadingSettings

SENTENCE = "The project supported returning migrants with cash grants and training in three districts. "


@pytest.fixture(scope="session")
def settings() -> ReadingSettings:
    return ReadingSettings()


def make_pdf(*pages, encrypt=None) -> bytes:
    """A PDF; each page is a list of (x, y, text), a list of lines, or a function of the canvas."""
    buffer = io.BytesIO()
    sheet = canvas.Canvas(buffer, encrypt=encrypt)
    for page in pages:
        if isinstance(page, Callable):
            page(sheet)
        else:
            sheet.setFont("Helvetica", 11)
            for index, line in enumerate(page):
                x, y, text = line if isinstance(line, tuple) else (72, 760 - 14 * index, line)
                sheet.drawString(x, y, text)
        sheet.showPage()
    sheet.save()
    return buffer.getvalue()


def make_docx(build) -> bytes:
    document = NewDocx()
    build(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def make_pptx(slides) -> bytes:
    show = Presentation()
    for title, body in slides:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    buffer = io.BytesIO()
    show.save(buffer)
    return buffer.getvalue()


def make_xlsx(rows, sheets=1) -> bytes:
    book = Workbook()
    for number in range(sheets):
        sheet = book.active if number == 0 else book.create_sheet(f"s{number}")
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def rezip(data: bytes, replaced: dict[str, bytes]) -> bytes:
    """An archive with some members replaced or added."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in replaced:
                new.writestr(name, old.read(name))
        for name, content in replaced.items():
            new.writestr(name, content)
    return buffer.getvalue()


def cpu_seconds() -> float:
    """Processor time of this process and of the child that reads for it: a busy machine does not lengthen it."""
    child = apart._child
    path = f"/proc/{child._process.pid}/stat" if child else ""
    if not os.path.exists(path):
        return time.process_time()
    with open(path, encoding="ascii") as file:
        user, system = file.read().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.fixture
def no_network(monkeypatch):
    """Any attempt to open a connection fails the test."""

    def refuse(*args, **kwargs):
        raise AssertionError("a connection was attempted")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
