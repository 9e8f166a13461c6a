"""A drop folder: what appears in it is tagged.

Comes in: paths, and a call that runs over them once. Goes out: the result of each run, as it ends. It polls, which
works on network drives too; a file that still grows is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from stratmap.archive.session import ArchiveResult
from stratmap.archive.sources import find_files
from stratmap.errors import UsageError


def watch(
    paths: Iterable[Path | str],
    out: Path,
    start: Callable[[], ArchiveResult],
    *,
    interval_s: float = 5.0,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[ArchiveResult]:
    """Run again whenever files have appeared, changed or gone, and then stayed the same for one interval.

    Args:
        paths: What is watched.
        out: The folder of results.
        start: Runs once over the same paths and folder.
        interval_s: Seconds between two looks.
        stop: Asked before each look.
    """
    named = list(paths)
    handled: list[tuple[str, int, int]] | None = None
    before: list[tuple[str, int, int]] | None = None
    while not stop():
        now = _look(named, out)
        if now and now == before and now != handled:
            handled = now
            yield start()
        before = now
        time.sleep(interval_s)


def _look(paths: list[Path | str], out: Path) -> list[tuple[str, int, int]]:
    """Names, sizes and times of the files there are; a file that vanishes meanwhile is none."""
    found = []
    try:
        files = find_files(paths, out)
    except UsageError:  # a pattern that fits nothing yet
        return []
    for path in files:
        try:
            state = path.stat()
        except OSError:
            continue
        found.append((str(path), state.st_size, state.st_mtime_ns))
    return found
