"""How long the run goes on that serves students' requests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from estudent.domain.outcome import Tally
from estudent.ports import Unavailable
from flows import steps

QUARTER = 900.0


class Requests:
    """Requests that wait, served one in a round and each for ten minutes; `stubborn` ones wait for good."""

    def __init__(self, many: int, *, stubborn: int = 0, away: int = 0) -> None:
        self.left, self.stubborn, self.away, self.now, self.rounds = many, stubborn, away, QUARTER - 60, 0

    def run(self) -> list[Tally]:
        self.rounds += 1
        self.left = max(self.left - 1, self.stubborn)
        self.now += 600
        return [Tally("mailboxes", read=1)]

    def waiting(self) -> int:
        """Return how many wait; the registry is away as often as `away` says."""
        if self.away:
            self.away -= 1
            raise Unavailable("the registry does not answer")
        return self.left


def served(requests: Requests, monkeypatch: pytest.MonkeyPatch, *, until_empty: bool) -> int:
    """Return in how many rounds they were served, from a minute before a quarter of an hour on."""

    @contextmanager
    def campus(*_: Any) -> Iterator[Any]:
        yield SimpleNamespace(outbox=requests, serve_requests=requests)

    monkeypatch.setattr(steps, "campus", campus)
    monkeypatch.setattr("flows.steps.time.time", lambda: requests.now)
    (tally,) = asyncio.run(steps.serve_requests(15, until_empty))
    assert tally.read == requests.rounds
    return requests.rounds


def test_a_run_ends_with_the_quarter_of_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(Requests(4), monkeypatch, until_empty=False) == 1


def test_a_run_that_is_to_leave_nothing_ends_with_the_last_request(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(Requests(4), monkeypatch, until_empty=True) == 4


def test_a_run_that_is_to_leave_nothing_and_cannot_ends_after_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(Requests(4, stubborn=1), monkeypatch, until_empty=True) == 6


def test_a_registry_that_is_away_for_a_moment_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    assert served(Requests(3, away=2), monkeypatch, until_empty=True) == 3
