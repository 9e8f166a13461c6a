"""The reader: the key of a place in the archive comes in, its page with the quotation highlighted goes out.

Used by the tabs that cite the archive. Opens indexed documents only, through the desk; never a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from stratmap.app.protocol import DeskLike
from stratmap.app.render.pages import page_view
from stratmap.app.render.text import notice
from stratmap.errors import StratmapError, UsageError
from stratmap.records import IndexedDocument

CHOSEN = "() => window.stratmapChosen || ''"
# Handlers that fill panels of the page can be called by name and are left out of the lists for programs, which have
# endpoints of their own (`api.py`).
UNLISTED: dict[str, Any] = {"api_visibility": "undocumented"}
QUIET: dict[str, Any] = UNLISTED | {"show_progress": "hidden"}
# A choice made while the one before it is on its way counts: Gradio would drop it, and the panel would not show what
# was chosen last.
LATEST: dict[str, Any] = UNLISTED | {"trigger_mode": "always_last"}


def parse_key(key: str) -> tuple[str, int, int, int, int | None]:
    """The parts of `doc|page index|start|end|page`.

    Raises:
        UsageError: The key has another shape.
    """
    parts = key.rsplit("|", 4)
    try:
        doc_id, page_index, start, end, page = parts
        numbers = int(page_index), int(start), int(end)
        shown = int(page) if page else None
    except ValueError as error:
        raise UsageError(f"expected doc|page index|start|end|page, found {key!r:.80}.") from error
    if min(numbers) < 0:
        raise UsageError(f"expected no negative place, found {key!r:.80}.")
    return doc_id, *numbers, shown


def held(desk: DeskLike, doc_id: str) -> IndexedDocument | None:
    """A document of the archive by its id, None where it is not there."""
    return next((one for one in desk.documents() if one.doc_id == doc_id), None)


def open_place(desk: DeskLike, key: str) -> str:
    """The page of a place as HTML, or what stood in the way."""
    try:
        doc_id, page_index, start, end, page = parse_key(key)
        text = desk.page_text(doc_id, page_index)
        known = held(desk, doc_id)
    except StratmapError as error:
        return notice(str(error), kind="problem")
    title = (known.title or known.name) if known else doc_id
    printed = key if known and known.name.lower().endswith(".pdf") and end > start else ""
    return page_view(title, page, text, start, end, printed)


def wire_reader(
    panel: Any, reader: Any, handler: Callable[[str], str], api_name: str, printed: Any = None, draw: Any = None
) -> None:
    """Let a click on a chip in `panel` fill `reader`, and a click on *Show the printed page* there fill `printed`."""
    key = gr.Textbox(visible=False)
    if printed is None:
        panel.click(handler, key, reader, js=CHOSEN, api_name=api_name, show_progress="hidden", **LATEST)
        return
    panel.click(
        lambda chosen: (handler(chosen), ""),
        key,
        [reader, printed],
        js=CHOSEN,
        api_name=api_name,
        show_progress="hidden",
        **LATEST,
    )
    reader.select(draw, key, printed, js=CHOSEN, api_name=f"{api_name}_printed", show_progress="minimal", **LATEST)
