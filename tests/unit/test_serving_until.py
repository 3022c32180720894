"""How long the run goes on that serves students' requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from estudent.domain.outcome import Tally
from flows import steps

QUARTER = 900.0


def rounds(monkeypatch: pytest.MonkeyPatch, *, until_empty: bool) -> int:
    """Serve four requests, one in a round and each for ten minutes; return how many were served."""
    waiting, clock = [4], [QUARTER - 60]

    def serve() -> list[Tally]:
        waiting[0] -= 1
        clock[0] += 600
        return [Tally("mailboxes", read=1)]

    @contextmanager
    def campus(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(
            outbox=SimpleNamespace(waiting=lambda: waiting[0]), serve_requests=SimpleNamespace(run=serve)
        )

    monkeypatch.setattr(steps, "campus", campus)
    monkeypatch.setattr("flows.steps.time.time", lambda: clock[0])
    (tally,) = asyncio.run(steps.serve_requests(15, until_empty))
    return tally.read


def test_a_run_ends_with_the_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, until_empty=False) == 1


def test_a_run_that_is_to_leave_nothing_ends_with_the_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, until_empty=True) == 4
