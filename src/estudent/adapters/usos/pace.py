"""How many calls in a second all threads of one process make together; what an installation bears is a setting."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

CAUGHT_UP = 0.8
"""So many seconds' worth of calls that came late may be made up for at once."""


class Pace:
    """Gives each call its turn, at even distances; a pace of 0 holds nobody back."""

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._distance = 1 / per_second if per_second else 0.0
        self._clock, self._sleep = clock, sleep
        self._next = clock()
        self._lock = Lock()

    def wait(self) -> None:
        """Return when it is this call's turn."""
        if not self._distance:
            return
        with self._lock:
            now = self._clock()
            turn = max(self._next, now - CAUGHT_UP)
            self._next = turn + self._distance
        if turn > now:
            self._sleep(turn - now)
