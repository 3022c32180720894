"""The deployment `mailbox-erasure`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="mailbox-erasure", flow_run_name="mailbox-erasure ({mode})", persist_result=False)
async def mailbox_erasure(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Delete the users whose day has come after the end of the studies; every run that would delete one asks.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("mailbox_erasure", whom, mode, brake)
    await finish("mailbox-erasure", [tally], mode)
