"""Starts the server: a desk and settings come in, a running app goes out.

It listens where the settings say (this machine only, unless they say otherwise), sends nothing anywhere, makes
no share link, and tells the browser to load nothing from elsewhere. What passes is decided in `gate` and `guard`.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stratmap.app.protocol import DeskLike
from stratmap.errors import MissingExtra, SettingsError
from stratmap.logs import write_json_lines
from stratmap.settings import AppSettings, Settings

_THREADS = 2


def launch(
    desk: DeskLike,
    settings: Settings,
    *,
    port: int | None = None,
    block: bool = True,
    told: Callable[[str], None] | None = None,
) -> Any:
    """Start the app and, unless `block` is false, serve until interrupted.

    Args:
        desk: What reads, tags and answers.
        settings: `settings.app` names host, port and limits.
        port: Another port than that of the settings; 0 takes a free one.
        block: Whether to wait; if not, the running `gr.Blocks` is returned and `close()` stops it.
        told: Gets the address once the app answers there.

    Raises:
        SettingsError: The users file that the settings name is missing or damaged, or `log` is not known.
        MissingExtra: The settings ask for MCP tools and their extra is not installed.
    """
    _check(settings.app)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    # Uploads of this process only, in a folder that nobody else of this machine can read.
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="stratmap-app-")
    sessions = _sessions(settings.app)
    from stratmap.app.api import as_json
    from stratmap.app.build import build_app
    from stratmap.app.guard import Guard
    from stratmap.app.health import Figures, Watched

    if settings.app.log:
        write_json_lines()
    figures = Figures()
    app = build_app(Watched(desk, figures), settings)
    app.guard = Guard(settings.app, sessions is not None)
    app.queue(default_concurrency_limit=_THREADS, max_size=settings.app.queue_limit)
    chosen = settings.app.port if port is None else port
    app.launch(
        server_port=chosen or None, prevent_thread_lock=True, quiet=True,
        **_options(settings, _before_the_app(desk, settings.app, figures, sessions)),
    )  # fmt: skip
    if app.mcp_server_obj:
        as_json(app.mcp_server_obj)
    if told:
        told(app.local_url)
    if block:
        app.block_thread()
    return app


def _check(settings: AppSettings) -> None:
    """Refuse settings that cannot be kept, before anything is made."""
    if settings.log not in {"", "json"}:
        raise SettingsError(f"settings [app] log: expected json or nothing, found {settings.log!r}.")
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise MissingExtra("MCP", "mcp")


def _sessions(settings: AppSettings) -> Any:
    """Who may come in; None for everybody."""
    if not settings.users_file:
        return None
    from stratmap.accounts import UsersFile
    from stratmap.app.sessions import Sessions

    users = UsersFile(Path(settings.users_file))
    users.accounts()
    return Sessions(users, settings.session_hours)


def _before_the_app(desk: DeskLike, settings: AppSettings, figures: Any, sessions: Any) -> list[Any]:
    """What a request passes before the app, the outermost first."""
    from starlette.middleware import Middleware

    from stratmap.app.gate import Gate, Policy
    from stratmap.app.health import Endpoints
    from stratmap.app.origins import known_hosts

    policy = Policy(known_hosts(settings.host, settings.allowed_hosts), settings.max_request_bytes, sessions)
    outermost = Middleware(Endpoints, desk=desk, figures=figures, metrics=settings.metrics)
    return [outermost, Middleware(Gate, policy=policy)]


def _options(settings: Settings, middleware: list[Any]) -> dict[str, Any]:
    from stratmap.app.theme import stylesheet, theme

    return {
        "server_name": settings.app.host,
        "share": False,
        "show_error": False,
        "footer_links": ["api"],
        "ssr_mode": False,
        "pwa": False,
        "enable_monitoring": False,
        "max_file_size": settings.app.max_upload_bytes,
        "theme": theme(),
        "css": stylesheet(),
        "mcp_server": settings.app.mcp,
        "app_kwargs": {"middleware": middleware},
    }
