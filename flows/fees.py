"""What flows of fees are made of, and the sums they leave behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from prefect.artifacts import acreate_table_artifact

from estudent.bootstrap import Campus
from estudent.domain.outcome import Tally
from estudent.ports import FarSideError, Fate
from estudent.services.book_payments import SYSTEM, Booked, StatementSums
from estudent.services.reconcile import unavailable
from estudent.services.remind_of_fees import RemindOfFees
from estudent.services.take_receivables import TakeReceivables
from estudent.services.watch_schemes import WatchSchemes
from estudent.services.watch_statements import WatchStatements
from flows.forms import Mode
from flows.steps import batch, on_campus

Service = Literal["take_receivables", "remind_of_fees"]
Watch = Literal["watch_statements", "schemes"]


async def take_statements(mode: Mode) -> Booked:
    """Book what the statements tell; where their folder is out of reach, say so."""
    begun = time.monotonic()
    try:
        booked = await book_statements(mode)
    except FarSideError as error:
        return Booked(replace(unavailable(SYSTEM, error, []), failed=1))
    booked.tally.seconds = time.monotonic() - begun
    return booked


@batch("book statements")
async def book_statements(mode: Mode) -> Booked:
    """Book what the statements tell."""
    return await on_campus(lambda here: here.book_payments.run() if mode == "apply" else here.book_payments.rehearse())


async def hand_on(mode: Mode) -> list[Tally]:
    """Write the files of bookings for USOS and FK, where there is a folder for them."""
    try:
        tally = await export(mode)
    except FarSideError as error:
        tally = replace(unavailable("booking exports", error, []), failed=1)
    return [tally] if tally else []


@batch("export bookings")
async def export(mode: Mode) -> Tally | None:
    """Write the files of bookings."""
    return await on_campus(
        lambda here: here.export_bookings.run() if here.export_bookings and mode == "apply" else None
    )


async def warnings(watch: Watch) -> list[Tally]:
    """Say what will not stay well by itself, if there is anything: statements missing, numbers running out."""
    try:
        tally = await watched(watch)
    except FarSideError as error:
        tally = replace(unavailable(watch, error, []), failed=1)
    return [tally] if tally.remarks else []


@batch("watch")
async def watched(watch: Watch) -> Tally:
    """Look at what is kept."""

    def work(here: Campus) -> Tally:
        service: WatchStatements | WatchSchemes = getattr(here, watch)
        return service.run()

    return await on_campus(work)


async def run_service(name: Service, mode: Mode) -> Tally:
    """Run a service of fees; where something is out of reach, say so."""
    try:
        return await fees_service(name, mode)
    except FarSideError as error:
        return replace(unavailable(name, error, []), failed=1)


@batch("fees")
async def fees_service(name: Service, mode: Mode) -> Tally:
    """Run a service of fees."""
    begun = time.monotonic()

    def work(here: Campus) -> Tally:
        service: TakeReceivables | RemindOfFees = getattr(here, name)
        return service.run() if mode == "apply" else service.rehearse()

    tally = await on_campus(work)
    return replace(tally, seconds=time.monotonic() - begun)


async def publish_sums(booked: Booked, mode: Mode) -> None:
    """Leave the sums of every statement, which lead from its opening to its closing balance, and why lines wait."""
    verb = "would become" if mode == "rehearse" else "became"
    if booked.statements:
        table = sums_of(booked.statements)
        await acreate_table_artifact(table, key="book-payments-sums", description=f"What {verb} of each statement")
    if booked.waiting:
        reasons = [{"Why lines wait": why.value, "Lines": many} for why, many in booked.waiting.most_common()]
        await acreate_table_artifact(reasons, key="book-payments-unmatched", description="Why lines wait for a clerk")


def sums_of(statements: Sequence[StatementSums]) -> list[dict[str, object]]:
    """Return one row for each statement: opening balance, what became of its money, closing balance."""
    return [
        {
            "File": each.file,
            "Statement": each.number,
            "Currency": each.currency,
            "Opening": _money(each.opening),
            **{fate.value.capitalize(): _money(each.sums.get(fate)) for fate in Fate},
            "Closing": _money(each.closing),
            "Adds up": "yes" if each.adds_up else "NO",
        }
        for each in statements
    ]


def _money(amount: object) -> str:
    return "" if amount is None else str(amount)
