"""A bank's statement of an account of the university: its lines, and the sums that must be right."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

NOTHING = Decimal("0.00")


class LineKind(StrEnum):
    """What a line does; MT940 writes C, D, RC and RD (SWIFT, field 61, subfield 3)."""

    CREDIT = "credit"
    DEBIT = "debit"
    CREDIT_REVERSED = "credit reversed"
    DEBIT_REVERSED = "debit reversed"

    @property
    def is_reversal(self) -> bool:
        """Tell whether the line takes back an earlier one."""
        return self is LineKind.CREDIT_REVERSED or self is LineKind.DEBIT_REVERSED

    def signed(self, amount: Decimal) -> Decimal:
        """Return what an amount without a sign does to the balance: a reversed credit takes away, as a debit does."""
        return amount if self is LineKind.CREDIT or self is LineKind.DEBIT_REVERSED else -amount


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line; `amount` is what it does to the balance, `account` the individual account that the bank names.

    `line` is where it begins in the file, from 1; `position` its place in the statement, from 1. The booking date alone
    decides whether a payment was in time; None where the bank does not tell it.
    """

    line: int
    position: int
    kind: LineKind
    amount: Decimal
    currency: str
    booking_date: date | None
    value_date: date | None
    account: str = field(repr=False)
    reference: str
    title: str = field(repr=False, default="")
    payer: str = field(repr=False, default="")

    @property
    def content(self) -> str:
        """A mark of what the line says of the money: the same line of another file has the same."""
        return _mark(str(self.amount), self.currency, self.account, str(self.booking_date or ""))


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `account` is the university's own, balances are None where the format has none (CSV)."""

    account: str = field(repr=False)
    number: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    closed_on: date | None
    lines: tuple[StatementLine, ...] = field(repr=False)

    @property
    def turnover(self) -> Decimal:
        """The sum of all lines."""
        return sum((each.amount for each in self.lines), NOTHING)

    @property
    def discrepancy(self) -> Decimal:
        """How far opening balance and lines miss the closing balance; nothing where there are no balances."""
        if self.opening is None or self.closing is None:
            return NOTHING
        return self.opening + self.turnover - self.closing

    def key(self, line: StatementLine) -> str:
        """Return the mark by which the same line is known in every file.

        It is the bank's reference; where the bank gives none, the place in the statement, whose numbers begin anew
        every year or month, or are not there at all.
        """
        if line.reference:
            return _mark("reference", self.account, line.reference)
        return _mark("place", self.account, str(self.closed_on or ""), self.number, str(line.position))


def repeated(key: str, content: str, times: int) -> str:
    """Return the mark of a line whose key says something else too, or that its statement has told so often before."""
    return _mark("repeated", key, content, str(times))


def _mark(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
