"""The two ends of the pipe through which items reach Ray Data, and the worker in its middle.

Comes in: items as JSON, put into the `Feed` by the run. Goes out: outcomes as rows of a data set. The feed is an actor:
the data source takes items from it, workers send their questions for finished twins through it, and every worker asks
it how often an item was begun, so that a document that ends its workers is given up instead of being tried for ever.

Items and outcomes travel as JSON, never as pickle.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

from stratmap.archive.engines.wire import item_from, known_from, outcome_to, print_to
from stratmap.archive.work import Known, Outcome, Print, work
from stratmap.archive.workers import TaggerFactory
from stratmap.settings import Settings

KEY, VALUE = "key", "value"
_LATE_EXIT = 75
_PAUSE_S = 0.01


class Feed:
    """Items on their way to the workers. All methods are calls of an actor."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str]] = deque()
        self._begun: dict[str, int] = {}
        self._asked: deque[str] = deque()
        self._answers: dict[str, asyncio.Future[str]] = {}

    async def put(self, key: str, value: str) -> None:
        """Hand out an item."""
        self._begun[key] = 0
        self._waiting.append((key, value))

    async def take(self) -> tuple[str, str]:
        """The next item, as soon as there is one."""
        while not self._waiting:
            await asyncio.sleep(_PAUSE_S)
        return self._waiting.popleft()

    async def ask(self, key: str, question: str) -> str:
        """Ask the run about a document in work; waits for the answer."""
        self._answers[key] = asyncio.get_running_loop().create_future()
        self._asked.append(question)
        return await self._answers[key]

    async def questions(self, patience_s: float) -> list[str]:
        """Questions that the run has not heard yet, as soon as there is one; none after `patience_s`."""
        for _ in range(int(patience_s / _PAUSE_S)):
            if self._asked:
                break
            await asyncio.sleep(_PAUSE_S)
        found = list(self._asked)
        self._asked.clear()
        return found

    async def answer(self, key: str, known: str) -> None:
        """Answer a question."""
        waiting = self._answers.pop(key, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(known)

    async def begin(self, key: str) -> int:
        """Note that a worker begins an item; returns how often that happened."""
        self._begun[key] = self._begun.get(key, 0) + 1
        return self._begun[key]

    async def forget(self, key: str) -> None:
        """Note that an item is finished with."""
        self._begun.pop(key, None)


class Worker:
    """A class for `map_batches`: loads its tagger once, then works on one item a call.

    Args:
        factory: How to make the tagger.
        settings: All settings.
        feed: Handle of the feed.
        patience_s: Longest time for one item; then the process ends itself, and the item counts as begun.
    """

    def __init__(self, factory: TaggerFactory, settings: Settings, feed: Any, patience_s: float) -> None:
        self._settings, self._feed, self._patience_s = settings, feed, patience_s
        self._tag = factory.build(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Rows of keys and items in, rows of keys and outcomes out."""
        keys = [str(key) for key in batch[KEY]]
        values = [self._outcome(key, str(value)) for key, value in zip(keys, batch[VALUE], strict=True)]
        return {KEY: keys, VALUE: values}

    def _outcome(self, key: str, value: str) -> str:
        import ray

        begun = ray.get(self._feed.begin.remote(key))
        if begun > 1:  # Ray hands it out again, since its worker died; to try again is for the run to decide
            return outcome_to(Outcome(reason="the process that worked on it ended; out of memory, or out of time?"))
        timer = threading.Timer(self._patience_s, os._exit, (_LATE_EXIT,))
        timer.daemon = True
        timer.start()
        try:
            return outcome_to(work(item_from(value), self._tag, self._find_twin, self._settings))
        finally:
            timer.cancel()

    def _find_twin(self, found: Print) -> Known | None:
        import ray

        return known_from(ray.get(self._feed.ask.remote(found.key, print_to(found))))


def blocks_of(feed: Any) -> Iterator[Any]:
    """Blocks of one row, for a read task that never ends: it waits where there is nothing to read."""
    import pyarrow
    import ray

    while True:
        key, value = ray.get(feed.take.remote())
        yield pyarrow.table({KEY: [key], VALUE: [value]})
