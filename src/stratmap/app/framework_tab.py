"""The tab *Framework*: the desk's framework comes in, the strategy as a picture goes out. It changes nothing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from stratmap.app.protocol import DeskLike
from stratmap.app.render.coverage import label_counts
from stratmap.app.render.strategy import drawing
from stratmap.app.theme import behaviour
from stratmap.errors import StratmapError


def show_framework(desk: DeskLike) -> str:
    """The picture with the archive's counts; without an archive all counts are zero."""
    try:
        counts = label_counts(desk.documents())
    except StratmapError:
        counts = label_counts([])
    return drawing(desk.framework, counts)


def build(desk: DeskLike) -> Any:
    """Draw the tab; returns the panel, to be filled when a page opens."""
    return gr.HTML(show_framework(desk), elem_id="framework", js_on_load=behaviour(), apply_default_css=False)
