"""What happens on the university's account in a month: most pay what they owe, some do what people do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby
from random import Random

from estudent.adapters.holidays import is_holiday
from estudent.domain.statement import LineKind
from estudent.domain.working_days import is_working_day

DAY = timedelta(days=1)
OPENING = Decimal("10000.00")
NAMES = ("JAN KOWALSKI", "ŁUCJA ŻAK", "ZAŻÓŁĆ GĘŚLĄ", "ANNA NOWAK-WIŚNIEWSKA", "NGUYEN THI HUONG")
STORIES = ("exact",) * 80 + (
    "part",
    "part",
    "over",
    "twice",
    "two parts",
    "reversed",
    "refunded",
    "mistyped",
    "no account",
    "no booking date",
    "future date",
    "reference again",
)


@dataclass(frozen=True, slots=True)
class Debt:
    """What somebody has to pay, and where."""

    account: str
    amount: Decimal
    title: str


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of the bank's books; `amount` has no sign."""

    day: date
    kind: LineKind
    amount: Decimal
    account: str
    reference: str
    title: str
    payer: str
    booking_date: date | None

    @property
    def signed(self) -> Decimal:
        """What it does to the balance."""
        return self.kind.signed(self.amount)


@dataclass(frozen=True, slots=True)
class DayOfBank:
    """One day's statement."""

    day: date
    number: str
    opening: Decimal
    movements: tuple[Movement, ...] = field(repr=False)

    @property
    def closing(self) -> Decimal:
        """The balance in the evening."""
        return self.opening + sum((each.signed for each in self.movements), Decimal("0.00"))


def month(debts: Sequence[Debt], first: date, days: int = 30, seed: int = 0) -> list[DayOfBank]:
    """Return the statements of the working days from `first` on, in which the debts are paid."""
    random, working = Random(seed), _working_days(first, days)
    moved = [movement for at, debt in enumerate(debts) for movement in _lived(debt, at, working, random)]
    by_day = {day: tuple(some) for day, some in groupby(sorted(moved, key=lambda each: each.day), _day_of)}
    statements, balance = [], OPENING
    for number, day in enumerate(working, 1):
        statements.append(DayOfBank(day, f"{number:03d}/{day.year}", balance, by_day.get(day, ())))
        balance = statements[-1].closing
    return statements


def _lived(debt: Debt, at: int, working: Sequence[date], random: Random) -> Iterator[Movement]:
    """Yield what one debtor does; the story is drawn."""
    story, place = random.choice(STORIES), random.randrange(len(working) - 1)
    day, later = working[place], working[random.randrange(place + 1, len(working))]
    paid = Movement(
        day,
        LineKind.CREDIT,
        debt.amount,
        debt.account,
        f"B{at:08d}",
        debt.title,
        random.choice(NAMES),
        day,
    )
    again = replace(paid, reference=f"B{at:08d}X", day=later, booking_date=later)
    half = (debt.amount / 2).quantize(Decimal("0.01"))
    lives: dict[str, list[Movement]] = {
        "exact": [paid],
        "part": [replace(paid, amount=half)],
        "over": [replace(paid, amount=debt.amount + Decimal("0.01"))],
        "twice": [paid, again],
        "two parts": [replace(paid, amount=half), replace(again, amount=debt.amount - half)],
        "reversed": [paid, replace(again, kind=LineKind.CREDIT_REVERSED)],
        "refunded": [replace(paid, amount=debt.amount * 2), replace(again, kind=LineKind.DEBIT)],
        "mistyped": [replace(paid, account=_mistyped(debt.account, random))],
        "no account": [replace(paid, account="")],
        "no booking date": [replace(paid, booking_date=None)],
        "future date": [replace(paid, booking_date=day + 400 * DAY)],
        "reference again": [paid, replace(again, reference=paid.reference, amount=debt.amount + 1)],
    }
    yield from lives[story]


def _mistyped(account: str, random: Random) -> str:
    at = random.randrange(10, len(account))
    return f"{account[:at]}{(int(account[at]) + 1) % 10}{account[at + 1 :]}"


def _working_days(first: date, many: int) -> list[date]:
    return [day for at in range(many) if is_working_day(day := first + at * DAY, is_holiday)]


def _day_of(movement: Movement) -> date:
    return movement.day
