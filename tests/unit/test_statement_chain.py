"""What the balances and numbers of statements tell of a statement that has not come."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from estudent.domain.statement_chain import StatementEnds, gaps

FIRST = date(2026, 10, 1)


def ends(
    day: int, opening: int, closing: int, number: str = "", *, bank: str = "a", account: str = "1"
) -> StatementEnds:
    closed_on = FIRST + timedelta(days=day - 1)
    return StatementEnds(f"{bank}/{day}", bank, account, "PLN", number, Decimal(opening), Decimal(closing), closed_on)


def found(*statements: StatementEnds, since: date = FIRST) -> list[tuple[str, str, int]]:
    """Return the gaps: after which file, before which, and the difference."""
    return [(gap.before.file, gap.after.file, int(gap.difference)) for gap in gaps(statements, since)]


DAYS = (ends(1, 0, 10, "1/2026"), ends(2, 10, 30, "2/2026"), ends(5, 30, 25, "3/2026"), ends(6, 25, 90, "4/2026"))


@pytest.mark.parametrize(
    "statements",
    [
        pytest.param(DAYS, id="days in their order"),
        pytest.param(DAYS[::-1], id="days in another order"),
        pytest.param((*DAYS, ends(2, 10, 30, "77", bank="b")), id="one of them in another format, too"),
        pytest.param((*DAYS, ends(31, 0, 90, "10")), id="and one of the month"),
        pytest.param((DAYS[0], ends(2, 20, 30, "2/2"), ends(2, 10, 20, "2/1")), id="two of one day"),
        pytest.param((DAYS[0], ends(2, 500, 600, account="2")), id="two accounts"),
        pytest.param((ends(1, 0, 10, "250"), ends(2, 10, 12, "1"), ends(3, 12, 13, "2")), id="numbers begin anew"),
        pytest.param((ends(1, 0, 10, "7"), ends(60, 10, 12, "1"), ends(90, 12, 13, "9")), id="numbers far apart"),
        pytest.param((ends(1, 0, 10, "261001"), ends(2, 10, 12, "S/261002")), id="what does not count"),
        pytest.param((), id="none"),
    ],
)
def test_what_goes_on_has_no_gap(statements: tuple[StatementEnds, ...]) -> None:
    assert found(*statements) == []


def test_a_day_that_is_missing_is_told_by_the_balances() -> None:
    assert found(DAYS[0], DAYS[2], DAYS[3]) == [("a/1", "a/5", 20)]


def test_a_month_s_statement_fills_the_gap_that_it_covers() -> None:
    assert found(DAYS[0], DAYS[1], DAYS[3], ends(6, 0, 90, "10")) == []


def test_of_one_day_only_the_first_after_the_gap_is_told() -> None:
    assert found(DAYS[0], ends(3, 50, 60), ends(3, 60, 80), ends(4, 80, 81)) == [("a/1", "a/3", 40)]


def test_a_day_of_which_two_lead_to_each_other_does_not_explain_itself() -> None:
    assert found(DAYS[0], ends(3, 50, 60), ends(3, 60, 50)) == [("a/1", "a/3", 40)]


@pytest.mark.parametrize("balance", [0, 10], ids=["emptied every night", "nothing but coming and going"])
def test_a_missing_day_that_leaves_the_balance_is_told_by_the_numbers(balance: int) -> None:
    days = [ends(day, balance, balance, str(number)) for day, number in ((1, 14), (2, 15), (5, 17), (6, 18))]
    assert found(*days) == [("a/2", "a/5", 0)]


def test_all_pages_of_a_number_are_told_once() -> None:
    pages = ends(3, 10, 11, "17/1"), ends(3, 11, 12, "17/2")
    assert found(ends(1, 0, 10, "15"), *pages) == [("a/1", "a/3", 0)]


def test_numbers_that_count_days_can_be_left_out() -> None:
    friday_and_monday = ends(2, 0, 10, "275"), ends(5, 10, 12, "278")
    assert len(gaps(friday_and_monday, FIRST)) == 1
    assert gaps(friday_and_monday, FIRST, uncounted={"a"}) == []


def test_a_gap_of_old_is_not_told() -> None:
    assert found(DAYS[0], DAYS[2], since=date(2026, 10, 6)) == []
