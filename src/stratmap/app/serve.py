"""Starts the server: a desk and settings come in, a running app goes out.

It listens where the settings say (this machine only, unless they say otherwise), sends nothing anywhere, makes
no share link, and tells the browser to load nothing from elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from typing import Any

from stratmap.app.protocol import DeskLike
from stratmap.errors import SettingsError
from stratmap.settings import Settings

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_Message = dict[str, Any]
_App = Callable[[_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]]


class OfflineHeaders:
    """ASGI middleware: every answer carries a policy under which the browser asks this server only."""

    def __init__(self, app: _App) -> None:
        self.app = app

    async def __call__(
        self,
        scope: _Message,
        receive: Callable[[], Awaitable[_Message]],
        send: Callable[[_Message], Awaitable[None]],
    ) -> None:
        """Pass a request on and add the headers to its answer."""

        async def with_headers(message: _Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", []), *_HEADERS]}
            await send(message)

        await self.app(scope, receive, with_headers)


def launch(desk: DeskLike, settings: Settings, *, port: int | None = None, block: bool = True) -> Any:
    """Start the app and, unless `block` is false, serve until interrupted.

    Args:
        desk: What reads, tags and answers.
        settings: `settings.app` names host, port and limits.
        port: Another port than that of the settings; 0 takes a free one.
        block: Whether to wait; if not, the running `gr.Blocks` is returned and `close()` stops it.

    Raises:
        SettingsError: The settings ask for a login, which this version does not have.
    """
    if settings.app.users_file:
        raise SettingsError(
            "settings [app] users_file: expected no file, since this version has no login; "
            "leave it empty and keep the app on this machine (host 127.0.0.1)."
        )
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    from stratmap.app.build import build_app

    app = build_app(desk, settings)
    app.queue(default_concurrency_limit=2)
    chosen = settings.app.port if port is None else port
    app.launch(server_port=chosen or None, prevent_thread_lock=not block, quiet=not block, **_options(settings))
    return app


def _options(settings: Settings) -> dict[str, Any]:
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
        "app_kwargs": {"middleware": [_middleware()]},
    }


def _middleware() -> Any:
    from starlette.middleware import Middleware

    return Middleware(OfflineHeaders)
