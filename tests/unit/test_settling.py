"""Which receivables the bookings have settled, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.fees import Account, Balance, Booking, Ledger, PaymentState, Receivable, balances, remainders
from estudent.domain.nrb import Nrb
from tests.builders import SORT_CODE

TODAY = date(2026, 10, 7)
TUITION = Account(1, "tuition", Nrb.build(SORT_CODE, "7123400000000001"))
DORMITORY = Account(2, "dormitory", Nrb.build(SORT_CODE, "7123400000000002"))
OPEN, PART, OVERDUE, IN_TIME, LATE = (
    PaymentState.OPEN,
    PaymentState.PART_PAID,
    PaymentState.OVERDUE,
    PaymentState.PAID_IN_TIME,
    PaymentState.PAID_LATE,
)


def day(month_and_day: str) -> date:
    return date.fromisoformat(f"2026-{month_and_day}")


def owes(key: int, amount: str, due: str, currency: str = "PLN", account: int | None = None) -> Receivable:
    return Receivable(key, f"fee {key}", Decimal(amount), currency, day(due), account)


def paid(on: str, amount: str, currency: str = "PLN", account: int = 1) -> Booking:
    return Booking(day(on), Decimal(amount), currency, account)


def a_ledger(*what: Receivable | Booking, accounts: tuple[Account, ...] = (TUITION, DORMITORY)) -> Ledger:
    return Ledger(
        accounts,
        tuple(each for each in what if isinstance(each, Receivable)),
        tuple(each for each in what if isinstance(each, Booking)),
    )


def shown(ledger: Ledger) -> list[tuple[int, str, PaymentState, str]]:
    """Return each receivable's key, what is left, its state and the day of its settling."""
    return [_shown(each) for each in balances(ledger, TODAY)]


def _shown(balance: Balance) -> tuple[int, str, PaymentState, str]:
    booked_on = f"{balance.booked_on:%m-%d}" if balance.booked_on else ""
    return balance.receivable.key, f"{balance.left:.2f}", balance.state, booked_on


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([owes(1, "100.00", "10-15")], [(1, "100.00", OPEN, "")], id="open"),
        pytest.param([owes(1, "100.00", "10-07")], [(1, "100.00", OPEN, "")], id="due today"),
        pytest.param([owes(1, "100.00", "10-06")], [(1, "100.00", OVERDUE, "")], id="due yesterday"),
        pytest.param(
            [owes(1, "100.00", "10-15"), paid("10-01", "99.99")], [(1, "0.01", PART, "")], id="a grosz is missing"
        ),
        pytest.param(
            [owes(1, "100.00", "10-01"), paid("09-30", "40.00")], [(1, "60.00", OVERDUE, "")], id="part paid, overdue"
        ),
        pytest.param(
            [owes(1, "100.00", "10-01"), paid("10-01", "100.00")],
            [(1, "0.00", IN_TIME, "10-01")],
            id="booked on the due date",
        ),
        pytest.param(
            [owes(1, "100.00", "10-01"), paid("10-02", "100.00")],
            [(1, "0.00", LATE, "10-02")],
            id="booked on the day after",
        ),
        pytest.param(
            [owes(1, "100.00", "10-01"), paid("09-30", "60.00"), paid("10-02", "40.00")],
            [(1, "0.00", LATE, "10-02")],
            id="the last part came late",
        ),
        pytest.param(
            [owes(2, "50.00", "11-01"), owes(1, "100.00", "10-15"), paid("10-05", "120.00")],
            [(1, "0.00", IN_TIME, "10-05"), (2, "30.00", PART, "")],
            id="the older one first",
        ),
        pytest.param(
            [owes(2, "50.00", "10-15"), owes(1, "100.00", "10-15"), paid("10-05", "100.00")],
            [(1, "0.00", IN_TIME, "10-05"), (2, "50.00", OPEN, "")],
            id="of the same due date the first asked for",
        ),
        pytest.param(
            [owes(1, "100.00", "10-15"), paid("10-05", "100.00", "EUR")],
            [(1, "100.00", OPEN, "")],
            id="another currency settles nothing",
        ),
        pytest.param(
            [owes(1, "100.00", "10-15", "EUR"), owes(2, "50.00", "10-16"), paid("10-05", "50.00")],
            [(1, "100.00", OPEN, ""), (2, "0.00", IN_TIME, "10-05")],
            id="each currency for itself",
        ),
        pytest.param(
            [owes(1, "100.00", "10-15"), owes(2, "50.00", "10-16", account=2), paid("10-05", "50.00", account=2)],
            [(1, "100.00", OPEN, ""), (2, "0.00", IN_TIME, "10-05")],
            id="each account for itself",
        ),
        pytest.param(
            [owes(1, "100.00", "10-01"), paid("09-30", "100.00"), paid("10-02", "-100.00")],
            [(1, "100.00", OVERDUE, "")],
            id="given back",
        ),
        pytest.param(
            [
                owes(1, "100.00", "10-01"),
                paid("09-30", "100.00"),
                paid("10-02", "-100.00"),
                paid("10-05", "100.00"),
            ],
            [(1, "0.00", LATE, "10-05")],
            id="given back and paid anew",
        ),
        pytest.param([owes(1, "100.00", "10-15"), paid("10-05", "-5.00")], [(1, "100.00", OPEN, "")], id="less than 0"),
        pytest.param([owes(1, "0.00", "10-01")], [(1, "0.00", IN_TIME, "")], id="waived"),
    ],
)
def test_bookings_settle_receivables_by_due_date(
    what: list[Receivable | Booking], expected: list[tuple[int, str, PaymentState, str]]
) -> None:
    assert shown(a_ledger(*what)) == expected


