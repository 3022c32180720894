"""What a student is told about fees."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from estudent.adapters.holidays import is_holiday
from estudent.domain.fees import Account, Booking, Ledger, Receivable
from estudent.domain.nrb import Nrb
from estudent.services.explain_fees import ExplainedFees, ExplainFees, ToPay, Urgency
from tests.builders import SORT_CODE, a_student
from tests.fakes import FakeFees

TODAY = date(2026, 10, 7)
ACCOUNT = Account(1, "tuition", Nrb.build(SORT_CODE, "7123400000000001"))
STUDENT = a_student("100001")


def a_fee(due: str = "2026-10-30", **changes: Any) -> Receivable:
    usual: dict[str, Any] = {"key": 1, "title": "Czesne", "amount": Decimal("1850.00"), "currency": "PLN"}
    return Receivable(due=date.fromisoformat(due), **(usual | changes))


def explaining(
    *what: Receivable | Booking, accounts: tuple[Account, ...] = (ACCOUNT,), on: date = TODAY
) -> ExplainFees:
    ledger = Ledger(
        accounts,
        tuple(each for each in what if isinstance(each, Receivable)),
        tuple(each for each in what if isinstance(each, Booking)),
    )
    return ExplainFees(FakeFees({STUDENT.key: ledger}), is_holiday, lambda: on, "Uczelnia")


def explained(*what: Receivable | Booking, **changes: Any) -> ExplainedFees:
    return explaining(*what, **changes)(STUDENT)


def the_bill(*what: Receivable | Booking, **changes: Any) -> ToPay:
    (bill,) = explained(*what, **changes).to_pay
    return bill


@pytest.mark.parametrize(
    ("due", "days_left", "urgency"),
    [
        ("2026-10-13", 2, Urgency.TIME_LEFT),
        ("2026-10-12", 1, Urgency.TIME_LEFT),
        ("2026-10-09", 0, Urgency.LAST_DAY),
        ("2026-10-11", 0, Urgency.LAST_DAY),
        ("2026-10-08", -1, Urgency.EXPRESS),
        ("2026-10-07", -2, Urgency.EXPRESS),
        ("2026-10-06", -5, Urgency.OVERDUE),
    ],
)
def test_a_bill_says_how_urgent_it_is(due: str, days_left: int, urgency: Urgency) -> None:
    bill = the_bill(a_fee(due))
    assert (bill.days_left, bill.urgency) == (days_left, urgency)


def test_a_transfer_is_of_what_is_left_with_the_album_number_in_its_title() -> None:
    transfer = the_bill(a_fee(), Booking(TODAY, Decimal("850.00"), "PLN", 1)).transfer
    assert transfer is not None
    assert (transfer.account, transfer.amount) == (ACCOUNT.number, Decimal("1000.00"))
    assert (transfer.recipient, transfer.title) == ("Uczelnia", "100001 Czesne")


def test_a_fee_in_another_currency_has_no_transfer() -> None:
    bill = the_bill(a_fee(currency="EUR"))
    assert (bill.account, bill.transfer) == (ACCOUNT, None)


def test_without_an_account_number_there_is_no_transfer() -> None:
    bill = the_bill(a_fee(), accounts=())
    assert (bill.account, bill.transfer) == (None, None)


def test_bills_come_by_due_date_and_payments_newest_first() -> None:
    fees = explained(
        a_fee("2026-11-30", key=2),
        a_fee("2026-10-30", key=3),
        a_fee("2026-09-30", key=1, amount=Decimal("3.00")),
        Booking(date(2026, 9, 1), Decimal("1.00"), "PLN", 1),
        Booking(date(2026, 9, 2), Decimal("2.00"), "PLN", 1),
    )
    assert [bill.key for bill in fees.to_pay] == [3, 2]
    assert [balance.receivable.key for balance in fees.settled] == [1]
    assert [booking.day.day for booking in fees.bookings] == [2, 1]


@pytest.mark.parametrize(("today", "day"), [("2026-10-07", "2026-10-02"), ("2026-10-11", "2026-10-06")])
def test_a_transfer_should_show_three_working_days_after_its_order(today: str, day: str) -> None:
    assert explained(on=date.fromisoformat(today)).should_show == date.fromisoformat(day)


def test_nobody_gets_a_transfer_for_what_is_not_theirs_or_is_paid() -> None:
    paid = Booking(TODAY, Decimal("1850.00"), "PLN", 1)
    assert explaining(a_fee()).transfer(STUDENT, 1) is not None
    assert explaining(a_fee()).transfer(STUDENT, 2) is None
    assert explaining(a_fee()).transfer(a_student("100002"), 1) is None
    assert explaining(a_fee(), paid).transfer(STUDENT, 1) is None
