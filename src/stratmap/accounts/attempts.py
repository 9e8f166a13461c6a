"""Slowing down those who guess: keys of attempts come in, seconds to wait go out.

Two keys count, an address with a name and an address alone, so that nobody can lock somebody else out by guessing
under that name. Only the memory of this process is used.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

_FREE, _LONGEST = 5, 900.0
_FREE_OF_AN_ADDRESS = 20
_MOST_KEYS = 20_000


class Attempts:
    """Counts failures; each one beyond the free ones doubles the wait.

    Args:
        clock: Seconds that only go forward.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failed: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def wait(self, address: str, name: str) -> float:
        """Seconds until the next attempt is looked at; 0 for at once."""
        with self._lock:
            return max(
                self._left((address, name), _FREE),
                self._left((address, ""), _FREE_OF_AN_ADDRESS),
            )

    def failed(self, address: str, name: str) -> None:
        """Note a wrong password."""
        with self._lock:
            for key in ((address, name), (address, "")):
                count, _ = self._failed.pop(key, (0, 0.0))
                self._failed[key] = (count + 1, self._clock())
            while len(self._failed) > _MOST_KEYS:
                self._failed.popitem(last=False)

    def succeeded(self, address: str, name: str) -> None:
        """Forget the failures of a name from an address; those of the address alone stay."""
        with self._lock:
            self._failed.pop((address, name), None)

    def _left(self, key: tuple[str, str], free: int) -> float:
        count, last = self._failed.get(key, (0, 0.0))
        if count < free:
            return 0.0
        until = last + min(_LONGEST, 2.0 ** min(count - free, 20))
        return max(0.0, until - self._clock())
