"""The last safe day to order a transfer, around all that stops Polish banks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.holidays import is_holiday
from estudent.domain.working_days import BOOKING_DAYS, is_working_day, last_safe_day, working_days_before

DAYS = st.dates(date(2015, 1, 1), date(2090, 12, 31))
RESERVES = st.integers(0, 10)


def working_days_between(first: date, last: date) -> int:
    """Count the working days after `first`, up to `last`."""
    days = (first + timedelta(days=more + 1) for more in range((last - first).days))
    return sum(is_working_day(day, is_holiday) for day in days)


@pytest.mark.parametrize(
    ("due", "safe"),
    [
        ("2026-10-16 Fri", "2026-10-14 Wed"),
        ("2026-10-17 Sat", "2026-10-14 Wed"),
        ("2026-10-18 Sun", "2026-10-14 Wed"),
        ("2026-10-19 Mon", "2026-10-15 Thu"),
        ("2026-10-20 Tue", "2026-10-16 Fri"),
        # Easter: Good Friday is a working day in Poland, Easter Monday is none.
        ("2026-04-06 Mon", "2026-04-01 Wed"),
        ("2026-04-07 Tue", "2026-04-02 Thu"),
        ("2026-04-08 Wed", "2026-04-03 Fri"),
        # Corpus Christi, always a Thursday.
        ("2026-06-04 Thu", "2026-06-01 Mon"),
        ("2026-06-05 Fri", "2026-06-02 Tue"),
        ("2026-06-08 Mon", "2026-06-03 Wed"),
        # 1 and 3 May on Friday and Sunday, on Thursday and Saturday, on Saturday and Monday.
        ("2026-05-01 Fri", "2026-04-28 Tue"),
        ("2026-05-04 Mon", "2026-04-29 Wed"),
        ("2025-05-05 Mon", "2025-04-30 Wed"),
        ("2027-05-03 Mon", "2027-04-28 Wed"),
        ("2027-05-04 Tue", "2027-04-29 Thu"),
        # Assumption, All Saints, Independence Day.
        ("2028-08-16 Wed", "2028-08-11 Fri"),
        ("2027-11-01 Mon", "2027-10-27 Wed"),
        ("2026-11-11 Wed", "2026-11-06 Fri"),
        ("2026-11-12 Thu", "2026-11-09 Mon"),
        # Christmas Eve is a holiday since 2025.
        ("2024-12-24 Tue", "2024-12-20 Fri"),
        ("2024-12-27 Fri", "2024-12-23 Mon"),
        ("2025-12-29 Mon", "2025-12-22 Mon"),
        ("2026-12-24 Thu", "2026-12-21 Mon"),
        ("2026-12-28 Mon", "2026-12-22 Tue"),
        ("2026-12-31 Thu", "2026-12-29 Tue"),
        # New Year and Epiphany.
        ("2027-01-01 Fri", "2026-12-29 Tue"),
        ("2027-01-04 Mon", "2026-12-30 Wed"),
        ("2027-01-07 Thu", "2027-01-04 Mon"),
        # The days on which the clocks change, and a leap day.
        ("2026-03-29 Sun", "2026-03-25 Wed"),
        ("2026-03-30 Mon", "2026-03-26 Thu"),
        ("2026-10-25 Sun", "2026-10-21 Wed"),
        ("2026-10-26 Mon", "2026-10-22 Thu"),
        ("2028-02-29 Tue", "2028-02-25 Fri"),
        ("2028-03-01 Wed", "2028-02-28 Mon"),
    ],
)
def test_a_transfer_is_ordered_two_working_days_before_the_last_one_up_to_the_due_date(due: str, safe: str) -> None:
    assert f"{date.fromisoformat(due[:10]):%F %a}" == due
    assert f"{last_safe_day(date.fromisoformat(due[:10]), is_holiday):%F %a}" == safe


@pytest.mark.parametrize(("reserve", "safe"), [(0, "2026-12-23"), (1, "2026-12-22"), (5, "2026-12-16")])
def test_another_reserve_can_be_asked_for(reserve: int, safe: str) -> None:
    assert last_safe_day(date(2026, 12, 27), is_holiday, reserve) == date.fromisoformat(safe)


def test_a_reserve_is_never_negative() -> None:
    with pytest.raises(ValueError, match="from 0 on"):
        last_safe_day(date(2026, 10, 16), is_holiday, -1)


@pytest.mark.parametrize(
    ("day", "holiday"),
    [
        ("2024-12-24", False),
        ("2025-12-24", True),
        ("2026-04-03", False),
        ("2026-05-02", False),
        ("2026-05-24", True),
        ("2010-01-06", False),
        ("2011-01-06", True),
        ("2018-11-12", True),
    ],
)
def test_holidays_are_those_of_the_year_s_law(day: str, holiday: bool) -> None:
    assert is_holiday(date.fromisoformat(day)) is holiday


@given(DAYS, RESERVES)
def test_as_many_working_days_as_the_reserve_lie_after_the_safe_day(due: date, reserve: int) -> None:
    safe = last_safe_day(due, is_holiday, reserve)
    assert is_working_day(safe, is_holiday)
    assert working_days_between(safe, due) == reserve


@given(DAYS)
def test_a_day_later_would_not_be_safe(due: date) -> None:
    ordered = last_safe_day(due, is_holiday) + timedelta(days=1)
    while not is_working_day(ordered, is_holiday):  # the bank takes it up on its next working day
        ordered += timedelta(days=1)
    assert working_days_between(ordered, due) < BOOKING_DAYS


@given(DAYS, st.integers(0, 60))
def test_who_has_longer_to_pay_never_has_to_order_earlier(due: date, more: int) -> None:
    assert last_safe_day(due, is_holiday) <= last_safe_day(due + timedelta(days=more), is_holiday)


@given(DAYS, RESERVES, RESERVES)
def test_working_days_add_up(day: date, one: int, other: int) -> None:
    there = working_days_before(working_days_before(day, one, is_holiday), other, is_holiday)
    assert there == working_days_before(day, one + other, is_holiday)
