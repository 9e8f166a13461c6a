"""The page: a desk comes in, a `gr.Blocks` with one tab for each module goes out. It starts no server."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from stratmap.app import api, archive_tab, ask_tab, framework_tab, portfolio_tab, review_tab, tag_tab
from stratmap.app.guard import GuardedBlocks, account_of
from stratmap.app.protocol import DeskLike
from stratmap.app.reader import UNLISTED
from stratmap.app.render.header import header as render_header
from stratmap.app.theme import panel
from stratmap.settings import Settings

_HOUR, _DAY = 3_600, 86_400


def build_app(desk: DeskLike, settings: Settings | None = None) -> gr.Blocks:
    """Build the app over a desk.

    Args:
        desk: What reads, tags and answers.
        settings: Limits of uploads, pasted texts and questions; the defaults where left out.
    """
    chosen = settings or Settings()
    with GuardedBlocks(title="stratmap", analytics_enabled=False, fill_width=False, delete_cache=(_HOUR, _DAY)) as app:
        header = panel(value=render_header())
        author = gr.Textbox(
            label="Your name", placeholder="kept with each correction", elem_id="author", scale=1, render=False
        )
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Tag", id="tag"):
                tagged = tag_tab.build(desk, chosen)
            with gr.Tab("Review", id="review") as reviewing:
                scope, learned, review = review_tab.build(desk, chosen, author, tagged.state)
            with gr.Tab("Ask", id="ask"):
                asking = ask_tab.build(desk, chosen)
            with gr.Tab("Framework", id="framework"):
                strategy = framework_tab.build(desk)
            with gr.Tab("Portfolio", id="portfolio"):
                covered = portfolio_tab.build(desk, chosen)
            with gr.Tab("Archive", id="archive") as archive:
                wanted, held = archive_tab.build(desk, chosen)

        tag_tab.wire_corrections(desk, tagged, author, learned)
        reviewing.select(
            lambda where, reports: review_tab.opened(desk, where, reports),
            [scope, tagged.state],
            review,
            api_name="review_open",
            show_progress="hidden",
            **UNLISTED,
        )
        archive.select(
            lambda words: archive_tab.show(desk, words),
            wanted,
            held,
            api_name="show_documents",
            show_progress="hidden",
            **UNLISTED,
        )
        api.build(desk, chosen)
        _wire_opening(app, desk, header, asking, strategy, covered)
    _list_for_programs(app)
    return app


def _wire_opening(
    app: gr.Blocks,
    desk: DeskLike,
    header: Any,
    asking: ask_tab.AskTab,
    strategy: framework_tab.FrameworkTab,
    covered: portfolio_tab.PortfolioTab,
) -> None:
    """Fill what depends on the archive and on who has signed in when the page opens, files last."""

    def refresh(by: str, measure: str, request: gr.Request) -> tuple[Any, ...]:
        account = account_of(request)
        return (
            render_header(account.name if account else "", account.role if account else ""),
            *asking.refreshed(desk),
            framework_tab.show_framework(desk),
            portfolio_tab.show_portfolio(desk, by, measure),
            portfolio_tab.show_rest(desk),
        )

    app.load(
        refresh,
        covered.switches,
        [header, *asking.parts, strategy.picture, *covered.panels],
        api_name="refresh",
        show_progress="hidden",
        **UNLISTED,
    ).then(
        lambda by, measure: [
            framework_tab.write_svg(desk),
            *portfolio_tab.files_of(desk, by, measure, covered=covered.masks),
        ],
        covered.switches,
        [strategy.file, *covered.files],
        api_name="write_pictures",
        show_progress="hidden",
        **UNLISTED,
    )


def _list_for_programs(app: gr.Blocks) -> None:
    """Let lists of endpoints and MCP tools show the actions for programs only, not what fills the page's panels."""
    for action in app.fns.values():
        if not all(isinstance(part, Api) for part in (*action.inputs, *action.outputs)) or not action.outputs:
            action.api_visibility = "undocumented" if action.api_visibility == "public" else action.api_visibility
