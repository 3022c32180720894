"""What was tried again within a step that went on all the same, for the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from estudent.ports import FarSideError

_noted: ContextVar[Counter[str] | None] = ContextVar("noted", default=None)


@contextmanager
def noting() -> Iterator[Counter[str]]:
    """Collect why something was tried again in this task, and how often."""
    noted: Counter[str] = Counter()
    before = _noted.set(noted)
    try:
        yield noted
    finally:
        _noted.reset(before)


def note(error: FarSideError) -> None:
    """Note that something is tried again because of this."""
    noted = _noted.get()
    if noted is not None:
        noted[str(error).partition(";")[0]] += 1


def told(noted: Counter[str]) -> str:
    """Return what was noted in one line; nothing where all went well at once."""
    return "; ".join(f"tried again {times}×: {why}" for why, times in noted.items())
