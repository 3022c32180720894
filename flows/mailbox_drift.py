"""The deployment `mailbox-drift`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, watch


@flow(name="mailbox-drift", flow_run_name="mailbox-drift ({mode})", persist_result=False)
async def mailbox_drift(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Look at the mailboxes that changed at Microsoft since the last time; repair them, or tell.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await watch(whom, mode, brake)
    await finish("mailbox-drift", [tally], mode)
