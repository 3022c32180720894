"""Whether the statements of an account follow each other, as their balances and their numbers tell.

A statement goes on where an earlier one ended, or began, as a month's statement beside those of its days does: its
opening balance is a balance that another one tells. The same day in two formats is one statement.
Balances alone do not tell of a day whose money came and went, or of an account that is emptied every night; there the
numbers do (SWIFT, field 28C: `5n[/5n]`), where the bank counts statements and not days. They begin anew with 1.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import groupby

NUMBER = re.compile(r"([0-9]{1,5})(?:/[0-9]{1,5})?", re.ASCII)
NEAR = timedelta(days=21)
"""Numbers of statements that lie further apart may be of another month or year, and are not compared."""


@dataclass(frozen=True, slots=True)
class StatementEnds:
    """Where a statement begins and ends; `bank` is the subfolder that its file lies in."""

    file: str
    bank: str
    account: str = field(repr=False)
    currency: str
    number: str
    opening: Decimal
    closing: Decimal
    closed_on: date

    @property
    def count(self) -> int | None:
        """Which one it is, where its number counts statements; pages of one have the same."""
        found = NUMBER.fullmatch(self.number)
        return int(found[1]) if found else None


@dataclass(frozen=True, slots=True)
class Gap:
    """Two statements between which something is missing: money by their balances, or statements by their numbers."""

    before: StatementEnds
    after: StatementEnds

    @property
    def difference(self) -> Decimal:
        """How much the account changed between them."""
        return self.after.opening - self.before.closing


def gaps(statements: Iterable[StatementEnds], since: date, uncounted: Collection[str] = ()) -> list[Gap]:
    """Return the gaps before statements that were closed since then, the newest first.

    The numbers of `uncounted` banks say nothing. Before an account's first day of all nothing can be missing.
    """
    accounts: dict[tuple[str, str], list[StatementEnds]] = defaultdict(list)
    for each in statements:
        accounts[each.account, each.currency].append(each)
    found = [gap for some in accounts.values() for gap in _of_one_account(some, uncounted)]
    recent = [gap for gap in found if gap.after.closed_on >= since]
    return sorted(recent, key=lambda gap: gap.after.closed_on, reverse=True)


def _of_one_account(statements: Iterable[StatementEnds], uncounted: Collection[str]) -> Iterator[Gap]:
    ends, counted = set[Decimal](), list[StatementEnds]()
    last: StatementEnds | None = None
    for _, some in groupby(sorted(statements, key=lambda each: each.closed_on), key=lambda each: each.closed_on):
        day = list(some)
        counted = [each for each in counted if day[0].closed_on - each.closed_on <= NEAR]
        counted += [each for each in day if each.count is not None and each.bank not in uncounted]
        torn = _torn(day, ends) if last else []
        yield from (Gap(last, each) for each in torn if last)
        if not torn:
            yield from _skipped(day, counted)
        ends |= {balance for each in day for balance in (each.opening, each.closing)}
        last = _last(day)


def _last(day: Sequence[StatementEnds]) -> StatementEnds:
    """Return the one of a day's statements from which no other one goes on."""
    followed = (any(other.opening == each.closing for other in day if other is not each) for each in day)
    return next((each for each, goes_on in zip(day, followed, strict=True) if not goes_on), day[-1])


def _torn(day: Sequence[StatementEnds], before: Collection[Decimal]) -> list[StatementEnds]:
    """Return those of a day's statements that go on from nowhere, though nothing that goes on ends where they do."""
    ends, open_ = set(before), _distinct(day)
    reached = set[Decimal]()
    while going := [each for each in open_ if each.opening in ends]:
        reached |= {each.closing for each in going}
        ends |= reached
        open_ = [each for each in open_ if each not in going]
    open_ = [each for each in open_ if each.closing not in reached]
    # What goes on from another one without a beginning has its gap there.
    heads = [each for each in open_ if not any(each.opening == other.closing for other in open_ if other is not each)]
    return heads or open_[:1]


def _skipped(day: Sequence[StatementEnds], counted: Sequence[StatementEnds]) -> Iterator[Gap]:
    """Yield the gaps that numbers alone tell; a statement that goes on in one format does so in the other."""
    for each in _distinct(day):
        found = [_before(twin, counted) for twin in counted if _what_it_tells(twin) == _what_it_tells(each)]
        if found and (gap := found[0]) and all(found):
            yield gap


def _before(statement: StatementEnds, counted: Sequence[StatementEnds]) -> Gap | None:
    """Return the gap before a statement that goes on from one whose number is smaller by more than one."""
    number = statement.count or 0
    smaller = [each for each in counted if (each.count or 0) < number]
    nearest = max(smaller, key=lambda each: each.count or 0, default=None)
    if nearest is None or nearest.count == number - 1 or number == 1:
        return None
    return Gap(nearest, statement) if nearest.closing == statement.opening else None


def _distinct(day: Sequence[StatementEnds]) -> list[StatementEnds]:
    return list({_what_it_tells(each): each for each in reversed(day)}.values())[::-1]


def _what_it_tells(statement: StatementEnds) -> tuple[date, Decimal, Decimal]:
    return statement.closed_on, statement.opening, statement.closing
