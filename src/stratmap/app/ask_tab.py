"""The tab *Ask*: draws the conversation, its filters and the reader beside it, and wires them.

What happens is in `conversation`; the turns live in the session of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from stratmap.app import conversation as talk
from stratmap.app.downloads import covered_turns, write_bytes, write_text
from stratmap.app.printed import PrintedPages
from stratmap.app.protocol import DeskLike, Turn
from stratmap.app.reader import UNLISTED, open_place, wire_reader
from stratmap.app.render.answers import as_markdown, conversation
from stratmap.app.render.text import empty
from stratmap.app.theme import panel
from stratmap.errors import StratmapError
from stratmap.framework import Group
from stratmap.settings import Settings

_ANY_YEAR = ("any", 0)
_READER = ("The source", "Choose a number in an answer to read the page it comes from.")


@dataclass(frozen=True, slots=True)
class AskTab:
    """What is filled anew when a page opens: filters of countries, documents and years, and the suggested questions."""

    countries: Any
    documents: Any
    years: tuple[Any, Any]
    suggested: tuple[Any, ...]

    def refreshed(self, desk: DeskLike) -> list[Any]:
        """New values, in the order of `parts`."""
        held = talk.archive(desk)
        countries = sorted({country for document in held for country in document.countries})
        names = sorted({document.name for document in held})
        years = sorted({document.year for document in held if document.year is not None})
        asked = talk.suggestions(desk.framework, held)
        asked += [""] * (len(self.suggested) - len(asked))
        return [
            gr.Dropdown(choices=countries),
            gr.Dropdown(choices=names),
            *(gr.Dropdown(choices=[_ANY_YEAR, *((str(year), year) for year in years)]) for _ in self.years),
            *(gr.Button(question, visible=bool(question)) for question in asked),
        ]

    @property
    def parts(self) -> list[Any]:
        """The components that `refreshed` fills."""
        return [self.countries, self.documents, *self.years, *self.suggested]


@dataclass(frozen=True, slots=True)
class _Panels:
    shown: Any
    turns: Any
    question: Any
    suggested_row: Any
    reader: Any
    printed: Any
    files: tuple[Any, ...]


def write_conversation(turns: list[Turn], *, covered: bool = False) -> tuple[str, str]:
    """Two files with the conversation and its sources, DOCX and Markdown; personal data in them covered if asked."""
    from stratmap.app.conversation_docx import conversation_docx

    turns = covered_turns(turns) if covered else turns
    return (
        write_bytes("stratmap-conversation.docx", conversation_docx(turns)),
        write_text("stratmap-conversation.md", as_markdown(turns)),
    )


def build(desk: DeskLike, settings: Settings) -> AskTab:
    """Draw the tab and wire its events."""
    turns = gr.State([])
    with gr.Row(elem_classes="sm-ask"):
        with gr.Column(scale=3, min_width=320):
            shown = panel("conversation", conversation([]))
            with gr.Row(elem_classes="sm-actions sm-suggest") as row:
                tries = tuple(gr.Button("", size="sm", visible=False) for _ in range(talk.SUGGESTED))
            question = gr.Textbox(
                label="Your question",
                lines=1,
                max_lines=4,
                submit_btn="Ask",
                elem_id="question",
                placeholder="What helped returnees in Armenia find work?",
            )
            filters = _filters(desk)
            with gr.Row(elem_classes="sm-actions"):
                clear = gr.Button("New conversation", size="sm", scale=0, min_width=150)
                files = tuple(
                    gr.DownloadButton(
                        f"Export {name}", size="sm", scale=0, min_width=130, interactive=False, elem_id=f"ask-{name}"
                    )
                    for name in ("DOCX", "Markdown")
                )
        with gr.Column(scale=2, min_width=320):
            reader = panel("reader", empty(*_READER))
            printed = panel("printed", "")
    panels = _Panels(shown, turns, question, row, reader, printed, files)
    _wire_questions(desk, settings, panels, filters, tries)
    _wire_rest(desk, settings, panels, clear)
    return AskTab(filters[2], filters[3], (filters[4], filters[5]), tries)


def _choices(group: Group) -> list[tuple[str, str]]:
    return [(f"{label.code} {label.name}", label.code) for label in group.labels]


def _filters(desk: DeskLike) -> tuple[Any, ...]:
    groups = desk.framework.groups
    second = _choices(groups[1]) if len(groups) > 1 else []
    with gr.Accordion("Filters", open=False, elem_id="filters"):
        with gr.Row():
            objectives = gr.Dropdown(_choices(groups[0]), multiselect=True, label="Objective")
            principles = gr.Dropdown(second, multiselect=True, label="Principle", visible=bool(second))
        with gr.Row():
            countries = gr.Dropdown([], multiselect=True, label="Country", elem_id="filter-country")
            documents = gr.Dropdown([], multiselect=True, label="Document", elem_id="filter-document")
        with gr.Row():
            year_from = gr.Dropdown([_ANY_YEAR], value=0, label="From year", elem_id="filter-from", min_width=100)
            year_to = gr.Dropdown([_ANY_YEAR], value=0, label="To year", elem_id="filter-to", min_width=100)
    return objectives, principles, countries, documents, year_from, year_to


def _wire_questions(
    desk: DeskLike, settings: Settings, panels: _Panels, filters: tuple[Any, ...], tries: tuple[Any, ...]
) -> None:
    def answer(
        asked: str,
        turns: list[Turn],
        objectives: list[str],
        principles: list[str],
        countries: list[str],
        documents: list[str],
        year_from: float | None,
        year_to: float | None,
    ) -> Iterator[Any]:
        """Answer in the conversation of this session."""
        if not (asked or "").strip():
            yield conversation(turns), turns, asked, gr.skip()
            return
        kept = turns[-talk.MOST_TURNS :]
        try:
            chosen = talk.make_filters([*objectives, *principles], countries, year_from, year_to, documents)
            for turn in talk.ask_in_steps(desk, settings, asked, kept, chosen):
                now = [*kept, turn]
                yield conversation(now), now, "", gr.Row(visible=False)
        except StratmapError as error:
            now = [*kept, Turn(asked, problem=str(error))]
            yield conversation(now), now, asked, gr.Row(visible=False)

    inputs = [panels.question, panels.turns, *filters]
    outputs = [panels.shown, panels.turns, panels.question, panels.suggested_row]
    finish: dict[str, Any] = {"show_progress": "hidden", **UNLISTED}

    def written(turns: list[Turn]) -> list[Any]:
        if not turns:
            return [gr.skip() for _ in panels.files]
        paths = write_conversation(turns, covered=settings.privacy.mask_exports)
        return [gr.DownloadButton(value=path, interactive=True) for path in paths]

    panels.question.submit(
        answer, inputs, outputs, api_name="ask_in_conversation", show_progress="hidden", **UNLISTED
    ).then(written, panels.turns, list(panels.files), api_name="write_conversation", **finish)
    for number, button in enumerate(tries, 1):
        button.click(lambda text: text, button, panels.question, api_name=f"suggested_{number}", **finish).then(
            answer, inputs, outputs, api_name=f"ask_suggested_{number}", **finish
        ).then(written, panels.turns, list(panels.files), api_name=f"write_suggested_{number}", **finish)


def _wire_rest(desk: DeskLike, settings: Settings, panels: _Panels, clear: Any) -> None:
    def start_again() -> list[Any]:
        files = [gr.DownloadButton(interactive=False) for _ in panels.files]
        return [conversation([]), [], empty(*_READER), "", gr.Row(visible=True), *files]

    clear.click(
        start_again,
        None,
        [panels.shown, panels.turns, panels.reader, panels.printed, panels.suggested_row, *panels.files],
        api_name="new_conversation",
        show_progress="hidden",
        **UNLISTED,
    )
    pages = PrintedPages(desk, settings.reading)
    wire_reader(
        panels.shown, panels.reader, lambda key: open_place(desk, key), "open_citation", panels.printed, pages.show
    )
    key = gr.Textbox(visible=False)

    def voted(key: str, turns: list[Turn]) -> tuple[Any, Any]:
        try:
            now = talk.vote(desk, turns, key)
        except StratmapError as error:
            raise gr.Error(str(error)) from error
        return conversation(now), now

    panels.shown.like(
        voted,
        [key, panels.turns],
        [panels.shown, panels.turns],
        js="(_, turns) => [window.stratmapChosen || '', turns]",
        api_name="vote",
        show_progress="hidden",
        **UNLISTED,
    )
