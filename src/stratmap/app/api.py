"""The endpoints for programs and MCP clients: plain values come in, plain values go out.

Each is one action with a stable name; what it does is in the modules of the tabs. They do not wait in the queue, so
that a program gets its answer in one request; the guard bounds how many run at once.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr

from stratmap.app import conversation as talk
from stratmap.app import tag_tab
from stratmap.app.api_changes import about_corrections, about_the_archive, about_versions, known
from stratmap.app.api_files import about_files
from stratmap.app.portfolio import coverage_of
from stratmap.app.protocol import DeskLike
from stratmap.errors import StratmapError, UsageError
from stratmap.framework import shipped_crosswalks
from stratmap.settings import Settings

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MOST_PASSAGES = 50


def build(desk: DeskLike, settings: Settings) -> None:
    """Offer the actions (inside a `gr.Blocks`)."""
    for name, action in actions(desk, settings).items():
        gr.api(_told(action), api_name=name, queue=False)


def actions(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    """All actions by name."""
    reading = _about_texts(desk, settings) | _about_questions(desk, settings) | _about_documents(desk)
    reading |= _about_the_strategy(desk)
    reading |= about_files(desk, settings)
    return reading | about_corrections(desk) | about_versions(desk) | about_the_archive(desk, settings)


def _about_texts(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    def tag_text(text: str) -> dict[str, Any]:
        """Tag one text: probabilities, states and evidence of every objective and principle.

        Args:
            text: The whole text of a report.
        """
        return tag_tab.tag_text(desk, settings, text)

    def similar_passages(text: str, most: int = 6) -> list[dict[str, Any]]:
        """The passages of the archive that are nearest to a text, one of a document, nearest first.

        Args:
            text: The text to compare with.
            most: How many passages, at most 50.
        """
        found = desk.similar(tag_tab.read_pasted(text, settings), max(1, min(int(most), _MOST_PASSAGES)))
        return [dataclasses.asdict(hit) for hit in found]

    return {"tag_text": tag_text, "similar_passages": similar_passages}


def _about_questions(desk: DeskLike, settings: Settings) -> dict[str, Callable[..., Any]]:
    def ask(
        question: str,
        labels: list[str] | None = None,
        countries: list[str] | None = None,
        documents: list[str] | None = None,
        year_from: int = 0,
        year_to: int = 0,
        earlier: list[str] | None = None,
    ) -> dict[str, Any]:
        """Answer a question from the archive with quotations and their places, or say that it does not answer.

        Args:
            question: The question in words.
            labels: Only documents with one of these labels, such as O4 or P2.
            countries: Only documents on one of these countries, by their English names.
            documents: Only these documents, by name.
            year_from: Only documents since this year; 0 for all.
            year_to: Only documents until this year; 0 for all.
            earlier: Earlier questions of the conversation, oldest first.
        """
        filters = talk.make_filters(labels or [], countries or [], year_from, year_to, documents or [])
        if len(question) > settings.answering.max_question_characters:
            raise UsageError(f"expected at most {settings.answering.max_question_characters:,} characters.")
        return dataclasses.asdict(desk.ask(question, filters, earlier or []))

    def feedback(question: str, helpful: bool) -> str:
        """Say whether the answer to a question helped.

        Args:
            question: The question as it was asked.
            helpful: Whether the answer helped.
        """
        desk.note_feedback(question[: settings.answering.max_question_characters], bool(helpful))
        return "kept"

    return {"ask": ask, "feedback": feedback}


def _about_documents(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    def list_documents() -> list[dict[str, Any]]:
        """Every document of the archive with its countries, year, language and labels."""
        return [dataclasses.asdict(one) | {"source": ""} for one in desk.documents()]

    def read_page(document: str, page: int = 1) -> dict[str, Any]:
        """The text of one page of a document of the archive.

        Args:
            document: The document's name or id.
            page: Counted from 1.
        """
        one = known(desk, document)
        text = desk.page_text(one.doc_id, int(page) - 1)
        return {"document": one.name, "page": int(page), "pages": one.pages, "text": text}

    def portfolio_coverage() -> dict[str, Any]:
        """What the archive covers: labels by country and year, counts, shares, trends and gaps in words."""
        return coverage_of(desk).as_dict()

    return {"list_documents": list_documents, "read_page": read_page, "portfolio_coverage": portfolio_coverage}


def _about_the_strategy(desk: DeskLike) -> dict[str, Callable[..., Any]]:
    def framework_labels() -> dict[str, Any]:
        """The strategy: its goal, strategic objectives, objectives and principles with their texts."""
        return dataclasses.asdict(desk.framework)

    def crosswalk(target: str) -> dict[str, Any]:
        """How the labels relate to another framework, with a reason for each link.

        Args:
            target: The short name of the other framework, such as sdg, gcm or srf.
        """
        if target not in shipped_crosswalks(desk.framework.id):
            raise UsageError(
                f"expected one of {', '.join(shipped_crosswalks(desk.framework.id))}, found {target!r:.40}."
            )
        return dataclasses.asdict(desk.crosswalk(target))

    return {"framework_labels": framework_labels, "crosswalk": crosswalk}


def as_json(server: Any) -> None:
    """Let the tools of an MCP server answer in JSON, where Gradio writes what Python prints."""
    write = server.postprocess_output_data

    def written(data: Any, root_url: str) -> Any:
        texts = [json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one for one in data]
        return write(texts, root_url)

    server.postprocess_output_data = written


def _told(action: Callable[_P, _T]) -> Callable[_P, _T]:
    """The same action, whose refusals reach the caller as a message."""

    @wraps(action)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return action(*args, **kwargs)
        except StratmapError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return told
