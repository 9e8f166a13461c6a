"""The page: a desk comes in, a `gr.Blocks` with one tab for each module goes out. It starts no server."""

from __future__ import annotations

from typing import Any

import gradio as gr

from stratmap.app import ask_tab, framework_tab, portfolio_tab, tag_tab
from stratmap.app.protocol import DeskLike
from stratmap.app.theme import behaviour
from stratmap.settings import Settings

_HEADER = (
    '<header class="sm-header"><div><h1>stratmap</h1><p>Reports mapped to the strategy, with the passages that '
    'justify every tag.</p></div><button type="button" class="sm-button" data-theme="1" '
    'aria-label="Switch between light and dark">Light / dark</button></header>'
)
_HOUR, _DAY = 3_600, 86_400


def build_app(desk: DeskLike, settings: Settings | None = None) -> gr.Blocks:
    """Build the app over a desk.

    Args:
        desk: What reads, tags and answers.
        settings: Limits of uploads, pasted texts and questions; the defaults where left out.
    """
    chosen = settings or Settings()
    with gr.Blocks(title="stratmap", analytics_enabled=False, fill_width=False, delete_cache=(_HOUR, _DAY)) as app:
        gr.HTML(_HEADER, js_on_load=behaviour(), apply_default_css=False)
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Tag", id="tag"):
                tag_tab.build(desk, chosen)
            with gr.Tab("Ask", id="ask"):
                asking = ask_tab.build(desk, chosen)
            with gr.Tab("Framework", id="framework"):
                picture = framework_tab.build(desk)
            with gr.Tab("Portfolio", id="portfolio"):
                by, coverage, gaps = portfolio_tab.build(desk)

        def refresh(rows: str) -> tuple[Any, ...]:
            return (
                *asking.refreshed(desk),
                framework_tab.show_framework(desk),
                portfolio_tab.show_portfolio(desk, rows),
                portfolio_tab.show_gaps(desk),
            )

        app.load(refresh, by, [*asking.parts, picture, coverage, gaps], api_name="refresh", show_progress="hidden")
    return app
