"""The deployment `requests`; a module called `requests` would hide the library of that name."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.steps import finish, serve_requests


@flow(name="requests", flow_run_name="requests", persist_result=False)
async def requests(minutes: Annotated[int, Field(ge=1, le=60)] = 15, until_empty: bool = False) -> None:
    """Carry out what students ask for in the portal, within seconds, until the time is over and the next run goes on.

    Args:
        minutes: the run ends at the next full multiple of so many minutes of the hour
        until_empty: end as soon as nothing waits any more, after an hour at the latest, and not by the clock
    """
    tallies = await serve_requests(minutes, until_empty)
    await finish("requests", tallies, "apply")
