"""How fast requests follow each other, whichever thread sends them."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """At most so many requests a minute, evenly spread; and none at all while the far side asks to wait."""

    def __init__(
        self,
        per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._every, self._clock, self._sleep = 60 / per_minute, clock, sleep
        self._lock, self._next = Lock(), 0.0

    def wait(self) -> None:
        """Wait for one's turn."""
        while (seconds := self._take()) > 0:
            self._sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Let nobody have a turn for so long."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def _take(self) -> float:
        """Take the turn that is free now, or return how many seconds are left until the next one."""
        with self._lock:
            now = self._clock()
            if self._next <= now:
                self._next = now + self._every
                return 0.0
            return self._next - now
