"""Receivables, bookings, and which of the first the second have settled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate

from estudent.domain.nrb import Nrb

NOTHING = Decimal(0)


class PaymentState(StrEnum):
    """How far a receivable is paid; what counts is the booking date (the manual's step 5)."""

    OPEN = "open"
    PART_PAID = "part paid"
    OVERDUE = "overdue"
    PAID_IN_TIME = "paid in time"
    PAID_LATE = "paid late"


@dataclass(frozen=True, slots=True)
class Account:
    """A student's individual bank account for one purpose."""

    key: int
    purpose: str
    number: Nrb = field(repr=False)


@dataclass(frozen=True, slots=True)
class Receivable:
    """What a student has to pay; without an `account` of its own it belongs to the student's first one."""

    key: int
    title: str
    amount: Decimal
    currency: str
    due: date
    account: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError(f"a receivable is not negative, as {self.amount} is; money given back is a booking")


@dataclass(frozen=True, slots=True)
class Booking:
    """Money that the bank has booked on a student's account; negative when it was given back."""

    day: date
    amount: Decimal
    currency: str
    account: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """One student's accounts, the main one first, with all that was asked for and all that was booked."""

    accounts: tuple[Account, ...] = ()
    receivables: tuple[Receivable, ...] = ()
    bookings: tuple[Booking, ...] = ()

    def account_of(self, receivable: Receivable) -> Account | None:
        """Return the account into which a receivable is paid, None until the student has one."""
        named = [account for account in self.accounts if account.key == receivable.account]
        return next(iter(named or self.accounts), None)


@dataclass(frozen=True, slots=True)
class Balance:
    """How a receivable stands; `booked_on` is the day on which the booking that settled it was made."""

    receivable: Receivable
    left: Decimal
    booked_on: date | None
    state: PaymentState


@dataclass(frozen=True, slots=True)
class Remainder:
    """What was paid in excess of all receivables of one currency on one account."""

    account: Account
    currency: str
    amount: Decimal


def balances(ledger: Ledger, today: date) -> list[Balance]:
    """Return how each receivable stands, by due date; of one account and currency the oldest is settled first."""
    found = [balance for pot in _pots(ledger) for balance in pot.balances(today)]
    return sorted(found, key=lambda balance: _by_due_date(balance.receivable))


def remainders(ledger: Ledger) -> list[Remainder]:
    """Return what is left of the bookings once everything is settled."""
    return [
        Remainder(pot.account, pot.currency, excess)
        for pot in _pots(ledger)
        if pot.account and (excess := pot.booked - pot.owed) > 0
    ]


@dataclass(frozen=True, slots=True)
class _Pot:
    """All of one currency on one account."""

    account: Account | None
    currency: str
    receivables: Sequence[Receivable]
    bookings: Sequence[Booking]

    @property
    def owed(self) -> Decimal:
        return sum((each.amount for each in self.receivables), NOTHING)

    @property
    def booked(self) -> Decimal:
        return sum((each.amount for each in self.bookings), NOTHING)

    def balances(self, today: date) -> Iterator[Balance]:
        debts = accumulate(each.amount for each in self.receivables)
        for receivable, debt in zip(self.receivables, debts, strict=True):
            left = min(max(debt - self.booked, NOTHING), receivable.amount)
            booked_on = self._covered_on(debt) if not left else None
            yield Balance(receivable, left, booked_on, _state(receivable, left, booked_on, today))

    def _covered_on(self, debt: Decimal) -> date | None:
        """Return the day since which the bookings, less what was given back, have covered the debt for good."""
        covered, sums = None, accumulate(booking.amount for booking in self.bookings)
        for booking, booked in zip(self.bookings, sums, strict=True):
            covered = (covered or booking.day) if booked >= debt else None
        return covered


def _pots(ledger: Ledger) -> Iterator[_Pot]:
    receivables = sorted(ledger.receivables, key=_by_due_date)
    bookings = sorted(ledger.bookings, key=lambda booking: booking.day)
    whose = [ledger.account_of(receivable) for receivable in receivables]
    accounts: Iterable[Account | None] = [*ledger.accounts] or [None]
    for account in accounts:
        ours = [each for each, owner in zip(receivables, whose, strict=True) if owner == account]
        booked = [each for each in bookings if account and each.account == account.key]
        for currency in sorted({each.currency for each in ours} | {each.currency for each in booked}):
            yield _Pot(
                account,
                currency,
                [each for each in ours if each.currency == currency],
                [each for each in booked if each.currency == currency],
            )


def _by_due_date(receivable: Receivable) -> tuple[date, int]:
    return receivable.due, receivable.key


def _state(receivable: Receivable, left: Decimal, booked_on: date | None, today: date) -> PaymentState:
    if not left:
        late = booked_on is not None and booked_on > receivable.due
        return PaymentState.PAID_LATE if late else PaymentState.PAID_IN_TIME
    if receivable.due < today:
        return PaymentState.OVERDUE
    return PaymentState.PART_PAID if left < receivable.amount else PaymentState.OPEN
