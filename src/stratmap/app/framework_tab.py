"""The tab *Framework*: the desk's framework comes in, the strategy as a picture goes out. It changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from stratmap.app.conversation import archive
from stratmap.app.downloads import write_text
from stratmap.app.protocol import DeskLike
from stratmap.app.render.strategy import Spoken, drawing
from stratmap.app.render.strategy_svg import drawing as svg_drawing
from stratmap.app.theme import caption, panel
from stratmap.framework import Framework
from stratmap.records import IndexedDocument


def spoken_of(framework: Framework, documents: Sequence[IndexedDocument]) -> dict[str, Spoken]:
    """How much of the archive speaks to each label."""
    found = {}
    for code in framework.codes:
        own = [document for document in documents if code in document.labels]
        countries = Counter(country for document in own for country in document.countries)
        years = [document.year for document in own if document.year is not None]
        ordered = tuple(sorted(countries, key=lambda name: (-countries[name], name)))
        span = (min(years), max(years)) if years else None
        found[code] = Spoken(len(own), len(documents), ordered, span)
    return found


def show_framework(desk: DeskLike) -> str:
    """The picture with what the archive says to each part; without an archive all counts are zero."""
    return drawing(desk.framework, spoken_of(desk.framework, archive(desk)))


def write_svg(desk: DeskLike) -> str:
    """The picture as a file."""
    picture = svg_drawing(desk.framework, spoken_of(desk.framework, archive(desk)))
    return write_text("stratmap-strategy.svg", picture)


@dataclass(frozen=True, slots=True)
class FrameworkTab:
    """What is filled when a page opens: the picture, and its file."""

    picture: Any
    file: Any


def build(desk: DeskLike) -> FrameworkTab:
    """Draw the tab."""
    with gr.Row(elem_classes="sm-actions sm-tools sm-end"):
        caption("Download")
        file = gr.DownloadButton("SVG", size="sm", scale=0, min_width=66, elem_id="framework-svg")
    picture = panel("framework", show_framework(desk))
    return FrameworkTab(picture, file)
