"""PESEL, the number of a person in the Polish register of inhabitants."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from operator import mul

WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
CENTURY_OF_MONTH = {80: 1800, 0: 1900, 20: 2000, 40: 2100, 60: 2200}


class PeselError(ValueError):
    """What is wrong with a PESEL, in words that do not repeat it."""


@dataclass(frozen=True, slots=True)
class Pesel:
    """Eleven digits with a check digit and a birth date inside (art. 15 of the Act on Population Records of 2010)."""

    digits: str = field(repr=False)

    def __post_init__(self) -> None:
        if not (self.digits.isascii() and self.digits.isdecimal() and len(self.digits) == 11):
            raise PeselError(f"a PESEL has 11 digits, this has {len(self.digits)} characters")
        # A digit's byte is 48 more than it, and 48 times all weights is a number of tens.
        if sum(map(mul, WEIGHTS, self.digits.encode())) % 10:
            raise PeselError("its check digit is wrong")
        _birth_date(self.digits[:6])

    @property
    def birth_date(self) -> date:
        """The birth date that the first six digits carry; the century stands in the month."""
        return _birth_date(self.digits[:6])

    def __str__(self) -> str:
        return "PESEL"


# Students are born on a few thousand days.
@lru_cache(maxsize=8192)
def _birth_date(digits: str) -> date:
    year, month, day = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    century = month // 20 * 20
    try:
        return date(CENTURY_OF_MONTH[century] + year, month - century, day)
    except ValueError:
        raise PeselError("the birth date in it does not exist") from None
