"""Working days of Polish banks, and the last day on which a transfer can be ordered in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

IsHoliday = Callable[[date], bool]
"""Tells whether a day is a public holiday in Poland (act of 18 January 1951; Christmas Eve since 2025)."""

BOOKING_DAYS = 2
"""Ordered after Elixir's last session (16:00), a transfer is settled on the next working day; the second working day
is for a bank that books on the day after."""

SATURDAY = 5
DAY = timedelta(days=1)


def is_working_day(day: date, is_holiday: IsHoliday) -> bool:
    """Tell whether Elixir settles transfers on this day: not on Saturdays, Sundays and public holidays."""
    return day.weekday() < SATURDAY and not is_holiday(day)


def last_safe_day(due: date, is_holiday: IsHoliday, booking_days: int = BOOKING_DAYS) -> date:
    """Return the last day on which a transfer, ordered at any hour, is still booked by the due date.

    It is the working day that lies `booking_days` working days before the last working day up to `due`. A due date
    on a Saturday or holiday is never moved later, though the Civil Code (art. 115) may allow it: what counts is the
    booking (the manual's step 5), nothing is booked on such days, and what is too early costs nobody interest.
    """
    return working_days_before(_last_working_day(due, is_holiday), booking_days, is_holiday)


def working_days_before(day: date, many: int, is_holiday: IsHoliday) -> date:
    """Return the working day that lies so many working days before `day`; `day` itself for none."""
    if many < 0:
        raise ValueError(f"working days are counted back from 0 on, not {many}")
    for _ in range(many):
        day = _last_working_day(day - DAY, is_holiday)
    return day


def _last_working_day(day: date, is_holiday: IsHoliday) -> date:
    while not is_working_day(day, is_holiday):
        day -= DAY
    return day
