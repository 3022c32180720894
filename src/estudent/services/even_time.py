"""Answer after the same time whether or not somebody exists."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EvenTime:
    """Stretches what is quicker to `least` seconds, more than the work takes for a student who exists."""

    least: float = 0.25
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Take the time from here to the end of the block, however it ends."""
        end = self.end()
        try:
            yield
        finally:
            self.rest_until(end)

    def end(self) -> float:
        """Return when to answer what begins now."""
        return self.clock() + self.least

    def rest_until(self, end: float) -> None:
        """Wait until an answer is due."""
        self.sleep(max(0.0, end - self.clock()))
