"""The guard at the one door through which every action goes, whether asked by page, program or MCP.

Comes in: the name of an action, its inputs and the request. Goes out: nothing, or a refusal with its reason. It knows
who is asking from `gate`; without a users file everybody may do everything, and limits count by session.
"""

from __future__ import annotations

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from stratmap.accounts import Account
from stratmap.app.gate import ACCOUNT, BUSY
from stratmap.app.permissions import role_of
from stratmap.settings import AppSettings

_ASKS = re.compile(r"ask($|_)")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")  # two signs at least: a single one is a drive
_MOST_KEYS = 20_000
_MOST_DEPTH = 20
_SESSIONS_OF_AN_ADDRESS = 10


class Guard:
    """Roles, rates, and what a file may be.

    Args:
        settings: Limits.
        login: Whether people sign in.
        clock: Seconds that only go forward.
    """

    def __init__(self, settings: AppSettings, login: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._login, self._clock = settings, login, clock
        self._lock = threading.Lock()
        self._asked: OrderedDict[str, deque[float]] = OrderedDict()
        self._running = 0

    def check(self, action: str, inputs: Any, request: Any) -> None:
        """Let an action pass.

        Raises:
            gr.Error: It may not: the role is too low, questions come too fast, or a file is no upload.
        """
        account = account_of(request)
        if self._login and (account is None or not account.may(role_of(action))):
            raise gr.Error(
                f"This needs the role {role_of(action)}. Ask an administrator for it.", print_exception=False
            )
        if _ASKS.match(action):
            self._count(account, request)
        if _names_an_address(inputs):
            raise gr.Error("Expected an uploaded file, found an address; nothing was fetched.", print_exception=False)

    @contextmanager
    def direct(self) -> Iterator[None]:
        """Bound the calls that do not wait in the queue.

        Raises:
            gr.Error: Too many are running.
        """
        with self._lock:
            if self._running >= self._settings.queue_limit:
                raise gr.Error(BUSY, print_exception=False)
            self._running += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= 1

    def _count(self, account: Account | None, request: Any) -> None:
        most = self._settings.questions_per_minute
        if most == 0:
            return
        address = str(getattr(getattr(request, "client", None), "host", "") or "")
        keys = {f"name {account.name}": most} if account else {
            f"session {address} {getattr(request, 'session_hash', '')}": most,
            f"address {address}": most * _SESSIONS_OF_AN_ADDRESS,
        }  # fmt: skip
        now = self._clock()
        with self._lock:
            queues = {key: self._recent(key, now) for key in keys}
            if any(len(queues[key]) >= limit for key, limit in keys.items()):
                raise gr.Error(
                    f"Expected at most {most} questions a minute. Wait a moment and ask again.", print_exception=False
                )
            for queue in queues.values():
                queue.append(now)

    def _recent(self, key: str, now: float) -> deque[float]:
        queue = self._asked.setdefault(key, deque())
        self._asked.move_to_end(key)
        while queue and now - queue[0] >= 60:
            queue.popleft()
        while len(self._asked) > _MOST_KEYS:
            self._asked.popitem(last=False)
        return queue


def account_of(request: Any) -> Account | None:
    """Who is asking, None where people do not sign in."""
    inner = getattr(request, "request", None) or request
    scope = getattr(inner, "scope", None)
    found = scope.get(ACCOUNT) if scope is not None else None
    return found if isinstance(found, Account) else None


def _names_an_address(value: Any, depth: int = 0) -> bool:
    """Whether a file among the inputs is named by an address in place of an upload."""
    if depth > _MOST_DEPTH:
        return True
    if isinstance(value, dict):
        if "path" in value or "url" in value:
            path = value.get("path")
            if not isinstance(path, str) or _ADDRESS.match(path):
                return path is not None or value.get("url") is not None
        return any(_names_an_address(item, depth + 1) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_names_an_address(item, depth + 1) for item in value)
    return False


class GuardedBlocks(gr.Blocks):  # type: ignore[misc]
    """A page whose every action passes the guard; see `Guard`."""

    guard: Guard | None = None

    async def process_api(
        self, block_fn: Any, inputs: Any, state: Any = None, request: Any = None, iterator: Any = None, **rest: Any
    ) -> dict[str, Any]:
        """Run one action, or refuse it."""
        fn = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        rest = {"state": state, "request": request, "iterator": iterator, **rest}
        if self.guard is None:
            return dict(await super().process_api(fn, inputs, **rest))
        if iterator is None:  # later steps of a streamed answer have passed with the first
            one = request[0] if isinstance(request, list) and request else request
            self.guard.check(str(fn.api_name or ""), inputs, one)
        if fn.queue is False:
            with self.guard.direct():
                return dict(await super().process_api(fn, inputs, **rest))
        return dict(await super().process_api(fn, inputs, **rest))
