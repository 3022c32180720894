"""How many calls in a second the installation lets through; more are answered by 429."""

from __future__ import annotations

import time
from collections.abc import Callable

BURST = 1.0  # seconds' worth of calls that may come at once


class Rate:
    """A bucket of tokens that fills at a steady pace; a pace of 0 lets everything through."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._level, self._at = per_second * BURST, clock()

    def allows(self) -> bool:
        """Take a token, if there is one."""
        if not self._per_second:
            return True
        now = self._clock()
        self._level = min(self._per_second * BURST, self._level + (now - self._at) * self._per_second)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True
