"""The deployment `letters`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="letters", flow_run_name="letters ({mode})", persist_result=False)
async def letters(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Send the album number letter, once, to everybody admitted who has not had it.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("letters", whom, mode, brake)
    await finish("letters", [tally], mode)
