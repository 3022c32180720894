"""Fees made up for the demo: every student lives through one of a few stories, each time the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from estudent.adapters.holidays import is_holiday
from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.tables import booking, payment_account, receivable
from estudent.domain.working_days import last_safe_day

TUITION = "Czesne, semestr zimowy"
ENGLISH_TUITION = "Tuition fee, winter semester"
CARD = "Opłata za legitymację studencką (ELS)"
RETAKE = "Powtarzanie przedmiotu: Analiza matematyczna"


@dataclass(frozen=True, slots=True)
class Fee:
    """A receivable that is due so many days from today, and what was booked for it so many days from today."""

    title: str
    amount: str
    due_in: int
    booked: tuple[tuple[int, str], ...] = ()
    currency: str = "PLN"


STORIES: Sequence[tuple[Fee, ...]] = (
    (Fee(CARD, "22.00", -20, ((-24, "22.00"),)), Fee(TUITION, "1850.00", 21)),
    (Fee(TUITION, "1850.00", 14, ((-3, "1000.00"),)),),
    (Fee(TUITION, "1850.00", 1),),
    (Fee(CARD, "22.00", -6), Fee(TUITION, "1850.00", 24)),
    (Fee(ENGLISH_TUITION, "12400.00", 30),),
    (Fee(CARD, "22.00", -20, ((-15, "30.00"),)),),
    (Fee(TUITION, "1850.00", 21), Fee(RETAKE, "415.50", 45), Fee(CARD, "22.00", 60)),
    (Fee(ENGLISH_TUITION, "2100.00", 30, currency="EUR"),),
    (),
)


def put_receivables(database: Database, students: Sequence[int], today: date) -> int:
    """Give the students of these keys fees and bookings around `today`, once; return how many receivables are new."""
    with database.writing() as connection:
        return sum(_tell(connection, student, today) for student in students)


def story_of(student: int) -> tuple[Fee, ...]:
    """Return what happens to the student of this key."""
    return STORIES[student % len(STORIES)]


def _tell(connection: Connection, student: int, today: date) -> int:
    mine = select(payment_account.c.id).where(payment_account.c.student_id == student).order_by(payment_account.c.id)
    account = connection.scalar(mine)
    owner = {"student_id": student, "payment_account_id": account}
    told = ({**owner, "source_id": f"demo-{student}-{at}"} for at in range(len(story_of(student))))
    return sum(_ask(connection, fee, whose, today) for fee, whose in zip(story_of(student), told, strict=True))


def _ask(connection: Connection, fee: Fee, whose: dict[str, Any], today: date) -> bool:
    asking = insert_if_new(connection, receivable).values(_receivable(fee, today) | whose)
    new = connection.scalar(asking.returning(receivable.c.id)) is not None
    # Bookings come with their receivable, so that a second run on another day adds none; without an account, none.
    if new and whose["payment_account_id"]:
        for line in _bookings(fee, today, whose):
            connection.execute(insert_if_new(connection, booking).values(line))
    return new


def _receivable(fee: Fee, today: date) -> dict[str, Any]:
    due = today + timedelta(days=fee.due_in)
    return {"title": fee.title, "amount": Decimal(fee.amount), "currency": fee.currency, "due_date": due}


def _bookings(fee: Fee, today: date, whose: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for at, (days, amount) in enumerate(fee.booked):
        yield {
            "payment_account_id": whose["payment_account_id"],
            "booking_date": last_safe_day(today + timedelta(days=days), is_holiday, booking_days=0),
            "amount": Decimal(amount),
            "currency": fee.currency,
            "source_line": f"{whose['source_id']}-booking-{at}",
        }
