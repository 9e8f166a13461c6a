"""The gate before the app: every request passes here first.

Comes in: an ASGI application and a policy. Goes out: the same application behind checks of host and origin, of the
size of a request, and of who is asking; its answers carry security headers, and uploads are never given back. What an
account may do is decided in `guard`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote

from stratmap.accounts import Account
from stratmap.app import sign_in
from stratmap.app.origins import refusal
from stratmap.app.sessions import COOKIE, Refused, Sessions
from stratmap.errors import StratmapError

ACCOUNT = "stratmap.account"  # where the guard finds who is asking, in the scope of a request
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'"
)
BUSY = "Many people are asking at this moment. Wait a few seconds and try again."
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # not no-referrer: forms would come from the origin "null" and be refused
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)
_UPLOAD, _FILE = "/gradio_api/upload", ("/gradio_api/file=", "/gradio_api/file/", "/file=", "/file/")
_OPEN = ("/gradio_api/startup-events", "/health", "/ready")
_MOST_FORM = 4_000
_MOST_PATHS = 100_000
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the gate goes by.

    Attributes:
        hosts: Names under which the app may be asked for.
        most_bytes: Largest request.
        sessions: Who may come in; None for everybody.
        uploads: Paths of uploads, filled by the gate.
    """

    hosts: frozenset[str]
    most_bytes: int
    sessions: Sessions | None = None
    uploads: dict[str, None] = field(default_factory=dict)


