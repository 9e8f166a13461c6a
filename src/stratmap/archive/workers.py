"""Worker processes: each builds its own tagger, and its death costs one try of one item.

Comes in: items. Goes out: (item, outcome) pairs as they are finished. At most one item a worker is on its way,
which bounds memory. A worker that takes too long is ended. `ProcessPoolExecutor` is not used: when one of its processes
dies it gives up all items and does not say which one was to blame.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from typing import Any

from stratmap.archive.items import Item
from stratmap.archive.patience import PATIENCE, late
from stratmap.archive.work import FindTwin, Known, Outcome, Print, Tag, work
from stratmap.errors import StratmapError, UsageError
from stratmap.settings import Settings

_START_S = 600.0  # to import and load the models


@dataclass(frozen=True, slots=True)
class TaggerFactory:
    """How a worker makes its tagger, said in words so that it travels between processes.

    Attributes:
        target: `package.module:name` of a callable; it gets the settings and `arguments`, and returns a
            tagger: a callable, or an object with a method `tag`.
        arguments: Further arguments, of plain types.
    """

    target: str
    arguments: tuple[Any, ...] = ()

    def build(self, settings: Settings) -> Tag:
        """Make the tagger.

        Raises:
            UsageError: The target does not name a callable.
        """
        module, _, name = self.target.partition(":")
        try:
            make = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
            raise UsageError(f"expected package.module:name of a tagger, found {self.target!r} ({error}).") from error
        made = make(settings, *self.arguments)
        tag: Tag = getattr(made, "tag", made)
        return tag


class _Worker:
    """A process and the item that it works on."""

    def __init__(self, factory: TaggerFactory, settings: Settings) -> None:
        self._arguments = (factory, settings)
        self.item: Item | None = None
        self.start()

    def start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, *self._arguments), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.deadline = time.monotonic() + _START_S

    def give(self, item: Item, patience_s: float) -> None:
        self.item = item
        self.deadline = time.monotonic() + patience_s + (0.0 if self.ready else _START_S)
        try:
            self.pipe.send(item)
        except OSError:  # it has died since; `collect` will see that
            return

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()
        self.process.close()


class Pool:
    """A fixed number of workers. Use as a context manager: leaving it ends them.

    Args:
        jobs: How many; the cores are shared among them.
        factory: How each makes its tagger.
        settings: All settings.
        find_twin: Looks for a finished twin, in this process.
    """

    def __init__(self, jobs: int, factory: TaggerFactory, settings: Settings, find_twin: FindTwin) -> None:
        threads = settings.encoding.threads or max(1, (os.cpu_count() or 1) // jobs)
        self._settings = replace(settings, encoding=replace(settings.encoding, threads=threads))
        self._factory = factory
        self._find_twin = find_twin
        self._jobs = jobs
        self._workers: list[_Worker] = []
        self._patience_s = PATIENCE * settings.reading.timeout_s

    def __enter__(self) -> Pool:
        self._workers = [_Worker(self._factory, self._settings) for _ in range(self._jobs)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.end()

    def outcomes(self, items: Iterator[Item], begin: Callable[[Item], None]) -> Iterator[tuple[Item, Outcome]]:
        """Work on items; `begin` is called when one is given to a worker."""
        exhausted = False
        while True:
            for worker in self._workers:
                if worker.item is None and not exhausted:
                    item = next(items, None)
                    exhausted = item is None
                    if item is not None:
                        begin(item)
                        worker.give(item, self._patience_s)
            busy = [worker for worker in self._workers if worker.item is not None]
            if not busy:
                return
            yield from self._collect(busy)

    def _collect(self, busy: list[_Worker]) -> Iterator[tuple[Item, Outcome]]:
        timeout = max(0.0, min(worker.deadline for worker in busy) - time.monotonic())
        readable = wait([worker.pipe for worker in busy], timeout)
        for worker in busy:
            outcome = self._listen(worker) if worker.pipe in readable else self._late(worker)
            if outcome is not None and worker.item is not None:
                item, worker.item = worker.item, None
                yield item, outcome

    def _listen(self, worker: _Worker) -> Outcome | None:
        try:
            message = worker.pipe.recv()
            if isinstance(message, Outcome):
                return message
            if isinstance(message, UsageError):
                raise message
            if message is None:
                worker.ready = True
                worker.deadline = time.monotonic() + self._patience_s
            else:
                worker.pipe.send(self._find_twin(message))
        except (EOFError, OSError):
            worker.process.join()
            code = worker.process.exitcode
            if not worker.ready:
                raise UsageError(f"a worker ended while it loaded its tagger (exit code {code}); see above.") from None
            _restart(worker)
            return Outcome(reason=f"the process that worked on it ended (exit code {code}); out of memory?")
        return None

    def _late(self, worker: _Worker) -> Outcome | None:
        if time.monotonic() < worker.deadline:
            return None
        _restart(worker)
        return late(self._patience_s)


def _restart(worker: _Worker) -> None:
    """A new process in place of the old one; the item stays, for its outcome to be told."""
    worker.end()
    worker.start()


def _serve(pipe: Connection, factory: TaggerFactory, settings: Settings) -> None:
    """What a worker does until its pipe closes: announce itself, then take items and send outcomes."""

    def ask(found: Print) -> Known | None:
        pipe.send(found)
        known: Known | None = pipe.recv()
        return known

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; it ends its workers
    try:
        try:
            tag = factory.build(settings)
        except StratmapError as error:
            pipe.send(UsageError(f"no tagger: {error}"))
            return
        pipe.send(None)
        while True:
            item = pipe.recv()
            pipe.send(work(item, tag, ask, settings))
    except (EOFError, OSError):  # the run has ended
        return
