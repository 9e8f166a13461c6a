"""`/health`, `/ready` and `/metrics`, in front of the app; and a line in the log for each request.

Comes in: an ASGI application and the desk. Goes out: the same application. `/health` says that the process answers;
`/ready` that a question would be answered: the encoder works, the index opens and, where it searches in Milvus, Milvus
answers. Both say yes or no, never why: reasons stand in the log and in `stratmap doctor`.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable
from typing import Any

from stratmap.app.health.figures import CONTENT_TYPE, Figures
from stratmap.errors import StratmapError
from stratmap.logs import WORDS, failure_of, log

_FRESH_S = 5.0  # a look at index and encoder is good for so long: a prober must not be able to keep them busy
_AREAS = {
    "": "page", "gradio_api": "api", "api": "api", "assets": "assets", "static": "assets", "theme.css": "assets",
    "health": "health", "ready": "health", "metrics": "metrics", "sign-in": "sign-in",
}  # fmt: skip


class Readiness:
    """Whether a question would be answered; looked at anew after a few seconds.

    Args:
        desk: What is looked at.
        figures: Where the result is kept.
    """

    def __init__(self, desk: Any, figures: Figures) -> None:
        self._desk, self._figures = desk, figures
        self._guard = threading.Lock()
        self._until = 0.0
        self._checks: dict[str, bool] = {}

    def checks(self) -> dict[str, bool]:
        """Each check with its outcome."""
        with self._guard:
            if time.monotonic() >= self._until:
                self._checks = {"encoder": _try(self._encodes), "index": _try(self._searches)}
                self._figures.ready.set(all(self._checks.values()))
                self._until = time.monotonic() + _FRESH_S
            return self._checks

    def _encodes(self) -> None:
        encoder = getattr(self._desk, "encoder", None)
        if encoder is not None:
            encoder.encode(["ready"])

    def _searches(self) -> None:
        if getattr(self._desk, "reviews", None) is None:  # no index yet: reports can be tagged all the same
            return
        self._figures.documents.set(len(self._desk.documents()))
        index = self._desk.index
        index.search("ready", self._desk.encoder.encode(["ready"])[0], 1)


class Endpoints:
    """ASGI middleware, the outermost.

    Args:
        app: The application behind it.
        desk: For readiness.
        figures: What counts.
        metrics: Whether `/metrics` is told.
    """

    def __init__(self, app: Any, desk: Any, figures: Figures, metrics: bool) -> None:
        self.app, self._figures, self._metrics = app, figures, metrics
        self._readiness = Readiness(desk, figures)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer the three paths; count the rest and pass it on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = [0]

        async def noting(message: Any) -> None:
            if message["type"] == "http.response.start":
                status[0] = int(message["status"])
            await send(message)

        try:
            answer = self._own(scope)
            if answer is None:
                await self.app(scope, receive, noting)
            else:
                await _reply(noting, *(await asyncio.to_thread(answer)))
        finally:
            self._note(scope, status[0] or 500, time.perf_counter() - started)

    def _own(self, scope: Any) -> Callable[[], tuple[int, str, bytes]] | None:
        if scope["method"] not in {"GET", "HEAD"}:
            return None
        known: dict[str, Callable[[], tuple[int, str, bytes]]] = {"/health": _alive, "/ready": self._ready}
        if self._metrics:
            known["/metrics"] = lambda: (200, CONTENT_TYPE, self._figures.text())
        return known.get(scope["path"])

    def _ready(self) -> tuple[int, str, bytes]:
        checks = self._readiness.checks()
        ready = all(checks.values())
        return (200 if ready else 503), "application/json", json.dumps({"ready": ready, "checks": checks}).encode()

    def _note(self, scope: Any, status: int, seconds: float) -> None:
        area = _AREAS.get(scope["path"].strip("/").split("/")[0].split("=")[0], "other")
        self._figures.requests.labels(area, str(status)).inc()
        self._figures.request_seconds.labels(area).observe(seconds)
        if area != "health":
            method = scope["method"] if scope["method"] in WORDS["method"] else "other"
            log("request", method=method, area=area, status=status, seconds=round(seconds, 4))


def _alive() -> tuple[int, str, bytes]:
    from stratmap import __version__

    return 200, "application/json", json.dumps({"alive": True, "version": __version__}).encode()


async def _reply(send: Any, status: int, kind: str, body: bytes) -> None:
    headers = [
        (b"content-type", kind.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _try(check: Callable[[], None]) -> bool:
    try:
        check()
    except StratmapError as error:
        log("failed", error=failure_of(error))
        return False
    return True