def test_without_an_account_number_everything_stays_open() -> None:
    assert shown(a_ledger(owes(1, "100.00", "10-15"), accounts=())) == [(1, "100.00", OPEN, "")]


def test_a_receivable_without_an_account_belongs_to_the_main_one() -> None:
    ledger = a_ledger(
        owes(1, "1.00", "10-15"), owes(2, "1.00", "10-15", account=2), owes(3, "1.00", "10-15", account=9)
    )
    assert [ledger.account_of(each) for each in ledger.receivables] == [TUITION, DORMITORY, TUITION]


def test_what_was_paid_in_excess_is_told_by_account_and_currency() -> None:
    ledger = a_ledger(
        owes(1, "100.00", "10-15"), paid("10-01", "130.00"), paid("10-01", "5.00", "EUR"), paid("10-02", "7", account=2)
    )
    found = [(each.account.purpose, each.currency, str(each.amount)) for each in remainders(ledger)]
    assert found == [("tuition", "EUR", "5.00"), ("tuition", "PLN", "30.00"), ("dormitory", "PLN", "7")]


def test_a_receivable_is_not_negative() -> None:
    with pytest.raises(ValueError, match="not negative"):
        owes(1, "-0.01", "10-15")


AMOUNTS = st.decimals(Decimal(0), Decimal(10_000), places=2)
DAYS = st.integers(-60, 60).map(lambda more: TODAY + timedelta(days=more))
CURRENCIES = st.sampled_from(["PLN", "EUR"])
BOOKINGS = st.builds(Booking, DAYS, AMOUNTS.filter(bool), CURRENCIES, st.sampled_from([1, 2]))
RECEIVABLES = st.builds(
    Receivable, st.just(0), st.just("fee"), AMOUNTS, CURRENCIES, DAYS, st.sampled_from([None, 1, 2])
)
LEDGERS = st.builds(
    lambda receivables, bookings: Ledger(
        (TUITION, DORMITORY),
        tuple(replace(each, key=key) for key, each in enumerate(receivables)),
        tuple(bookings),
    ),
    st.lists(RECEIVABLES, max_size=6),
    st.lists(BOOKINGS, max_size=6),
)


@given(LEDGERS)
def test_no_grosz_is_lost(ledger: Ledger) -> None:
    asked = sum(each.amount for each in ledger.receivables)
    booked = sum(each.amount for each in ledger.bookings)
    left = sum(each.left for each in balances(ledger, TODAY))
    assert asked - left == booked - sum(each.amount for each in remainders(ledger))


@given(LEDGERS, st.integers())
def test_the_order_in_which_things_came_in_makes_no_difference(ledger: Ledger, seed: int) -> None:
    random = Random(seed)
    shuffled = replace(
        ledger,
        receivables=tuple(random.sample(ledger.receivables, len(ledger.receivables))),
        bookings=tuple(random.sample(ledger.bookings, len(ledger.bookings))),
    )
    assert balances(shuffled, TODAY) == balances(ledger, TODAY)


@given(LEDGERS, BOOKINGS)
def test_more_money_never_leaves_more_to_pay(ledger: Ledger, more: Booking) -> None:
    before = balances(ledger, TODAY)
    after = balances(replace(ledger, bookings=(*ledger.bookings, more)), TODAY)
    assert all(richer.left <= poorer.left for richer, poorer in zip(after, before, strict=True))


@given(LEDGERS)
def test_a_settled_receivable_has_the_day_of_a_booking_and_an_open_one_has_none(ledger: Ledger) -> None:
    for balance in balances(ledger, TODAY):
        days = {booking.day for booking in ledger.bookings}
        assert (balance.booked_on in days) if balance.booked_on else (balance.left or not balance.receivable.amount)
        assert 0 <= balance.left <= balance.receivable.amount
