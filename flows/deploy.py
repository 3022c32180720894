"""The deployment `deploy`: from the Prefect UI to the hosts."""

from __future__ import annotations

from prefect import flow

from estudent.domain.deployment import Order, Play
from flows.deploying import agreed, alone, carry_out, check
from flows.forms import OnHosts, WithTags


@flow(name="deploy", flow_run_name="deploy {play}", persist_result=False)
async def deploy(play: Play, limit: OnHosts = "", tags: WithTags = "", check_only: bool = True) -> None:
    """Look what a play would change on the hosts, ask, and then change it.

    Args:
        play: what is deployed; site is everything
        limit: only these hosts or groups, separated by commas; empty: all of the play's
        tags: only the tasks with these tags, separated by commas; empty: all
        check_only: end after the check; otherwise the run pauses and asks before it changes anything
    """
    order = Order(play, limit, tags)
    with alone() as here:
        checked = await check(here, order)
        if not check_only and await agreed(checked):
            await carry_out(here, order)
