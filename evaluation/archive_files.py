"""An archive of mixed files in real formats, made from the sentences of `corpora/projects` in another order.

Comes in: how many files, and a seed. Goes out: a folder with PDF, DOCX, PPTX, HTML, Markdown, text, e-mail, CSV and JSONL
files of 1 to 140 pages. The same seed gives the same texts. No two files say nearly the same.
"""

from __future__ import annotations

import csv
import html
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

from stratmap.reading import read_document
from stratmap.reading.sentences import sentence_spans
from stratmap.settings import ReadingSettings

# Share of files by their number of pages; in the mean about 1.7 pages a file.
LENGTHS = ((0.90, 1, 1), (0.07, 2, 5), (0.02, 6, 20), (0.008, 21, 60), (0.002, 100, 140))
_SENTENCES = 11  # of a page, about 250 words


def make_archive(folder: Path, files: int, seed: int = 1) -> dict[str, int]:
    """Write the files; returns the pages of each: of formats without pages, the stretches of about 250 words."""
    rng = random.Random(seed)
    sentences = _sentences()
    kinds = list(_WRITERS)
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[str, int] = {}
    for number in range(files):
        kind = kinds[number % len(kinds)]
        count = 140 if number == 0 else _length(rng)
        pages = [" ".join(rng.sample(sentences, _SENTENCES)) for _ in range(count)]
        path = folder / f"{number % 40:02}" / f"report-{number:05}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_WRITERS[kind](f"Report {number}", pages))
        made[str(path)] = count
    return made


def _length(rng: random.Random) -> int:
    draw = rng.random()
    for share, low, high in LENGTHS:
        draw -= share
        if draw < 0:
            return rng.randint(low, high)
    return 1


def _sentences() -> list[str]:
    found: dict[str, None] = {}
    for path in sorted(Path("corpora/projects").iterdir()):
        if path.suffix in {".md", ".pdf", ".docx"}:
            document = read_document(path, ReadingSettings(apart=False))
            for page in document.pages:
                spans = sentence_spans(page.text, document.language.code)
                found.update(dict.fromkeys(" ".join(page.text[a:b].split()) for a, b in spans))
    return [text for text in found if 8 <= len(text.split()) <= 60]


def _pdf(title: str, pages: list[str]) -> bytes:
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.utils import simpleSplit
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4)
    for number, page in enumerate(pages, 1):
        canvas.setFont("Helvetica", 10)
        lines = simpleSplit(page.encode("latin-1", "ignore").decode("latin-1"), "Helvetica", 10, 460)
        for place, line in enumerate([f"{title}, page {number}", "", *lines][:55]):
            canvas.drawString(60, 780 - 13 * place, line)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _docx(title: str, pages: list[str]) -> bytes:
    import docx

    document = docx.Document()
    document.add_heading(title, 1)
    for page in pages:
        document.add_paragraph(page)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _pptx(title: str, pages: list[str]) -> bytes:
    from pptx import Presentation

    deck = Presentation()
    for page in pages:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text, slide.placeholders[1].text = title, page
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _html(title: str, pages: list[str]) -> bytes:
    body = "".join(f"<p>{html.escape(page)}</p>" for page in pages)
    return (
        f"<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1>{body}</body></html>".encode()
    )


def _plain(title: str, pages: list[str]) -> bytes:
    return "\n\n".join([title, *pages]).encode()


def _markdown(title: str, pages: list[str]) -> bytes:
    return "\n\n".join([f"# {title}", *pages]).encode()


def _mail(title: str, pages: list[str]) -> bytes:
    from email.message import EmailMessage

    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = title, "a@example.org", "b@example.org"
    message.set_content("\n\n".join(pages))
    return message.as_bytes()


def _csv(title: str, pages: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["id", "title", "text"])
    writer.writerows([f"{title}, row {number}", title, page] for number, page in enumerate(pages, 1))
    return buffer.getvalue().encode()


def _jsonl(title: str, pages: list[str]) -> bytes:
    rows = ({"id": f"{title}, line {number}", "text": page} for number, page in enumerate(pages, 1))
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


_WRITERS: dict[str, Callable[[str, list[str]], bytes]] = {
    "pdf": _pdf, "docx": _docx, "txt": _plain, "html": _html, "md": _markdown, "pptx": _pptx, "eml": _mail,
    "csv": _csv, "jsonl": _jsonl,
}  # fmt: skip