class Gate:
    """ASGI middleware.

    Args:
        app: The application behind it.
        policy: What it goes by.
    """

    def __init__(self, app: Application, policy: Policy) -> None:
        self.app, self.policy = app, policy

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:  # the app has no web sockets
            await send({"type": "websocket.close", "code": 1008})

    async def _request(self, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        path = unquote(scope["path"])
        reason = refusal(scope["method"], headers, self.policy.hosts)
        if reason:
            await _answer(send, 403, reason)
        elif _declared(headers) > self.policy.most_bytes:
            await _answer(send, 413, f"Expected at most {self.policy.most_bytes:,} bytes in one request.")
        elif path.startswith(_FILE) and _filed(path) in self.policy.uploads:
            await _answer(send, 403, "Uploads are not given back.")
        elif self.policy.sessions is None or path in _OPEN:
            await self._pass(scope, receive, send, path)
        else:
            await self._known(scope, receive, send, headers)

    async def _known(self, scope: Message, receive: Receive, send: Send, headers: dict[str, str]) -> None:
        """Answer what belongs to signing in; let through who has signed in."""
        sessions = self.policy.sessions
        assert sessions is not None  # noqa: S101  (the caller has looked)
        address, token = _address(scope), _token(headers)
        path, post = scope["path"], scope["method"] == "POST"
        try:
            if path == "/sign-in":
                await (self._sign_in(receive, send, scope) if post else _page(send, 200))
                return
            if path == "/sign-out" and post:
                sessions.close(token)
                await _redirect(send, "sign-in", _cookie("", 0, scope))
                return
            account = sessions.of_token(token) if token else None
            if account is None and "authorization" in headers:
                found = await asyncio.to_thread(sessions.of_header, address, headers["authorization"])
                if isinstance(found, Refused):
                    await _refused(send, found)
                    return
                account = found
        except StratmapError as error:
            await _answer(send, 503, str(error))
            return
        if account is None:
            wants_page = scope["method"] == "GET" and "text/html" in headers.get("accept", "")
            await (_redirect(send, "/sign-in") if wants_page else _answer(send, 401, "Sign in first."))
            return
        scope[ACCOUNT] = account
        await self._pass(scope, receive, send, unquote(path))

    async def _sign_in(self, receive: Receive, send: Send, scope: Message) -> None:
        sessions = self.policy.sessions
        assert sessions is not None  # noqa: S101
        form = parse_qs((await _body(receive, _MOST_FORM)).decode("utf-8", "replace"))
        name, password = (form.get(key, [""])[0] for key in ("name", "password"))
        found = await asyncio.to_thread(sessions.sign_in, _address(scope), name, password)
        if isinstance(found, Account):
            await _redirect(send, "./", _cookie(sessions.open(found), sessions.seconds, scope))
            return
        await _page(send, *_said(found), found.wait)

    async def _pass(self, scope: Message, receive: Receive, send: Send, path: str) -> None:
        """Let a request through, counting what comes and completing what goes."""
        left = self.policy.most_bytes
        keep = bytearray()
        upload = path.rstrip("/") == _UPLOAD and scope["method"] == "POST"
        full = False

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            return message if left >= 0 else {"type": "http.disconnect"}

        async def completed(message: Message) -> None:
            nonlocal full
            if message["type"] == "http.response.start":
                if message["status"] == 503 and path.startswith("/gradio_api/"):
                    full = True
                    return
                message = {**message, "headers": [*message.get("headers", []), *_ALWAYS, _policy(POLICY)]}
            elif full:
                if not message.get("more_body"):
                    await _answer(send, 503, BUSY)
                return
            elif upload and len(keep) < self.policy.most_bytes:
                keep.extend(message.get("body", b""))
                self._note_uploads(keep, message)
            await send(message)

        await self.app(scope, counted, completed)

    def _note_uploads(self, keep: bytearray, message: Message) -> None:
        if message.get("more_body"):
            return
        try:
            paths = json.loads(bytes(keep))
        except ValueError:
            return
        if isinstance(paths, list):
            self.policy.uploads.update(dict.fromkeys(str(path) for path in paths))
            while len(self.policy.uploads) > _MOST_PATHS:
                del self.policy.uploads[next(iter(self.policy.uploads))]


def _declared(headers: dict[str, str]) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _filed(path: str) -> str:
    for start in _FILE:
        if path.startswith(start):
            found = path[len(start) :]
            return found if found.startswith("/") or "=" in start else f"/{found}"
    return ""


def _address(scope: Message) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _token(headers: dict[str, str]) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _cookie(token: str, seconds: int, scope: Message) -> tuple[bytes, bytes]:
    secure = "; Secure" if scope.get("scheme") == "https" else ""
    value = f"{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}"
    return b"set-cookie", value.encode("latin-1")


def _policy(value: str) -> tuple[bytes, bytes]:
    return b"content-security-policy", value.encode("ascii")


def _said(refused: Refused) -> tuple[int, str]:
    if refused.wait > 0:
        return 429, f"Name and password do not match. Wait {max(1, round(refused.wait))} s before the next attempt."
    return 401, "Name and password do not match."


async def _refused(send: Send, refused: Refused) -> None:
    status, said = _said(refused)
    await _answer(send, status, said, _retry(refused.wait))


def _retry(wait: float) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"retry-after", str(max(1, round(wait))).encode()),) if wait > 0 else ()


async def _body(receive: Receive, most: int) -> bytes:
    body = b""
    while len(body) <= most:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body[: most + 1]


async def _answer(send: Send, status: int, said: str, more: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    body = json.dumps({"detail": said, "error": said}).encode()
    await _send(send, status, b"application/json", body, (*more, _policy("default-src 'none'")))


async def _page(send: Send, status: int, problem: str = "", wait: float = 0.0) -> None:
    more = (*_retry(wait), _policy(sign_in.POLICY))
    await _send(send, status, b"text/html; charset=utf-8", sign_in.page(problem), more)


async def _redirect(send: Send, place: str, *more: tuple[bytes, bytes]) -> None:
    await _send(send, 303, b"text/plain", b"", ((b"location", place.encode()), *more))


async def _send(send: Send, status: int, kind: bytes, body: bytes, more: tuple[tuple[bytes, bytes], ...]) -> None:
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, *_ALWAYS, *more]})
    await send({"type": "http.response.body", "body": body})
