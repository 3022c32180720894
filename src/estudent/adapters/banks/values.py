"""Amounts and dates as banks write them."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from estudent.adapters.banks.broken import Broken

# A point or comma alone before three digits could be either kind, so groups made by them need decimals.
AMOUNT = re.compile(
    r"[+-]?(?:(?:\d{1,12}|\d{1,3}(?:[ ']\d{3})+)(?:[.,]\d{1,2})?|\d{1,3}(?:\.\d{3})+,\d{2}|\d{1,3}(?:,\d{3})+\.\d{2})",
    re.ASCII,
)
PLAIN = re.compile(r"(\d{1,12})[.,](\d{2})", re.ASCII)
DECIMALS = re.compile(r"[.,](\d{1,2})$", re.ASCII)
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2212": "-"})
FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y", "%Y%m%d")
GROSZ = Decimal("0.01")


def money(text: str, line: int, field: str) -> Decimal:
    """Return an amount to the grosz: 1234.56, 1234,56, 1 234,56, 1.234,56 and 1,234.56 are the same."""
    if usual := PLAIN.fullmatch(text):
        return Decimal(f"{usual[1]}.{usual[2]}")
    plain = text.translate(SPACES).strip()
    if not AMOUNT.fullmatch(plain):
        right = "digits, and two decimals after a comma or point: 1234,56"
        raise Broken("this is no amount", right, line=line, field=field)
    whole, decimals = DECIMALS.sub("", plain), DECIMALS.search(plain)
    digits = re.sub(r"\D", "", whole)
    amount = Decimal(f"{digits}.{decimals[1] if decimals else '0'}").quantize(GROSZ)
    return -amount if plain.startswith("-") else amount


def day(text: str, line: int, field: str) -> date | None:
    """Return a date, None for an empty field."""
    text = text.strip()
    if not text:
        return None
    found = _day(text)
    if found is None:
        raise Broken("this is no date of the calendar", "a date like 2026-10-01 or 01.10.2026", line=line, field=field)
    return found


def short_day(text: str, line: int, field: str) -> date:
    """Return the date of SWIFT's YYMMDD."""
    found = _short_day(text)
    if found is None:
        raise Broken("this is no date of the calendar", "six digits, YYMMDD", line=line, field=field)
    return found


def nearest(month: int, of_month: int, to: date, line: int, field: str) -> date:
    """Return the day of this month that lies nearest to another date: the year of MT940's entry date."""
    found = _nearest(month, of_month, to)
    if found is None:
        raise Broken("this is no day of the calendar", "four digits, MMDD", line=line, field=field)
    return found


# A statement names few days, each thousands of times.


@lru_cache
def _day(text: str) -> date | None:
    for form in FORMATS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the calendar has no zone
        except ValueError:
            continue
    return None


@cache
def _short_day(text: str) -> date | None:
    try:
        return date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
    except ValueError:
        return None


@cache
def _nearest(month: int, of_month: int, to: date) -> date | None:
    days = [found for year in (to.year - 1, to.year, to.year + 1) if (found := _day_of(year, month, of_month))]
    return min(days, key=lambda each: abs(each - to), default=None)


def _day_of(year: int, month: int, of_month: int) -> date | None:
    try:
        return date(year, month, of_month)
    except ValueError:
        return None
