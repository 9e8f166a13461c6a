"""The tab *Portfolio*: draws figures, heat map, trends and gaps, and wires the way from a cell to its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from stratmap.app import portfolio
from stratmap.app.printed import PrintedPages, known
from stratmap.app.protocol import DeskLike
from stratmap.app.reader import CHOSEN, LATEST, open_place, wire_reader
from stratmap.app.render import coverage as render
from stratmap.app.render.text import notice
from stratmap.app.theme import caption, panel
from stratmap.errors import StratmapError, UsageError
from stratmap.settings import Settings

_BY = ("Country", "Year")
_MEASURES = ("Counts", "Shares")


def show_portfolio(desk: DeskLike, by: str, measure: str = "Counts") -> str:
    """The heat map by `Country` or `Year`, in `Counts` or `Shares` (of each row's documents)."""
    try:
        held = desk.documents()
        grid = portfolio.grid_of(held, by.lower() if by in _BY else "country")
        drawn = render.heat_map(grid, desk.framework, measure == "Shares") if held else ""
        return render.figures(held) + drawn
    except StratmapError as error:
        return notice(str(error), kind="problem")


def show_rest(desk: DeskLike) -> str:
    """Trends, and what the archive lacks in sentences; nothing where there is no archive (the map says so)."""
    try:
        found = portfolio.coverage_of(desk)
    except StratmapError:
        return ""
    return render.gap_list(found.gaps) + render.trends(found, desk.framework) if found.documents else ""


def show_cell(desk: DeskLike, key: str) -> str:
    """The documents of a cell, `by|code|row`."""
    try:
        by, code, row = _parts(key, 3, "by|code|row")
        found = portfolio.documents_of_cell(desk, by, code, row)
        if not found:
            label = desk.framework.label(code)
            return notice(f"No document on {label.code} {label.name} in {row}.")
        return render.cell_documents(found, desk.framework, code, row)
    except StratmapError as error:
        return notice(str(error), kind="problem")


def show_evidence(desk: DeskLike, evidences: portfolio.Evidences, key: str) -> str:
    """The evidence for a label in a document, `code|doc_id`."""
    try:
        code, doc_id = _parts(key, 2, "code|document")
        label, document = desk.framework.label(code), known(desk, doc_id)
        return render.cell_evidence(document, label, evidences.of(document, label.code))
    except StratmapError as error:
        return notice(str(error), kind="problem")


def _parts(key: str, count: int, form: str) -> list[str]:
    parts = key.split("|", count - 1)
    if len(parts) != count:
        raise UsageError(f"expected {form}, found {key!r:.80}.")
    return parts


@dataclass(frozen=True, slots=True)
class PortfolioTab:
    """The switches, and what is filled when a page opens: panels first, files after them."""

    switches: list[Any]
    panels: list[Any]
    files: list[Any]
    masks: bool


def build(desk: DeskLike, settings: Settings) -> PortfolioTab:
    """Draw the tab and wire its events."""
    with gr.Row(elem_classes="sm-actions sm-switches sm-tools"):
        by = gr.Radio(_BY, value="Country", label="Rows", elem_id="portfolio-by", scale=0, min_width=190)
        measure = gr.Radio(
            _MEASURES, value="Counts", label="Cells", elem_id="portfolio-measure", scale=0, min_width=210
        )
        caption("Download")
        files = [
            gr.DownloadButton(form, size="sm", scale=0, min_width=66, elem_id=f"portfolio-{form.lower()}")
            for form in ("XLSX", "SVG", "PNG")
        ]
    shown = panel("portfolio")
    with gr.Row(elem_classes="sm-ask"):
        with gr.Column(scale=1, min_width=320):
            cell = panel("portfolio-cell")
            evidence = panel("portfolio-evidence")
        with gr.Column(scale=1, min_width=320):
            page = panel("portfolio-page")
            printed = panel("portfolio-printed")
    rest = panel("portfolio-gaps")
    _wire(desk, settings, (by, measure), (shown, cell, evidence, page, printed), files)
    return PortfolioTab([by, measure], [shown, rest], files, settings.privacy.mask_exports)


def files_of(desk: DeskLike, by: str, measure: str, *, covered: bool) -> list[Any]:
    """The buttons with files of the present view; personal data in them covered, if asked."""
    try:
        held = bool(desk.documents())
        shares = measure == "Shares"
        paths = portfolio.write_portfolio(desk, by.lower(), shares, covered=covered) if held else ()
    except StratmapError:
        paths = ()
    return [gr.DownloadButton(value=path, interactive=True) for path in paths] or [
        gr.DownloadButton(interactive=False) for _ in range(3)
    ]


def _wire(
    desk: DeskLike, settings: Settings, switches: tuple[Any, Any], panels: tuple[Any, ...], files: list[Any]
) -> None:
    shown, cell, evidence, page, printed = panels
    covered = settings.privacy.mask_exports
    evidences = portfolio.Evidences(desk)
    key = gr.Textbox(visible=False)
    quiet: dict[str, Any] = {"show_progress": "hidden", **LATEST}
    # One event for both switches, so that two answers cannot overtake each other.
    gr.on(
        [switch.input for switch in switches],
        lambda rows, cells: (
            show_portfolio(desk, rows, cells),
            "",
            "",
            "",
            "",
            *files_of(desk, rows, cells, covered=covered),
        ),
        list(switches),
        [shown, cell, evidence, page, printed, *files],
        api_name="show_portfolio",
        **quiet,
    )
    shown.click(
        lambda chosen: (show_cell(desk, chosen), "", "", ""), key, [cell, evidence, page, printed], js=CHOSEN,
        api_name="portfolio_cell", **quiet,
    )  # fmt: skip
    cell.click(
        lambda chosen: (show_evidence(desk, evidences, chosen), "", ""), key, [evidence, page, printed], js=CHOSEN,
        api_name="portfolio_evidence", show_progress="minimal", **LATEST,
    )  # fmt: skip
    pages = PrintedPages(desk, settings.reading)
    wire_reader(evidence, page, lambda chosen: open_place(desk, chosen), "portfolio_page", printed, pages.show)
