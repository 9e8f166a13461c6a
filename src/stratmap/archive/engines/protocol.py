"""What an engine is, and which one a name stands for.

Comes in: a name, the number of workers, a factory of taggers. Goes out: an `Engine`. A heavy engine is imported when it
is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from stratmap.archive.items import Item
from stratmap.archive.work import FindTwin, Outcome
from stratmap.archive.workers import Pool, TaggerFactory
from stratmap.errors import UsageError
from stratmap.settings import Settings

ENGINES = ("local", "ray")


class Engine(Protocol):
    """Works on items. Use as a context manager: leaving it ends its workers."""

    def __enter__(self) -> Engine:
        """Start the workers."""
        ...

    def __exit__(self, *_: object) -> None:
        """End them."""
        ...

    def outcomes(self, items: Iterator[Item], begin: Callable[[Item], None]) -> Iterator[tuple[Item, Outcome]]:
        """Work on items; `begin` is called, in this thread, when one is handed to a worker.

        No more items are on their way than the workers need, so that memory and what a crash costs are bounded.

        Raises:
            ServiceError: The engine is gone.
        """
        ...


def open_engine(name: str, jobs: int, factory: TaggerFactory, settings: Settings, find_twin: FindTwin) -> Engine:
    """An engine by its name.

    Args:
        name: One of `ENGINES`.
        jobs: How many workers.
        factory: How each makes its tagger.
        settings: All settings.
        find_twin: Looks for a finished twin of a document, in this process.

    Raises:
        UsageError: There is no such engine.
        MissingExtra: Its extra is not installed.
    """
    if name == "local":
        return Pool(jobs, factory, settings, find_twin)
    if name == "ray":
        from stratmap.archive.engines.ray_data import RayEngine

        return RayEngine(jobs, factory, settings, find_twin)
    raise UsageError(f"expected one of {', '.join(ENGINES)} as engine, found {name!r}.")
