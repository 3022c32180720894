"""The deployment `mailbox-rename`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="mailbox-rename", flow_run_name="mailbox-rename ({mode})", persist_result=False)
async def mailbox_rename(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Move mailboxes to the addresses that were asked for: mail, single sign-on and sign-in name together.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("mailbox_rename", whom, mode, brake)
    await finish("mailbox-rename", [tally], mode)
