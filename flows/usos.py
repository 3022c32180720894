"""The deployment `usos`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="usos", flow_run_name="usos ({mode})", persist_result=False)
async def usos(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """See to it that USOS holds the address by which single sign-on lets each student in.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("usos", whom, mode, brake)
    await finish("usos", [tally], mode)
