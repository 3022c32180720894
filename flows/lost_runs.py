"""End the runs of which nothing is heard and that the server does not miss: python -m flows.lost_runs

While Prefect's database is away or restored, the server forgets whose signs of life it waited for (flows.automations),
and a restored history shows runs going on that have ended since. This waits for a sign of each, ends those that are
silent as crashed, and prints them. A timer on the orchestration host does it, and so does the play that restores.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.events.filters import EventFilter, EventOccurredFilter, EventResourceFilter
from prefect.states import Crashed

from flows.automations import LIFE_SIGN

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient

GOING_ON = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)
PAGE = 200


async def end_lost_runs(patience: timedelta = LIFE_SIGN) -> AsyncIterator[str]:
    """Wait for signs of life, end the silent runs, and yield each in words."""
    async with get_client() as client:
        begun = datetime.now(UTC)
        suspects = {run.id for run in await _going_on(client)}
        if suspects:
            await asyncio.sleep(patience.total_seconds())
        for run in await _going_on(client):
            if run.id in suspects and not await _heard_of(client, run, begun):
                state: State[None] = Crashed(message="no sign of life, and the server did not miss it")
                await client.set_flow_run_state(run.id, state, force=True)
                yield f"{run.name}: {run.state_name} since {run.start_time or run.created:%F %R}, now crashed"


async def _going_on(client: PrefectClient) -> list[FlowRun]:
    """Return the runs that have a process, as far as the server knows."""
    wanted = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(GOING_ON))))
    found: list[FlowRun] = []
    while page := await client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=len(found)):
        found += page
    return found


async def _heard_of(client: PrefectClient, run: FlowRun, since: datetime) -> bool:
    """Tell whether anything happened to the run since, a heartbeat or a change of state."""
    wanted = EventFilter(
        occurred=EventOccurredFilter(since=since, until=datetime.now(UTC)),
        resource=EventResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
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
    async for ended in end_lost_runs(_options().wait):
        sys.stdout.write(f"{ended}\n")


if __name__ == "__main__":
    asyncio.run(_main())
