"""The endpoints for programs and MCP clients whose input or output is a file, a picture or a page.

A file travels as `{"name", "base64"}`. What is in it is made by the modules of the tabs; nothing is kept here.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from stratmap.app import conversation, framework_tab, portfolio, tag_tab, versions_panel
from stratmap.app.api_changes import known, named, place_of
from stratmap.app.ask_tab import write_conversation
from stratmap.app.correcting import author_of, reviews_of
from stratmap.app.downloads import discard, write_bytes
from stratmap.app.health.watched import behind
from stratmap.app.printed import PrintedPages
from stratmap.app.protocol import DeskLike, TaggedReport, Turn
from stratmap.app.render.tags import as_data
from stratmap.assembly import Desk
from stratmap.errors import LimitExceeded, UsageError
from stratmap.health import examine
from stratmap.reading import read_bytes
from stratmap.records import Document
from stratmap.reviewing.exchange import import_sheet
from stratmap.settings import Settings

_TAGS = ("docx", "xlsx", "json", "iati")
_TALK = ("docx", "markdown")
_PORTFOLIO = ("xlsx", "svg", "png")
_ROWS = ("country", "year")
_MOST_QUESTIONS = 5  # they count as one against the limit of questions a minute
File = dict[str, str]


def about_files(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    """All of them by name."""
    return _tagging(desk, settings) | _reading(desk, settings) | _keeping(desk, settings)


def encoded(paths: Sequence[str | None], number: int = 0) -> File:
    """One of the files just made, as programs get it; all of them are removed."""
    try:
        path = Path(paths[number] or "")
        return _file(path.name, path.read_bytes())
    finally:
        discard(paths)


def decoded(content: str, settings: Settings) -> bytes:
    """What is in a file that a program sent.

    Raises:
        UsageError: It is no base64.
        LimitExceeded: It is larger than an upload may be.
    """
    most = settings.app.max_upload_bytes
    too_large = LimitExceeded("file", f"expected at most {most:,} bytes.")
    if len(content) > most * 4 // 3 + 4:
        raise too_large
    try:
        data = base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError("expected the content of a file in base64, found something else.") from error
    if len(data) > most:
        raise too_large
    return data


def _file(name: str, data: bytes) -> File:
    return {"name": name, "base64": base64.b64encode(data).decode("ascii")}


def _read(name: str, content: str, settings: Settings) -> Document:
    """A file that a program sent as a document; it never lies on the disk."""
    return read_bytes(decoded(content, settings), named(name), settings.reading)


def _one_of(given: str, offered: tuple[str, ...]) -> int:
    word = given.strip().lower()
    if word not in offered:
        raise UsageError(f"expected one of {', '.join(offered)}, found {given!r:.40}.")
    return offered.index(word)


def _tagging(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    covered = settings.privacy.mask_exports

    def tag_file(name: str, content: str) -> dict[str, Any]:
        """Tag one file: probabilities, states and evidence of every objective and principle.

        Args:
            name: The file's name; its ending says what it is, such as report.pdf.
            content: The file in base64.
        """
        return as_data(desk.tag(_read(name, content, settings)))

    def tag_export(text: str, form: str = "docx") -> File:
        """Tag one text and get its tags with their best quotations as a file.

        Args:
            text: The whole text of a report.
            form: docx, xlsx, json or iati.
        """
        number, document = _one_of(form, _TAGS), _given(text, settings)
        report = TaggedReport(document, desk.tag(document))
        return encoded(tag_tab.write_files(desk, [report], covered=covered), number)

    def ask_export(questions: list[str], form: str = "docx") -> File:
        """Ask questions one after the other, each in the light of those before, and get the conversation as a file.

        Args:
            questions: At most 5, in order.
            form: docx or markdown.
        """
        number = _one_of(form, _TALK)
        if not 0 < len(questions) <= _MOST_QUESTIONS:
            raise UsageError(f"expected 1 to {_MOST_QUESTIONS} questions, found {len(questions)}.")
        turns: list[Turn] = []
        for question in questions:
            *_, last = conversation.ask_in_steps(
                desk, settings, question, turns, conversation.make_filters([], [], 0, 0)
            )
            turns.append(last)
        return encoded(write_conversation(turns, covered=covered), number)

    return {"tag_file": tag_file, "tag_export": tag_export, "ask_export": ask_export}


def _given(text: str, settings: Settings) -> Document:
    if not text.strip():
        raise UsageError("expected a text, found none.")
    return tag_tab.read_pasted(text, settings)


def _reading(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    pages = PrintedPages(desk, settings.reading)
    covered = settings.privacy.mask_exports

    def read_printed_page(document: str, page: int, quotation: str) -> File:
        """The page of a PDF of the archive as a picture (JPEG), with a quotation marked.

        Args:
            document: The document's name or id.
            page: Counted from 1.
            quotation: Words of that page, exactly as `read_page` gives them.
        """
        one = known(desk, document)
        index, start, end = place_of(desk, one, page, quotation)
        return _file(f"page-{int(page)}.jpg", pages.picture(one, index, (start, end)))

    def portfolio_file(form: str = "xlsx", by: str = "country", shares: bool = False) -> File:
        """What the archive covers as a file: a workbook, or the heat map as a picture.

        Args:
            form: xlsx, svg or png.
            by: country or year.
            shares: Shares of each row's documents in place of counts.
        """
        number, rows = _one_of(form, _PORTFOLIO), _ROWS[_one_of(by, _ROWS)]
        return encoded(portfolio.write_portfolio(desk, rows, bool(shares), covered=covered), number)

    def portfolio_documents(label: str, row: str, by: str = "country") -> list[dict[str, Any]]:
        """The documents behind one cell of the heat map.

        Args:
            label: The label, such as O4.
            row: The country, or the year.
            by: country or year.
        """
        found = portfolio.documents_of_cell(desk, _ROWS[_one_of(by, _ROWS)], label, row)
        return [{"document": one.name, "title": one.title, "probability": one.labels[label]} for one in found]

    def framework_picture() -> File:
        """The strategy as a picture (SVG), with how much of the archive speaks to each part."""
        return encoded([framework_tab.write_svg(desk)])

    def list_checks() -> list[dict[str, Any]]:
        """The state of models, framework and index: what was checked, whether it is fine, and what to do."""
        found = behind(desk)
        if not isinstance(found, Desk):
            raise UsageError("expected models and an index of their own to check, found none.")
        return [dataclasses.asdict(one) for one in examine(found)]

    return {
        "read_printed_page": read_printed_page,
        "portfolio_file": portfolio_file,
        "portfolio_documents": portfolio_documents,
        "framework_picture": framework_picture,
        "list_checks": list_checks,
    }


def _keeping(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    def corrections_export() -> File:
        """The workbook of corrections (XLSX), to be edited and taken again with `corrections_take`."""
        return encoded([versions_panel.write_workbook(desk, covered=settings.privacy.mask_exports)])

    def corrections_take(  # noqa: D417  (callers do not give the request)
        request: gr.Request, content: str, dry_run: bool = True, author: str = ""
    ) -> dict[str, Any]:
        """Take an edited workbook of corrections, or only say what it would change.

        Args:
            content: The workbook in base64.
            dry_run: Only say what would change; that is the default.
            author: Who says so where a row names nobody; of no meaning where people sign in.
        """
        reviews, name = reviews_of(desk), author_of(author, request)
        path = write_bytes("corrections.xlsx", decoded(content, settings))
        try:
            return dataclasses.asdict(import_sheet(reviews, Path(path), name, settings.reading, dry=bool(dry_run)))
        finally:
            discard([path])

    def add_file(name: str, content: str) -> bool:
        """Read, tag and index a file; one of the same name is replaced. False where its text was there already.

        Args:
            name: The file's name; its ending says what it is, such as report.pdf.
            content: The file in base64.
        """
        return bool(desk.add_document(_read(name, content, settings)))

    return {"corrections_export": corrections_export, "corrections_take": corrections_take, "add_file": add_file}
