"""Explain to a student what is to be paid, by when, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from estudent.domain.fees import Account, Balance, Booking, Ledger, PaymentState, Remainder, balances, remainders
from estudent.domain.student import Student
from estudent.domain.transfer_code import Transfer
from estudent.domain.working_days import BOOKING_DAYS, IsHoliday, last_safe_day
from estudent.ports import Fees

ZLOTY = "PLN"


class Urgency(StrEnum):
    """What a student should do about a receivable."""

    TIME_LEFT = "time left"
    LAST_DAY = "last day"
    EXPRESS = "express"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class ToPay:
    """A receivable of which something is left; `days_left` counts to the last safe day and is negative after it."""

    balance: Balance
    last_safe_day: date
    days_left: int
    account: Account | None
    transfer: Transfer | None

    @property
    def key(self) -> int:
        """The registry's number of the receivable."""
        return self.balance.receivable.key

    @property
    def urgency(self) -> Urgency:
        """What should be done."""
        if self.balance.state is PaymentState.OVERDUE:
            return Urgency.OVERDUE
        if self.days_left < 0:
            return Urgency.EXPRESS
        return Urgency.TIME_LEFT if self.days_left else Urgency.LAST_DAY


@dataclass(frozen=True, slots=True)
class ExplainedFees:
    """All that the page of fees shows; a transfer ordered by `should_show` and not seen here went astray."""

    today: date
    accounts: tuple[Account, ...]
    to_pay: list[ToPay]
    settled: list[Balance]
    bookings: list[Booking]
    remainders: list[Remainder]
    should_show: date


@dataclass(frozen=True)
class ExplainFees:
    """`recipient` is the name that stands in the transfer."""

    fees: Fees
    is_holiday: IsHoliday
    today: Callable[[], date]
    recipient: str

    def __call__(self, student: Student) -> ExplainedFees:
        """Return what a student has to pay and has paid, open receivables by due date, bookings newest first."""
        ledger, today = self.fees.of(student.key), self.today()
        found = balances(ledger, today)
        return ExplainedFees(
            today=today,
            accounts=ledger.accounts,
            to_pay=[self._to_pay(student, ledger, each, today) for each in found if each.left],
            settled=[each for each in reversed(found) if not each.left],
            bookings=sorted(ledger.bookings, key=lambda booking: booking.day, reverse=True),
            remainders=remainders(ledger),
            # A day more than a booking takes, since the bank's statement of a day is read on the day after.
            should_show=last_safe_day(today, self.is_holiday, BOOKING_DAYS + 1),
        )

    def transfer(self, student: Student, receivable: int) -> Transfer | None:
        """Return the transfer that settles a receivable, None where it is not this student's or none is possible."""
        return next((each.transfer for each in self(student).to_pay if each.key == receivable), None)

    def _to_pay(self, student: Student, ledger: Ledger, balance: Balance, today: date) -> ToPay:
        day = last_safe_day(balance.receivable.due, self.is_holiday)
        account = ledger.account_of(balance.receivable)
        transfer = self._transfer(student, balance, account) if account else None
        return ToPay(balance, day, (day - today).days, account, transfer)

    def _transfer(self, student: Student, balance: Balance, account: Account) -> Transfer | None:
        if balance.receivable.currency != ZLOTY:
            return None
        title = f"{student.album} {balance.receivable.title}"
        return Transfer(account.number, balance.left, self.recipient, title)
