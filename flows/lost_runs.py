"""End the runs of which nothing is heard and that the server does not miss: python -m flows.lost_runs

While Prefect's database is away or restored, the server forgets whose signs of life it waited for (flows.automations),
and a restored history shows runs going on that have ended since. This waits for a sign of each, ends those that are
silent as crashed, and prints them. Meanwhile it gives signs itself, as a run does: unless the server hears all of them,
the silence of others means nothing, and no run is ended. A timer on the orchestration host does it, and so does the
play that restores.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events import Event, Resource
from prefect.events.clients import get_events_client
from prefect.events.filters import EventFilter, EventOccurredFilter, EventResourceFilter
from prefect.states import Crashed

from flows.automations import LIFE_SIGN

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.events.clients import EventsClient

GOING_ON = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)
PAGE = 200
BEAT = timedelta(seconds=30)
"""How often a run gives a sign of life, and we do."""

HEARING = timedelta(seconds=30)
"""How long after a sign the server must know of it; it stores what it hears every five seconds."""

LOOK_AGAIN = 0.5


class Unheard(Exception):
    """The server does not hear signs of life, or not in time."""


async def end_lost_runs(
    client: PrefectClient, events: EventsClient, patience: timedelta = LIFE_SIGN, hearing: timedelta = HEARING
) -> AsyncIterator[str]:
    """Wait for signs of life, end the silent runs, and yield each in words; Unheard: their silence means nothing."""
    begun = datetime.now(UTC)
    suspects = {run.id: run.state_id for run in await _going_on(client)}
    if suspects:
        await _listen(client, events, patience, hearing)
    for run in await _going_on(client):
        # What has come to another state meanwhile lives, though the event that tells of it may not be stored yet.
        if suspects.get(run.id) == run.state_id and not await _heard_of(client, f"prefect.flow-run.{run.id}", begun):
            state: State[None] = Crashed(message="no sign of life, and the server did not miss it")
            await client.set_flow_run_state(run.id, state, force=True)
            yield f"{run.name}: {run.state_name} since {run.start_time or run.created:%F %R}, now crashed"


async def _listen(client: PrefectClient, events: EventsClient, patience: timedelta, hearing: timedelta) -> None:
    """Wait so long, and make sure all the while that the server hears; what it was told before, it knows afterwards."""
    end = time.monotonic() + patience.total_seconds()
    await _be_heard(client, events, hearing)
    while (left := end - time.monotonic()) > 0:
        await asyncio.sleep(min(BEAT.total_seconds(), left))
        await _be_heard(client, events, hearing)


async def _be_heard(client: PrefectClient, events: EventsClient, within: timedelta) -> None:
    begun, us = datetime.now(UTC), f"estudent.lost-runs.{uuid4()}"
    sign = Event(event="estudent.lost-runs.listening", resource=Resource({"prefect.resource.id": us}))
    try:
        async with asyncio.timeout(within.total_seconds()):
            await events.emit(sign)
            while not await _heard_of(client, us, begun):
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError:
        raise Unheard(
            f"Prefect's server does not know of a sign of life after {within.total_seconds():.0f} seconds,"
            " so no run was ended; see whether it, its database and the cache run"
        ) from None


async def _going_on(client: PrefectClient) -> list[FlowRun]:
    """Return the runs that have a process, as far as the server knows."""
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(GOING_ON))))
    found: list[FlowRun] = []
    while page := await client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=len(found)):
        found += page
    return found


async def _heard_of(client: PrefectClient, resource: str, since: datetime) -> bool:
    """Tell whether anything happened to it since, a heartbeat or a change of state."""
    wanted = EventFilter(
        occurred=EventOccurredFilter(since=since, until=datetime.now(UTC)), resource=EventResourceFilter(id=[resource])
    )
    return (await client.read_events(wanted, limit=1)).total > 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.lost_runs", description=__doc__)
    parser.add_argument(
        "--wait",
        type=lambda text: timedelta(seconds=float(text)),
        default=LIFE_SIGN,
        metavar="SECONDS",
        help=f"how long a run may be silent; {LIFE_SIGN.seconds} by default, three of its heartbeats",
    )
    return parser.parse_args()


async def _main() -> None:
    patience = _options().wait
    try:
        async with get_client() as client, get_events_client() as events:
            async for ended in end_lost_runs(client, events, patience):
                sys.stdout.write(f"{ended}\n")
    except Unheard as error:
        sys.exit(str(error))


if __name__ == "__main__":
    asyncio.run(_main())
