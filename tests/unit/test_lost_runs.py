"""Which runs are ended because nothing is heard of them, and when that means nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from prefect.client.schemas.objects import FlowRun, State
from prefect.states import Running

from flows.lost_runs import Unheard, end_lost_runs

SOON = timedelta(seconds=0.05)


class Server:
    """Prefect's server, as far as it is asked; it stores the events that it hears."""

    def __init__(self, *runs: FlowRun, hears: bool = True) -> None:
        self.runs, self.hears = {run.id: run for run in runs}, hears
        self.heard: set[str] = set()
        self.ended: list[UUID] = []
        self.at_each_sign: Callable[[], object] = lambda: None

    async def emit(self, event: Any) -> None:
        """Hear of something, unless there is nobody who would store it."""
        if self.hears:
            self.heard.add(event.resource.id)
        self.at_each_sign()

    async def read_events(self, wanted: Any, limit: int) -> Any:
        """Return how many of the events wanted are stored."""
        return SimpleNamespace(total=min(limit, len(self.heard & set(wanted.resource.id))))

    async def read_flow_runs(self, *, offset: int, **_: Any) -> list[FlowRun]:
        """Return all runs as one page, as they are now."""
        return [] if offset else [run.model_copy() for run in self.runs.values()]

    async def set_flow_run_state(self, key: UUID, state: Any, force: bool) -> None:
        """Note which run was ended."""
        assert force and state.is_crashed()
        self.ended.append(key)


def a_run() -> FlowRun:
    state: State[None] = Running()
    return FlowRun(flow_id=uuid4(), name="quiet", state=state, state_id=state.id, created=state.timestamp)


def look(server: Any) -> list[str]:
    async def looked() -> list[str]:
        return [said async for said in end_lost_runs(server, server, SOON, hearing=SOON)]

    return asyncio.run(looked())


def test_a_silent_run_is_ended_while_others_are_heard() -> None:
    silent, alive = a_run(), a_run()
    server = Server(silent, alive)
    server.at_each_sign = lambda: server.heard.add(f"prefect.flow-run.{alive.id}")
    assert [said.partition(":")[0] for said in look(server)] == ["quiet"]
    assert server.ended == [silent.id]


def test_where_the_server_does_not_hear_nobody_is_ended() -> None:
    server = Server(a_run(), hears=False)
    with pytest.raises(Unheard, match="no run was ended"):
        look(server)
    assert server.ended == []


def test_where_the_server_ceases_to_hear_while_we_wait_nobody_is_ended() -> None:
    server = Server(a_run())

    def cease() -> None:
        server.hears = False

    server.at_each_sign = cease
    with pytest.raises(Unheard):
        look(server)
    assert server.ended == []


def test_a_run_that_has_just_come_to_another_state_is_left_alone() -> None:
    """The event that tells of it is stored some seconds later."""
    run = a_run()
    server = Server(run)
    server.at_each_sign = lambda: setattr(run, "state_id", uuid4())
    assert look(server) == []
    assert server.ended == []


def test_where_no_run_goes_on_the_server_need_not_hear() -> None:
    assert look(Server(hears=False)) == []
