"""The Ray engine: items stream through a Ray Data pipeline of workers, each of which loads its models once.

Comes in: items. Goes out: (item, outcome) pairs. Nothing but items in progress is on its way: the next one is handed
out when an outcome has come back. Ray starts a worker that died again and gives it the item again; that costs the item
one try, as with local workers. Files are read where the workers run: on a cluster every machine has to see them under
the same path. Ray's own usage reports are switched off.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from stratmap.archive.engines.ray_feed import KEY, VALUE, Feed, Worker, blocks_of
from stratmap.archive.engines.wire import item_to, known_to, outcome_from, print_from
from stratmap.archive.items import Item
from stratmap.archive.patience import PATIENCE
from stratmap.archive.work import FindTwin, Outcome, Print
from stratmap.archive.workers import TaggerFactory
from stratmap.errors import MissingExtra, ServiceError, UsageError
from stratmap.settings import Settings

_AHEAD = 2  # items on their way for each worker: one in work, one waiting beside it
_LISTEN_S = 2.0  # how long a call waits for questions
_SILENT_S = 20.0  # after which such a call counts as not answered: Ray is gone
_START_S = 600.0
_STARTS = 3  # a busy machine may miss the 30 s that Ray gives itself
_END = object()
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
        self._jobs, self._factory, self._find_twin = jobs, factory, find_twin
        threads = settings.encoding.threads or 1
        self._settings = replace(settings, encoding=replace(settings.encoding, threads=threads))
        self._patience_s = PATIENCE * settings.reading.timeout_s
        self._ray = _ray()
        self._ours = False

    def __enter__(self) -> RayEngine:
        """Join the cluster, or start Ray here."""
        if self._ray.is_initialized():
            return self
        address = self._settings.archive.ray_address
        where: dict[str, Any] = (
            {"address": address} if address else {"num_cpus": self._jobs, "include_dashboard": False}
        )
        for attempt in range(_STARTS):
            try:
                self._ray.init(log_to_driver=False, logging_level=logging.ERROR, **where)
                break
            except Exception as error:  # Ray raises plain Exception where its start takes over 30 s
                self._ray.shutdown()
                if attempt + 1 == _STARTS:
                    place = address or "this machine"
                    raise ServiceError(f"expected Ray at {place}, found none ({_short(error)}). {_ADVICE}") from error
        self._ours = True
        return self

    def __exit__(self, *raised: object) -> None:
        """Leave the cluster, or end what was started here; not waiting for one that is gone."""
        if not self._ours:
            return
        if ServiceError in raised[:1]:  # Ray would wait for a minute, then end this process
            threading.Thread(target=self._ray.shutdown, daemon=True).start()
        else:
            self._ray.shutdown()

    def outcomes(self, items: Iterator[Item], begin: Callable[[Item], None]) -> Iterator[tuple[Item, Outcome]]:
        """Work on items; see `Engine`."""
        first = next(items, None)
        if first is None:
            return
        try:
            feed = self._ray.remote(Feed).options(num_cpus=0, max_concurrency=1000).remote()
            results = _Results(self._pipeline(feed), feed, self._ray, self._patience_s)
            yield from self._pass(first, items, begin, feed, results)
        except self._ray.exceptions.RayError as error:
            raise ServiceError(f"Ray failed ({_short(error)}). {_ADVICE}") from error

    def _pass(
        self, first: Item, items: Iterator[Item], begin: Callable[[Item], None], feed: Any, results: _Results
    ) -> Iterator[tuple[Item, Outcome]]:
        out: dict[str, Item] = {}
        handed = False  # the first call waits for the feed's process to start
        item: Item | None = first
        while True:
            while item is not None and len(out) < _AHEAD * self._jobs:
                begin(item)
                out[item.key] = item
                self._ray.get(feed.put.remote(item.key, item_to(item)), timeout=_SILENT_S if handed else _START_S)
                handed, item = True, next(items, None)
            if item is None:
                feed.close.remote()
            if not out:
                results.finish()
                return
            found = results.next()
            if isinstance(found, Print):
                feed.answer.remote(found.key, known_to(self._find_twin(found)))
                continue
            key, outcome = found
            if key in out:  # Ray may give a result twice where a machine was lost
                feed.forget.remote(key)
                yield out.pop(key), outcome

    def _pipeline(self, feed: Any) -> Any:
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
        arguments = (self._factory, self._settings, feed, self._patience_s)
        return source.map_batches(
            Worker,
            fn_constructor_args=arguments,
            batch_size=1,
            batch_format="numpy",
            compute=ActorPoolStrategy(size=self._jobs, max_tasks_in_flight_per_actor=1),
            num_cpus=1,
            max_restarts=-1,  # the feed's count is what limits it
            max_task_retries=-1,
        )


class _Results:
    """Outcomes of a pipeline as they come, questions of its workers, and whether anything can still come."""

    def __init__(self, pipeline: Any, feed: Any, ray: Any, patience_s: float) -> None:
        self._feed, self._ray = feed, ray
        self._patience_s = _START_S + 2 * patience_s
        self._found: queue.Queue[Any] = queue.Queue()
        self._ended = False
        self._thread = threading.Thread(target=self._drain, args=(pipeline,), daemon=True)
        self._thread.start()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _drain(self, pipeline: Any) -> None:
        try:
            for batch in pipeline.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=1):
                for key, value in zip(batch[KEY], batch[VALUE], strict=True):
                    self._found.put((str(key), outcome_from(str(value))))
            self._found.put(_END)
        except BaseException as error:  # whatever it is, the run's own thread has to hear of it
            self._found.put(error)
        self._ended = True

    def _listen(self) -> None:
        """Questions of workers; the call that waits for them also tells whether Ray is there."""
        while not self._ended:
            try:
                asked = self._ray.get(self._feed.questions.remote(_LISTEN_S), timeout=_SILENT_S)
            except Exception as error:  # Ray has many types for a cluster that is gone
                self._found.put(error)
                return
            for question in asked:
                self._found.put(print_from(question))

    def next(self) -> tuple[str, Outcome] | Print:
        """The next outcome or question.

        Raises:
            ServiceError: Ray is gone, or nothing comes any more.
        """
        try:
            found = self._found.get(timeout=self._patience_s)
        except queue.Empty:
            raise ServiceError(f"Ray gave no result for {self._patience_s:.0f} s. {_ADVICE}") from None
        if isinstance(found, tuple | Print):
            return found
        raise _refusal(found)

    def finish(self) -> None:
        """Wait for the pipeline to end, so that its workers are gone before others start."""
        self._thread.join(2 * _SILENT_S)
        self._listener.join(2 * _SILENT_S)


def _refusal(found: Any) -> Exception:
    if isinstance(found, BaseException):
        cause = found
        while cause is not None:
            if isinstance(cause, UsageError) or "UsageError" in type(cause).__name__:
                return UsageError(f"no tagger: {_short(cause)}")
            cause = cause.__cause__  # type: ignore[assignment]
        return ServiceError(f"Ray failed ({_short(found)}). {_ADVICE}")
    return ServiceError(f"Ray ended before all results had come. {_ADVICE}")


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[-1][:200]}" if lines else type(error).__name__


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # read when Ray starts
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingExtra("the engine `ray`", "ray") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    return ray
