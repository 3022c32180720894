"""The deployment `book-payments`."""

from __future__ import annotations

from prefect import flow

from flows.fees import hand_on, publish_sums, take_statements, warnings
from flows.forms import Mode
from flows.steps import finish


@flow(name="book-payments", flow_run_name="book-payments ({mode})", persist_result=False)
async def book_payments(mode: Mode = "rehearse") -> None:
    """Book what the banks' statements tell, each line once; what is doubtful waits for a clerk.

    Args:
        mode: rehearse says what would be booked; apply books it
    """
    booked = await take_statements(mode)
    await publish_sums(booked, mode)
    tallies = [booked.tally, *await warnings("watch_statements"), *await hand_on(mode)]
    await finish("book-payments", tallies, mode)
