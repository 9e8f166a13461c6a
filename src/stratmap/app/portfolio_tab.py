"""The tab *Portfolio*: the archive's documents come in; heat map, counts and gaps go out. It tags nothing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from stratmap.app.protocol import DeskLike
from stratmap.app.render.coverage import cell_documents, gap_list, portfolio, rows_of
from stratmap.app.render.text import notice
from stratmap.app.theme import behaviour
from stratmap.errors import StratmapError, UsageError

_CHOSEN = "() => window.stratmapChosen || ''"


def show_portfolio(desk: DeskLike, by: str) -> str:
    """The whole archive on one page, by `country` or by `year`."""
    try:
        return portfolio(desk.documents(), desk.framework, "year" if by.lower() == "year" else "country")
    except StratmapError as error:
        return notice(str(error), kind="problem")


def show_gaps(desk: DeskLike) -> str:
    """What the archive lacks, in sentences; nothing where there is no archive (the map says so)."""
    try:
        return gap_list(desk.documents(), desk.framework)
    except StratmapError:
        return ""


def show_cell(desk: DeskLike, key: str) -> str:
    """The documents of a cell, `by|code|row`."""
    try:
        by, code, row = _parts(key)
        label = desk.framework.label(code)
        found = [d for d in desk.documents() if label.code in d.labels and row in rows_of(d, by)]
        if not found:
            return notice(f"No document on {label.code} {label.name} in {row}.")
        return cell_documents(found, desk.framework, code, row)
    except StratmapError as error:
        return notice(str(error), kind="problem")


def _parts(key: str) -> tuple[str, str, str]:
    parts = key.split("|", 2)
    if len(parts) != 3:
        raise UsageError(f"expected by|code|row, found {key!r:.80}.")
    return parts[0], parts[1], parts[2]


def build(desk: DeskLike) -> tuple[Any, Any, Any]:
    """Draw the tab; returns the switch, the map and the gaps, to be filled when a page opens."""
    by = gr.Radio(["Country", "Year"], value="Country", label="Rows", elem_id="portfolio-by")
    shown = gr.HTML(elem_id="portfolio", js_on_load=behaviour(), apply_default_css=False)
    cell = gr.HTML(elem_id="portfolio-cell", js_on_load=behaviour(), apply_default_css=False)
    gaps = gr.HTML(elem_id="portfolio-gaps", apply_default_css=False)
    key = gr.Textbox(visible=False)
    by.input(lambda value: (show_portfolio(desk, value), ""), by, [shown, cell], api_name="portfolio")
    shown.click(lambda k: show_cell(desk, k), key, cell, js=_CHOSEN, api_name="portfolio_cell", show_progress="hidden")
    return by, shown, gaps
