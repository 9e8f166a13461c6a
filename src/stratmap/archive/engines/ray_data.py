"""The Ray engine: items stream through a Ray Data pipeline of workers, each of which loads its models once.

Comes in: items. Goes out: (item, outcome) pairs. Nothing but items in progress is on its way: the next one is handed
out when an outcome has come back. Ray starts a worker that died again and gives it the item again; that costs the item
one try, as with local workers. Files are read where the workers run: on a cluster every machine has to see them under
the same path.

Ray itself is never loaded here: when its head is gone it ends the process that it lives in. So it lives in one of its
own (`ray_driver`), whose end, silence and refusals become one error here.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from stratmap.archive.engines.ray_driver import LEAVE_S, Line, drive
from stratmap.archive.engines.wire import item_to, known_to, outcome_from, print_from
from stratmap.archive.items import Item
from stratmap.archive.patience import PATIENCE
from stratmap.archive.work import FindTwin, Outcome
from stratmap.archive.workers import TaggerFactory
from stratmap.errors import MissingExtra, ServiceError, UsageError
from stratmap.settings import Settings

_AHEAD = 2  # items on their way for each worker: one in work, one waiting beside it
_SILENT_S = 60.0  # without a sign of life, of which there is one every two seconds; a busy machine may be slow
_START_S = 600.0  # to start Ray, and the first process of a pass
_ADVICE = "What was finished is kept: start the same command again, or take --engine local."


class RayEngine:
    """Workers on a Ray cluster, or on this machine where no address is named.

    Args:
        jobs: How many workers.
        factory: How each makes its tagger.
        settings: `archive.ray_address` names the cluster.
        find_twin: Looks for a finished twin, in this process.

    Raises:
        MissingExtra: Ray is not installed.
    """

    def __init__(self, jobs: int, factory: TaggerFactory, settings: Settings, find_twin: FindTwin) -> None:
        if any(importlib.util.find_spec(name) is None for name in ("ray", "pyarrow")):
            raise MissingExtra("the engine `ray`", "ray")
        self._jobs, self._find_twin = jobs, find_twin
        threads = settings.encoding.threads or 1
        settings = replace(settings, encoding=replace(settings.encoding, threads=threads))
        self._place = settings.archive.ray_address or "this machine"
        self._patience_s = PATIENCE * settings.reading.timeout_s
        self._arguments = (factory, settings, jobs, self._patience_s)
        self._silent_s = _START_S

    def __enter__(self) -> RayEngine:
        """Start the process in which Ray lives; it joins the cluster, or starts Ray here."""
        handle, name = tempfile.mkstemp(prefix="stratmap-ray-", suffix=".log")
        os.close(handle)
        self._log = Path(name)
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._line = Line(ours)
        self._process = context.Process(target=drive, args=(theirs, *self._arguments, name))
        self._process.start()
        theirs.close()
        return self

    def __exit__(self, *raised: object) -> None:
        """End it. Where Ray failed its own messages stay in their file, which the error names."""
        self._line.close()
        failed = ServiceError in raised[:1]
        self._process.join(0 if failed else LEAVE_S)
        self._process.kill()  # what it started on this machine ends with it
        self._process.join()
        if not failed:
            self._log.unlink(missing_ok=True)

    def outcomes(self, items: Iterator[Item], begin: Callable[[Item], None]) -> Iterator[tuple[Item, Outcome]]:
        """Work on items; see `Engine`."""
        out: dict[str, Item] = {}
        exhausted = False
        while True:
            while not exhausted and len(out) < _AHEAD * self._jobs:
                item = next(items, None)
                exhausted = item is None
                if item is not None:
                    begin(item)
                    out[item.key] = item
                    self._tell("item", item.key, item_to(item))
            if not out:
                return
            kind, *parts = self._hear()
            if kind == "print":
                found = print_from(parts[0])
                self._tell("known", found.key, known_to(self._find_twin(found)))
            elif parts[0] in out:  # Ray may give a result twice where a machine was lost
                self._tell("forget", parts[0])
                yield out.pop(parts[0]), outcome_from(parts[1])

    def _tell(self, kind: str, *parts: str) -> None:
        try:
            self._line.send(kind, *parts)
        except OSError:
            raise self._ended() from None

    def _hear(self) -> list[str]:
        """The next message that is more than a sign of life.

        Raises:
            ServiceError: Ray is gone, silent, or gives no result any more.
            UsageError: A worker cannot make its tagger.
        """
        patience_s = _START_S + 2 * self._patience_s
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            try:
                message = self._line.receive(self._silent_s)
            except (EOFError, OSError):
                raise self._ended() from None
            if message is None:
                raise self._gone(f"no sign of life for {self._silent_s:.0f} s")
            if message[0] == "no tagger":
                raise UsageError(f"no tagger: {message[1]}")
            if message[0] == "refused":
                raise self._gone(message[1])
            if message[0] != "alive":
                return message
            self._silent_s = _SILENT_S
        raise self._gone(f"no result for {patience_s:.0f} s")

    def _ended(self) -> ServiceError:
        self._process.join(LEAVE_S)
        code = self._process.exitcode
        return self._gone(f"it ended its process here with code {code}, as it does when its head is lost")

    def _gone(self, detail: str) -> ServiceError:
        return ServiceError(
            f"expected Ray at {self._place} to work on the documents, found it gone or failing ({detail}). {_ADVICE} "
            f"Ray's own messages are in {self._log}."
        )
