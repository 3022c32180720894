"""The failures a test has ordered: so many of the next letters meet them, in the order of ordering."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal of a letter with `code`, or, `after_effect`, a letter that is kept and never answered."""

    code: int = 451
    after_effect: bool = False

    def __post_init__(self) -> None:
        if not 400 <= self.code <= 599:
            raise ValueError(f"an SMTP refusal is 400 to 599, not {self.code}")

    def reply(self) -> str:
        """Return the line of SMTP, with the enhanced status code of its class (RFC 3463)."""
        return f"{self.code} {self.code // 100}.3.0 the sandbox was told to refuse this letter"


class Faults:
    """The queue of ordered failures."""

    def __init__(self) -> None:
        self._queue: deque[Fault] = deque()

    def order(self, wish: dict[str, Any]) -> int:
        """Put `times` faults of one kind at the end of the queue, `times` 0 empties it; return how many wait."""
        times = int(wish.get("times", 1))
        if not times:
            self._queue.clear()
        self._queue.extend([Fault(int(wish.get("code", 451)), wish.get("after_effect") is True)] * times)
        return len(self._queue)

    def next(self) -> Fault | None:
        """Return the fault for the letter at hand, and forget it."""
        return self._queue.popleft() if self._queue else None
