"""The deployment `usos`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="usos", flow_run_name="usos ({mode})", persist_result=False)
async def usos(mode: Mode = "rehearse", chosen: Chosen = EVERYONE, limits: Limits = AS_IN_SETTINGS) -> None:
    """See to it that USOS holds the address by which single sign-on lets each student in.

    Args:
        mode: rehearse says what would be done; apply does it
        chosen: whom the run looks at
        limits: when the run stops and asks
    """
    tally = await reconcile("usos", chosen, mode, limits)
    await finish("usos", [tally], mode)
