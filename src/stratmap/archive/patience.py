"""A time limit for one item where there is no worker process that could be ended.

Comes in: seconds and a piece of work. Goes out: its outcome, or one that says that it took too long. It interrupts
Python at its next step: a parser of a foreign format that hangs is ended by `reading`, which has it in a child. Where
there are no interval timers (Windows), or outside the main thread, there is no limit.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from stratmap.archive.work import Outcome

PATIENCE = 5  # times the time limit of reading: the time for reading and tagging one item


class _TookTooLong(Exception):
    """Raised in the middle of the work."""


def within(seconds: float, work: Callable[[], Outcome]) -> Outcome:
    """Do the work, or give it up when the time is over."""
    try:
        with _alarm(seconds) as rung:
            outcome = work()
    except _TookTooLong:
        return late(seconds)
    return late(seconds) if rung and not outcome.result else outcome


def late(seconds: float) -> Outcome:
    """The outcome of work that was given up after so many seconds."""
    return Outcome(reason=f"took longer than {seconds:.0f} s ({PATIENCE} times timeout_s)")


@contextmanager
def _alarm(seconds: float) -> Iterator[list[bool]]:
    """Raises in this thread after so many seconds; the list is filled when it does."""
    rung: list[bool] = []
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield rung
        return

    def ring(_number: int, _frame: FrameType | None) -> None:
        rung.append(True)
        raise _TookTooLong

    before, started = signal.signal(signal.SIGALRM, ring), time.monotonic()
    left, _ = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield rung
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm rings when it would have
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - (time.monotonic() - started)))
