"""The deployment `mailbox-life`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="mailbox-life", flow_run_name="mailbox-life ({mode})", persist_result=False)
async def mailbox_life(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Close the mailboxes of those who have left, step by announced step; open those of whoever comes back.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("mailbox_life", whom, mode, brake)
    await finish("mailbox-life", [tally], mode)
