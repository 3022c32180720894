"""The deployment `fee-reminders`."""

from __future__ import annotations

from prefect import flow

from flows.fees import run_service
from flows.forms import Mode
from flows.steps import finish


@flow(name="fee-reminders", flow_run_name="fee-reminders ({mode})", persist_result=False)
async def fee_reminders(mode: Mode = "rehearse") -> None:
    """Remind students before the last day on which a transfer is still booked in time.

    Args:
        mode: rehearse says what would be done; apply does it
    """
    tally = await run_service("remind_of_fees", mode)
    await finish("fee-reminders", [tally], mode)
