"""Which lines of a statement are booked, and on whose account; whatever is doubtful waits for a person.

Only the individual account number decides whose a payment is, never a name or a title. What a booking settles is
worked out when somebody looks (`fees.balances`): of one account and currency the oldest receivable first.

    the line                                              becomes
    ----------------------------------------------------  ------------------------------------------------------
    amount is zero                                        unmatched: no amount
    reference known with another amount, account or day   unmatched: reference used again
    reference twice in one statement                      the second is unmatched: reference used again
    perhaps told before by another file (`told_before`)   unmatched: told before
    without a booking date                                unmatched: no booking date (the date decides, none is guessed)
    booked in the future                                  unmatched: future date, until the day has come
    no individual account                                 unmatched: no account
    account number with wrong check digits                unmatched: wrong account number
    account that no student has                           unmatched: unknown account, until somebody has it
    a currency that is not taken                          unmatched: foreign currency
    credit of what is owed on the account, or of less     booked: exact, part
    credit of more than is owed                           booked as excess, or unmatched (`excess`)
    credit, nothing owed on this account but on another   booked on this one, or unmatched (`other_purpose`)
    credit, nothing owed at all                           booked in advance, or unmatched (`early`)
    debit: money given back                               booked as negative, or unmatched (`refund`)
    reversal of an amount that was booked here            booked as its opposite
    reversal of anything else                             unmatched: reversal without its payment
    the same line again, in another statement             known: nothing is booked twice
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from estudent.domain.nrb import Nrb
from estudent.domain.statement import NOTHING, LineKind, StatementLine


class Unmatched(StrEnum):
    """Why a line waits for a person."""

    NO_AMOUNT = "no amount"
    NO_BOOKING_DATE = "no booking date"
    FUTURE_DATE = "future date"
    REFERENCE_USED_AGAIN = "reference used again"
    TOLD_BEFORE = "told before"
    NO_ACCOUNT = "no account"
    WRONG_ACCOUNT_NUMBER = "wrong account number"
    UNKNOWN_ACCOUNT = "unknown account"
    FOREIGN_CURRENCY = "foreign currency"
    MORE_THAN_OWED = "more than owed"
    OTHER_PURPOSE = "owed on another account"
    NOTHING_OWED = "nothing owed"
    REFUND = "refund"
    REVERSAL_WITHOUT_PAYMENT = "reversal without its payment"
    UNDONE = "undone"


HEALING = frozenset(
    {Unmatched.FUTURE_DATE, Unmatched.UNKNOWN_ACCOUNT, Unmatched.NOTHING_OWED, Unmatched.REVERSAL_WITHOUT_PAYMENT}
)
"""Reasons that go away by themselves; such lines are judged anew in every run."""

LASTING = frozenset({Unmatched.REFERENCE_USED_AGAIN, Unmatched.TOLD_BEFORE})
"""Reasons that lie in what other statements say, whatever is found in the line itself."""


class Note(StrEnum):
    """How a booked line relates to what was owed on its account."""

    EXACT = "exact"
    PART = "part"
    EXCESS = "excess"
    OTHER_PURPOSE = "owed on another account"
    EARLY = "in advance"
    REFUND = "refund"
    REVERSAL = "reversal"


class Choice(StrEnum):
    """What the university wants in a case that can be seen either way."""

    BOOK = "book"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a university may adjust; the currencies are those that its students' accounts are kept in."""

    currencies: frozenset[str] = frozenset({"PLN"})
    excess: Choice = Choice.BOOK
    other_purpose: Choice = Choice.BOOK
    early: Choice = Choice.BOOK
    refund: Choice = Choice.BOOK


@dataclass(slots=True)
class Owner:
    """A student's account as the books stand: what is owed on it and on the student's others, by currency.

    Owed is what was asked for less what was booked, so it is negative for an excess. `booked` counts the amounts
    booked so far that a reversal may take back.
    """

    account: int
    student: int
    owed: dict[str, Decimal] = field(default_factory=dict)
    owed_elsewhere: Mapping[str, Decimal] = field(default_factory=dict)
    booked: dict[tuple[str, Decimal], int] = field(default_factory=dict)

    def book(self, line: StatementLine) -> None:
        """Let later lines know of this one."""
        self.owed[line.currency] = self.owed.get(line.currency, NOTHING) - line.amount
        back = line.kind.is_reversal
        what = line.currency, -line.amount if back else line.amount
        self.booked[what] = self.booked.get(what, 0) + (-1 if back else 1)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a line: booked on `account` with a note, or unmatched for a reason."""

    account: int | None
    note: Note | None = None
    why: Unmatched | None = None


def judge(
    line: StatementLine, owner: Owner | None, rules: Rules, today: date, *, doubt: Unmatched | None = None
) -> Verdict:
    """Return what becomes of a line whose account belongs to `owner`, by the table above.

    `doubt` is a reason that lies in what other statements say.
    """
    if why := _fault(line, today, doubt):
        return _waits(why)
    if owner is None:
        return _waits(_whose(line.account))
    if line.currency not in rules.currencies:
        return _waits(Unmatched.FOREIGN_CURRENCY)
    if line.kind.is_reversal:
        return _reversal(line, owner)
    if line.kind is LineKind.DEBIT:
        return _choose(owner, rules.refund, Note.REFUND, Unmatched.REFUND)
    return _credit(line, owner, rules)


def _fault(line: StatementLine, today: date, doubt: Unmatched | None) -> Unmatched | None:
    if not line.amount:
        return Unmatched.NO_AMOUNT
    # Before the reasons that go away by themselves: this one does not.
    if doubt:
        return doubt
    if line.booking_date is None:
        return Unmatched.NO_BOOKING_DATE
    return Unmatched.FUTURE_DATE if line.booking_date > today else None


def _whose(account: str) -> Unmatched:
    if not account:
        return Unmatched.NO_ACCOUNT
    try:
        Nrb(account)
    except ValueError:
        return Unmatched.WRONG_ACCOUNT_NUMBER
    return Unmatched.UNKNOWN_ACCOUNT


def _reversal(line: StatementLine, owner: Owner) -> Verdict:
    if owner.booked.get((line.currency, -line.amount), 0) > 0:
        return Verdict(owner.account, Note.REVERSAL)
    return _waits(Unmatched.REVERSAL_WITHOUT_PAYMENT)


def _credit(line: StatementLine, owner: Owner, rules: Rules) -> Verdict:
    owed = owner.owed.get(line.currency, NOTHING)
    if line.amount <= owed:
        return Verdict(owner.account, Note.EXACT if line.amount == owed else Note.PART)
    if owed > 0:
        return _choose(owner, rules.excess, Note.EXCESS, Unmatched.MORE_THAN_OWED)
    if owner.owed_elsewhere.get(line.currency, NOTHING) > 0:
        return _choose(owner, rules.other_purpose, Note.OTHER_PURPOSE, Unmatched.OTHER_PURPOSE)
    return _choose(owner, rules.early, Note.EARLY, Unmatched.NOTHING_OWED)


def _choose(owner: Owner, choice: Choice, note: Note, why: Unmatched) -> Verdict:
    return Verdict(owner.account, note) if choice is Choice.BOOK else _waits(why)


def _waits(why: Unmatched) -> Verdict:
    return Verdict(None, why=why)
