"""The process in which Ray lives: it joins a cluster or starts one, and lets items run through a pipeline.

Comes in: messages of the run through a pipe. Goes out: outcomes, questions for finished twins, and signs of life. What
Ray writes goes to a file. It decides nothing: tries, order and results belong to the run. Ray's own usage reports are
switched off.

Messages of the run: `item` KEY ITEM, `known` KEY ANSWER, `forget` KEY. Messages to it: `alive`, `outcome` KEY OUTCOME,
`print` QUESTION, `refused` WHY, `no tagger` WHY. The pipeline runs from the first item until the run closes its end, so
that workers load their models once, whatever has to be tried again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from stratmap.archive.engines.ray_feed import KEY, VALUE, Feed, Worker, blocks_of
from stratmap.archive.workers import TaggerFactory
from stratmap.errors import UsageError
from stratmap.settings import Settings

LEAVE_S = 30.0  # to leave the cluster in good order
_LISTEN_S = 2.0  # how long a call waits for questions
_STARTS = 3  # a busy machine may miss the 30 s that Ray gives itself


class Line:
    """One end of the pipe; messages are lists of strings, as JSON.

    Args:
        pipe: The end.
    """

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._guard = pipe, threading.Lock()

    def send(self, kind: str, *parts: str) -> None:
        """Send a message; from any thread.

        Raises:
            OSError: Nobody is at the other end.
        """
        with self._guard:
            self._pipe.send_bytes(json.dumps([kind, *parts]).encode("ascii"))

    def receive(self, patience_s: float | None = None) -> list[str] | None:
        """The next message; None where none comes in time.

        Raises:
            EOFError: The other end was closed.
            OSError: The pipe broke.
        """
        if not self._pipe.poll(patience_s):
            return None
        message: list[str] = json.loads(self._pipe.recv_bytes())
        return message

    def close(self) -> None:
        """Close this end."""
        self._pipe.close()


def drive(pipe: Connection, factory: TaggerFactory, settings: Settings, jobs: int, patience_s: float, log: str) -> None:
    """Serve the run at the other end until it closes its end; the target of a process.

    Args:
        pipe: To the run.
        factory: How each worker makes its tagger.
        settings: All settings; `archive.ray_address` names the cluster.
        jobs: How many workers.
        patience_s: Longest time for one item.
        log: The file for what Ray writes.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the run; it ends this process
    _write_to(log)
    line = Line(pipe)
    try:
        ray = _started(settings.archive.ray_address, jobs)
        _serve(line, ray, (factory, settings), jobs, patience_s)
        ray.shutdown()
    except Exception as error:  # Ray has many types, plain Exception among them
        with contextlib.suppress(OSError):  # nobody listens where the run has ended
            line.send(*_refusal(error))


def _write_to(log: str) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    handle = os.open(log, os.O_WRONLY | os.O_APPEND)
    for standard in (1, 2):  # Ray's core writes there past Python
        os.dup2(handle, standard)
    os.close(handle)


def _started(address: str, jobs: int) -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray starts
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    where: dict[str, Any] = {"address": address} if address else {"num_cpus": jobs, "include_dashboard": False}
    for attempt in range(1, _STARTS + 1):
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
            return ray
        except Exception:  # plain Exception where its start takes over 30 s
            ray.shutdown()
            if attempt == _STARTS:
                raise


def _serve(line: Line, ray: Any, tagger: tuple[TaggerFactory, Settings], jobs: int, patience_s: float) -> None:
    told: queue.Queue[list[str] | None] = queue.Queue()
    threading.Thread(target=_read, args=(line, told), daemon=True).start()
    feed = ray.remote(Feed).options(num_cpus=0, max_concurrency=1000).remote()
    begun = False
    while (message := told.get()) is not None:
        kind, *parts = message
        if not begun:
            begun = True
            _in_thread(line, _listen, line, ray, feed)
            _in_thread(line, _drain, line, _pipeline(feed, (*tagger, feed, patience_s), jobs))
        if kind == "item":
            feed.put.remote(*parts)
        elif kind == "known":
            feed.answer.remote(*parts)
        elif kind == "forget":
            feed.forget.remote(*parts)


def _read(line: Line, told: queue.Queue[list[str] | None]) -> None:
    """Take messages at once, so that the run never waits for Ray; end with the run, even where Ray hangs."""
    try:
        while True:
            told.put(line.receive())
    except (EOFError, OSError):
        told.put(None)
        time.sleep(LEAVE_S)
        os._exit(1)


def _in_thread(line: Line, work: Callable[..., None], *arguments: Any) -> None:
    def guarded() -> None:
        try:
            work(*arguments)
        except BaseException as error:  # whatever it is, the run has to hear of it
            with contextlib.suppress(OSError):
                line.send(*_refusal(error))

    threading.Thread(target=guarded, daemon=True).start()


def _drain(line: Line, pipeline: Any) -> None:
    for batch in pipeline.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0):
        for key, value in zip(batch[KEY], batch[VALUE], strict=True):
            line.send("outcome", str(key), str(value))
    line.send("refused", "it ended before all results had come")


def _listen(line: Line, ray: Any, feed: Any) -> None:
    while True:
        asked = ray.get(feed.questions.remote(_LISTEN_S))
        line.send("alive")
        for question in asked:
            line.send("print", question)


def _pipeline(feed: Any, arguments: tuple[Any, ...], jobs: int) -> Any:
    from ray.data import ActorPoolStrategy, DataContext, read_datasource
    from ray.data.block import BlockMetadata
    from ray.data.datasource import Datasource, ReadTask

    class FeedSource(Datasource):  # type: ignore[misc]
        """One read task that reads for as long as the feed is open."""

        def get_read_tasks(self, *_: Any, **__: Any) -> list[ReadTask]:
            unknown = BlockMetadata(num_rows=None, size_bytes=None, input_files=None, exec_stats=None)
            return [ReadTask(lambda: blocks_of(feed), unknown)]

        def estimate_inmemory_data_size(self) -> int | None:
            return None

    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.target_min_block_size = 1
    context.target_max_block_size = 1  # an item leaves as soon as it is there; blocks of many would wait for more
    source = read_datasource(FeedSource(), override_num_blocks=1, num_cpus=0)
    # Ray Data starts a worker that died anew and repeats its task without limit; the feed's count is the limit.
    return source.map_batches(
        Worker,
        fn_constructor_args=arguments,
        batch_size=1,
        batch_format="numpy",
        compute=ActorPoolStrategy(size=jobs, max_tasks_in_flight_per_actor=1),
        num_cpus=1,
    )


def _refusal(error: BaseException) -> tuple[str, str]:
    short = _short(error)
    _, mark, why = short.partition(f"{UsageError.__module__}.{UsageError.__name__}: ")
    return ("no tagger", why) if mark else ("refused", short)  # Ray tells what ended a worker as text, in its last line


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1][:200]}" if lines else type(error).__name__
