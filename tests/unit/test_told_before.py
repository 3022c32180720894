"""What another file has told of a day, and how sure it is that a line tells of it again."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from estudent.domain.statement import LineKind, Statement, StatementLine
from estudent.domain.told_before import Again, OtherStatement, ToldBefore

DAY = date(2026, 10, 9)


def a_statement(*accounts: str, opening: int = 0) -> Statement:
    """Return a statement with a payment of 5 PLN on each account."""
    lines = tuple(
        StatementLine(at, at, LineKind.CREDIT, Decimal(5), "PLN", DAY, None, account, "")
        for at, account in enumerate(accounts, 1)
    )
    return Statement("1", "1", "PLN", Decimal(opening), Decimal(opening + 5 * len(lines)), DAY, lines)


def kept(statement: Statement, *, known: int = 0) -> OtherStatement:
    """Return a statement as it is kept, the first lines of which were known from a third file."""
    contents = [line.content for line in statement.lines]
    ends = (statement.opening, statement.closing, statement.closed_on)
    return OtherStatement(*ends, Counter(contents), Counter(contents[known:]))


def judged(statement: Statement, *others: OtherStatement, recognised: tuple[int, ...] = ()) -> list[Again | None]:
    contents = [line.content for line in statement.lines]
    told = ToldBefore(statement, others, [contents[at] for at in recognised])
    return [told.judge(content) for at, content in enumerate(contents) if at not in recognised]


def test_what_nobody_has_told_is_new() -> None:
    assert judged(a_statement("A", "A")) == [None, None]


def test_the_same_day_with_the_same_balances_and_lines_is_the_same() -> None:
    assert judged(a_statement("A", "B", "A"), kept(a_statement("A", "A", "B"))) == [Again.CERTAIN] * 3


def test_a_day_is_the_same_though_a_third_file_had_told_some_of_it() -> None:
    assert judged(a_statement("A", "B"), kept(a_statement("A", "B"), known=1)) == [Again.CERTAIN] * 2


def test_the_same_balances_with_other_lines_leave_all_in_doubt() -> None:
    assert judged(a_statement("A", "B"), kept(a_statement("A", "C"))) == [Again.PERHAPS] * 2


def test_balances_that_stay_as_they_were_prove_nothing() -> None:
    day = a_statement("A")
    emptied = Statement("1", "1", "PLN", Decimal(0), Decimal(0), DAY, day.lines)
    assert judged(emptied, kept(emptied)) == [Again.PERHAPS]


def test_of_other_statements_only_equal_lines_are_in_doubt_each_as_often_as_it_was_told() -> None:
    assert judged(a_statement("A", "A", "B"), kept(a_statement("A"))) == [Again.PERHAPS, None, None]


@pytest.mark.parametrize(("at", "doubt"), [(0, None), (1, None)])
def test_what_is_known_by_its_reference_leaves_an_equal_payment_without_doubt(at: int, doubt: Again | None) -> None:
    assert judged(a_statement("A", "A"), kept(a_statement("A")), recognised=(at,)) == [doubt]
