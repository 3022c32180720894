"""The deployment `mailboxes`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="mailboxes", flow_run_name="mailboxes ({mode})", persist_result=False)
async def mailboxes(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Take every mailbox that was asked for a step further, until it is seen to work with its alias.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("mailboxes", whom, mode, brake)
    await finish("mailboxes", [tally], mode)
