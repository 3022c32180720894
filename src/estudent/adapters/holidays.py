"""Polish public holidays, from the kept library `holidays`."""

from __future__ import annotations

from datetime import date
from functools import cache

from holidays import country_holidays


def is_holiday(day: date) -> bool:
    """Tell whether a day is a public holiday in Poland."""
    return day in _of(day.year)


@cache
def _of(year: int) -> frozenset[date]:
    # The library's own object fills itself while it is asked, which threads of a server may not share.
    return frozenset(country_holidays("PL", years=year))
