"""The deployment `receivables`."""

from __future__ import annotations

from prefect import flow

from flows.fees import run_service
from flows.forms import Mode
from flows.steps import finish


@flow(name="receivables", flow_run_name="receivables ({mode})", persist_result=False)
async def receivables(mode: Mode = "rehearse") -> None:
    """Take in what students have to pay, from the files that USOS or the bursar's office exports.

    Args:
        mode: rehearse says what would be done; apply does it
    """
    tally = await run_service("take_receivables", mode)
    await finish("receivables", [tally], mode)
