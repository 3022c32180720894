"""A stand-in's clock, which a test may put forward: nobody waits thirty days for a bin, or a night for a migration."""

from __future__ import annotations

import time
from typing import Any, Protocol


class Keeper(Protocol):
    """Where the clock remembers how far it was put forward."""

    def get(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return a document, or None."""

    def put(self, kind: str, key: str, document: dict[str, Any]) -> None:
        """Keep a document in place of what the key held."""


class Clock:
    """Seconds since 1970, and as much more as it was put forward; a restart doesn't set it back."""

    def __init__(self, shelf: Keeper) -> None:
        self._shelf = shelf
        self._ahead = float((shelf.get("key", "clock") or {"ahead": 0.0})["ahead"])

    def __call__(self) -> float:
        return time.time() + self._ahead

    @staticmethod
    def wall() -> float:
        """Return the time that the clients live in, by which tokens begin and end."""
        return time.time()

    def forward(self, seconds: float) -> None:
        """Put it forward; raises ValueError for less than nothing."""
        if not seconds >= 0:
            raise ValueError("the clock only goes forward")
        self._ahead += seconds
        self._shelf.put("key", "clock", {"ahead": self._ahead})
