"""The tab *Ask*: a question with filters comes in, a conversation of cited answers goes out.

The conversation lives in the session. Answers come from the desk; this module neither searches nor checks them.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import gradio as gr

from stratmap.app.downloads import write_text
from stratmap.app.protocol import DeskLike, Turn
from stratmap.app.reader import open_place, wire_reader
from stratmap.app.render.answers import as_markdown, conversation
from stratmap.app.render.text import empty
from stratmap.app.theme import behaviour
from stratmap.errors import StratmapError, UsageError
from stratmap.framework import Framework, Group
from stratmap.records import Filters, IndexedDocument
from stratmap.settings import Settings

_HISTORY = 6
_READER = ("The source", "Choose a number in an answer to read the page it comes from.")


def make_filters(
    labels: Sequence[str], countries: Sequence[str], year_from: float | None, year_to: float | None
) -> Filters:
    """Filters from what the screen holds; empty fields restrict nothing.

    Raises:
        UsageError: The years are the wrong way round.
    """
    first, last = (int(year) if year else None for year in (year_from, year_to))
    if first and last and first > last:
        raise UsageError(f"expected years in order, found from {first} to {last}.")
    return Filters(tuple(labels), tuple(countries), first, last)


def too_fast(times: Sequence[float], now: float, most: int) -> bool:
    """Whether a session has asked `most` questions within the last minute."""
    return most > 0 and sum(now - moment < 60 for moment in times) >= most


def ask(desk: DeskLike, settings: Settings, question: str, turns: Sequence[Turn], filters: Filters) -> Turn:
    """One more turn; a problem is a turn with its reason, never an exception for the screen."""
    asked = " ".join(question.split())
    most = settings.answering.max_question_characters
    if len(asked) > most:
        return Turn(asked[:most], problem=f"expected at most {most:,} characters, found {len(asked):,}.")
    history = [turn.question for turn in turns if turn.answer is not None][-_HISTORY:]
    try:
        return Turn(asked, desk.ask(asked, filters, history))
    except StratmapError as error:
        return Turn(asked, problem=str(error))


def suggestions(framework: Framework, documents: Sequence[IndexedDocument], most: int = 3) -> list[str]:
    """Questions that the archive can be expected to answer: its commonest pairs of objective and country."""
    codes = [label.code for label in framework.groups[0].labels]
    pairs = Counter((c, country) for d in documents for c in d.labels if c in codes for country in d.countries)
    chosen: list[str] = []
    seen: set[str] = set()
    for (code, country), _ in sorted(pairs.items(), key=lambda item: (-item[1], item[0])):
        if code in seen or country in seen:
            continue
        seen |= {code, country}
        chosen.append(f"What was done on {framework.label(code).name.lower()} in {country}?")
    return chosen[:most]


def write_markdown(turns: Sequence[Turn]) -> str:
    """A file with the conversation and its sources; the address of the file."""
    return write_text("stratmap-conversation.md", as_markdown(turns))


def archive(desk: DeskLike) -> list[IndexedDocument]:
    """The documents of the archive, none where there is no archive yet."""
    try:
        return desk.documents()
    except StratmapError:
        return []


def build(desk: DeskLike, settings: Settings) -> Any:
    """Draw the tab and wire its events; returns the filter of countries, to be filled when a page opens."""
    turns = gr.State([])
    times = gr.State([])
    with gr.Row(elem_classes="sm-ask"):
        with gr.Column(scale=3, min_width=320):
            shown = gr.HTML(conversation([]), elem_id="conversation", js_on_load=behaviour(), apply_default_css=False)
            with gr.Row(elem_classes="sm-actions sm-suggest"):
                tries = [gr.Button(q, size="sm") for q in suggestions(desk.framework, archive(desk))]
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
                export = gr.DownloadButton("Export as Markdown", size="sm", scale=0, min_width=170, interactive=False)
        with gr.Column(scale=2, min_width=320):
            reader = gr.HTML(empty(*_READER), elem_id="reader", js_on_load=behaviour(), apply_default_css=False)
    _wire(desk, settings, (question, turns, times, *filters), tries, (shown, turns, times, question, export))
    clear.click(
        lambda: (conversation([]), [], empty(*_READER), gr.DownloadButton(interactive=False)),
        None,
        [shown, turns, reader, export],
        api_name="new_conversation",
    )
    wire_reader(shown, reader, lambda key: open_place(desk, key), "open_citation")
    _wire_api(desk, settings)
    return filters[2]


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
            countries = gr.Dropdown([], multiselect=True, label="Country", scale=2)
            year_from = gr.Number(label="From year", precision=0, value=None, min_width=100)
            year_to = gr.Number(label="To year", precision=0, value=None, min_width=100)
    return objectives, principles, countries, year_from, year_to


def country_choices(desk: DeskLike) -> list[str]:
    """The countries of the archive in order."""
    return sorted({country for document in archive(desk) for country in document.countries})


def _wire(desk: DeskLike, settings: Settings, inputs: Any, tries: Sequence[Any], outputs: Any) -> None:
    question = inputs[0]

    def answer(
        asked: str,
        turns: list[Turn],
        times: list[float],
        objectives: list[str],
        principles: list[str],
        countries: list[str],
        year_from: float | None,
        year_to: float | None,
    ) -> Any:
        now = time.monotonic()
        if not (asked or "").strip():
            return conversation(turns), turns, times, asked, gr.skip()
        if too_fast(times, now, settings.app.questions_per_minute):
            turn = Turn(asked, problem="Too many questions within a minute; wait a moment and ask again.")
        else:
            try:
                chosen = make_filters([*objectives, *principles], countries, year_from, year_to)
                turn = ask(desk, settings, asked, turns, chosen)
            except StratmapError as error:
                turn = Turn(asked, problem=str(error))
        now_all = [*turns, turn]
        file = gr.DownloadButton(value=write_markdown(now_all), interactive=True)
        return conversation(now_all), now_all, [*times, now][-1000:], "", file

    question.submit(answer, list(inputs), list(outputs), api_name="ask_in_conversation")
    for number, button in enumerate(tries, 1):
        button.click(
            lambda label=button.value: label,
            None,
            question,
            api_name=f"suggested_{number}",
            api_visibility="undocumented",
        ).then(answer, list(inputs), list(outputs), api_name=f"ask_suggested_{number}", api_visibility="undocumented")


def _wire_api(desk: DeskLike, settings: Settings) -> None:
    def ask_api(question: str) -> dict[str, Any]:
        """Answer one question from the archive, with quotations and their places."""
        turn = ask(desk, settings, question, [], Filters())
        if turn.answer is None:
            raise gr.Error(turn.problem)
        return dataclasses.asdict(turn.answer)

    gr.api(ask_api, api_name="ask")
