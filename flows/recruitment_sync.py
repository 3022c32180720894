"""The deployment `recruitment-sync`."""

from __future__ import annotations

from prefect import flow

from flows.forms import Mode
from flows.steps import finish, take_in


@flow(name="recruitment-sync", flow_run_name="recruitment-sync ({mode})", persist_result=False)
async def recruitment_sync(mode: Mode = "apply") -> None:
    """Take in what the recruitment office has exported since the last time; refused rows go into a report for COS.

    Args:
        mode: rehearse lists the files that wait; apply takes them in
    """
    tally = await take_in(mode)
    await finish("recruitment-sync", [tally], mode)
