"""Under the review: retraining with its figures, versions, the workbook of corrections, and the corrections that stand.

Plain functions first, their wiring last. What is decided is decided in `stratmap.reviewing`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from stratmap.app.correcting import author_of, reviews_of
from stratmap.app.downloads import fresh
from stratmap.app.protocol import DeskLike
from stratmap.app.reader import CHOSEN, UNLISTED
from stratmap.app.render import versions as render
from stratmap.app.render.text import notice, plural
from stratmap.app.theme import panel
from stratmap.errors import LimitExceeded, StratmapError, UsageError
from stratmap.reviewing.corrections import standing
from stratmap.reviewing.exchange import export_sheet, import_sheet
from stratmap.settings import Settings

_PRESS = "() => setTimeout(() => document.querySelector('#corrections-ready')?.click(), 250)"


def shown(desk: DeskLike) -> tuple[str, str, str]:
    """What a retraining would learn from, the versions, and the corrections that stand."""
    try:
        reviews = reviews_of(desk)
        corrections = reviews.corrections.all()
        stands = standing(corrections).values()
        active = reviews.versions.active()
        verdicts = sum(len(one.verdicts) for one in stands)
        wrong = sum(len(places) for one in stands for places in one.wrong.values())
        return (
            render.learned_line(verdicts, wrong, active),
            render.version_list(reviews.list_versions(), active),
            render.correction_list(corrections),
        )
    except StratmapError as error:
        return notice(str(error)), "", ""


def retrain(desk: DeskLike, author: str) -> str:
    """Retrain; the figures, or why it could not be done."""
    try:
        return render.outcome(reviews_of(desk).retrain(author), desk.framework)
    except StratmapError as error:
        return notice(str(error), "Not retrained:", "problem")


def restore(desk: DeskLike, name: str) -> str:
    """Use a version; a sentence."""
    try:
        changed = reviews_of(desk).restore(name)
    except StratmapError as error:
        return notice(str(error), kind="problem")
    said = "The tagger as it came" if name == "shipped" else f"Version {name}"
    told = f"{plural(changed, 'document')} of the archive {'has' if changed == 1 else 'have'} other labels now"
    return notice(f"{said} is in use; {told}.", kind="good")


def take_back(desk: DeskLike, number: str) -> None:
    """Undo one correction by its number.

    Raises:
        UsageError: That is no number.
    """
    if not number.isdecimal():
        raise UsageError(f"expected the number of a correction, found {number!r:.20}.")
    reviews_of(desk).undo([int(number)])


def write_workbook(desk: DeskLike, *, covered: bool = False) -> str:
    """The workbook of corrections, personal data in it covered if asked; the address of the file."""
    path = fresh("stratmap-corrections.xlsx")
    export_sheet(reviews_of(desk), path, covered=covered)
    return str(path)


def take_workbook(desk: DeskLike, settings: Settings, path: str, author: str, *, dry: bool) -> tuple[str, bool]:
    """What a workbook changes, and whether there is anything to confirm; unless dry, it is changed."""
    try:
        size = Path(path).stat().st_size
        if size > settings.app.max_upload_bytes:
            raise LimitExceeded(
                "workbook", f"expected at most {settings.app.max_upload_bytes:,} bytes, found {size:,}."
            )
        found = import_sheet(reviews_of(desk), Path(path), author, settings.reading, dry=dry)
    except StratmapError as error:
        return notice(str(error), kind="problem"), False
    if not dry:
        return notice(render.kept_line(found), "Kept.", "good"), False
    return render.preview_table(found, desk.framework), bool(found.changes)


def build(desk: DeskLike, settings: Settings, author: Any) -> tuple[Any, list[Any]]:
    """Draw the panels and wire their events; returns what tells of another version in use, and what `shown` fills."""
    gr.HTML('<h2 class="sm-h2">Let the tagger learn</h2>', apply_default_css=False)
    learned = gr.HTML(elem_id="learned", apply_default_css=False)
    with gr.Row(elem_classes="sm-actions"):
        go = gr.Button("Retrain", variant="primary", elem_id="retrain", scale=0, min_width=140)
        out = gr.Button("Download the workbook", scale=0, min_width=230, elem_id="corrections-xlsx")
        ready = gr.DownloadButton("The workbook", elem_id="corrections-ready")  # not shown; pressed when it is written
    result = gr.HTML(elem_id="retrained", apply_default_css=False)
    with gr.Accordion("Import an edited workbook", open=False, elem_id="take-workbook"):
        file = gr.File(label="Workbook (XLSX)", file_types=[".xlsx"], height=120, elem_id="corrections-file")
        preview = gr.HTML(elem_id="corrections-preview", apply_default_css=False)
        confirm = gr.Button("Make these changes", variant="primary", visible=False, elem_id="corrections-confirm")
    with gr.Row(equal_height=False):
        with gr.Column(min_width=320):
            versions = panel("versions")
        with gr.Column(min_width=320):
            corrections = panel("corrections")
    panels = [learned, versions, corrections]
    _wire_versions(desk, author, go, result, panels)
    _wire_workbook(desk, settings, author, ((out, ready), file, preview, confirm), panels)
    return result, panels


def _wire_versions(desk: DeskLike, author: Any, go: Any, result: Any, panels: list[Any]) -> None:
    key = gr.Textbox(visible=False)

    def learn(name: str, request: gr.Request) -> Any:
        return retrain(desk, author_of(name, request)), *shown(desk)

    def use(name: str) -> Any:
        return restore(desk, name), *shown(desk)

    def undo(number: str) -> Any:
        try:
            take_back(desk, number)
        except StratmapError as error:
            return notice(str(error), kind="problem"), *shown(desk)
        return "", *shown(desk)

    go.click(learn, author, [result, *panels], api_name="retrain_now", **UNLISTED)
    panels[1].click(use, key, [result, *panels], js=CHOSEN, api_name="restore_version", **UNLISTED)
    panels[2].edit(
        undo, key, [result, *panels], js=CHOSEN, api_name="undo_correction", show_progress="hidden", **UNLISTED
    )


def _wire_workbook(desk: DeskLike, settings: Settings, author: Any, parts: Any, panels: list[Any]) -> None:
    (out, ready), file, preview, confirm = parts

    def look(path: str | None, name: str, request: gr.Request) -> Any:
        if not path:
            return "", gr.Button(visible=False)
        told, some = take_workbook(desk, settings, path, author_of(name, request), dry=True)
        return told, gr.Button(visible=some)

    def take(path: str | None, name: str, request: gr.Request) -> Any:
        if not path:
            return "", gr.Button(visible=False), *shown(desk)
        told, _ = take_workbook(desk, settings, path, author_of(name, request), dry=False)
        return told, gr.Button(visible=False), *shown(desk)

    def write() -> Any:
        try:
            return write_workbook(desk, covered=settings.privacy.mask_exports)
        except StratmapError as error:
            raise gr.Error(str(error), print_exception=False) from error

    out.click(write, None, ready, api_name="corrections_workbook", **UNLISTED).then(None, None, None, js=_PRESS)
    file.change(look, [file, author], [preview, confirm], api_name="preview_corrections", **UNLISTED)
    confirm.click(take, [file, author], [preview, confirm, *panels], api_name="corrections_import", **UNLISTED)
