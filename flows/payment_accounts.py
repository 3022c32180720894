"""The deployment `payment-accounts`."""

from __future__ import annotations

from prefect import flow

from flows.fees import warnings
from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile


@flow(name="payment-accounts", flow_run_name="payment-accounts ({mode})", persist_result=False)
async def payment_accounts(mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS) -> None:
    """Give every student an individual payment account: USOS's number, or the scheme's next free one.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
    """
    tally = await reconcile("payment_accounts", whom, mode, brake)
    await finish("payment-accounts", [tally, *await warnings("schemes")], mode)
