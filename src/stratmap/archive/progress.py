"""How far a run is.

Comes in: counts and a clock. Goes out: rate, remaining time, and a line for a log. It prints nothing.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

_WINDOW = 200  # items over which the rate is taken


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    Attributes:
        done: Items with a result, those of earlier runs included.
        failed: Items set aside.
        total: Items in all; for lists and packed files an estimate until they have been read.
        pages: Pages tagged in this run.
        per_second: Items a second, lately; 0 where nothing is known yet.
        remaining_s: Seconds to go at that rate, None where nothing is known yet.
    """

    done: int
    failed: int
    total: int
    pages: int
    per_second: float
    remaining_s: float | None

    def line(self) -> str:
        """One line for a log.

        >>> Progress(10, 1, 100, 55, 2.0, 44.5).line()
        '11 of about 100 documents (1 set aside), 2.0 a second, 0:00:44 to go'
        """
        head = f"{self.done + self.failed:,} of about {self.total:,} documents ({self.failed:,} set aside)"
        if self.remaining_s is None:
            return head
        seconds = int(self.remaining_s)
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"{head}, {self.per_second:.1f} a second, {clock} to go"


class Meter:
    """Counts items and keeps the times of the last ones."""

    def __init__(self, total: int, now: float) -> None:
        self.total = total
        self.done = self.failed = self.pages = 0
        self._times: deque[float] = deque([now], _WINDOW)

    def skip(self, state: str) -> None:
        """Count an item that an earlier run finished or set aside."""
        self.done += state == "done"
        self.failed += state == "failed"

    def tick(self, state: str, pages: int, now: float) -> Progress:
        """Count an item of this run."""
        self.skip(state)
        self.pages += pages
        self._times.append(now)
        total = max(self.total, self.done + self.failed)
        span = self._times[-1] - self._times[0]
        rate = (len(self._times) - 1) / span if span > 0 else 0.0
        left = (total - self.done - self.failed) / rate if rate else None
        return Progress(self.done, self.failed, total, self.pages, rate, left)
