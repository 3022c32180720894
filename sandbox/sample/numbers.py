"""PESEL, account numbers and document numbers with right check digits, each given once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)
SORT_CODE_WEIGHTS = (3, 9, 7, 1, 3, 9, 7)
POLAND = "252100"
BRANCH = "1090213"  # a bank's number and a branch's, seven digits
CLIENT = "43210"  # what the bank gives the university; eleven digits remain for the student
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


class Numbers:
    """Draws numbers that nobody else has."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.given: set[str] = set()

    def pesel(self, born: date, female: bool) -> str:
        """Return a PESEL of that day and sex (art. 15 of the Act on Population Records)."""
        return self._once(lambda: self._pesel(born, female))

    def account(self) -> str:
        """Return an individual account number of the university (NRB, 26 digits)."""
        return self._once(lambda: nrb(sort_code(BRANCH), f"{CLIENT}{self.random.randrange(10**11):011d}"))

    def document(self, pattern: str) -> str:
        """Return a document number of a pattern in which `A` stands for a letter and `9` for a digit."""
        return self._once(lambda: "".join(map(self._sign, pattern)))

    def _once(self, draw: Callable[[], str]) -> str:
        while (number := draw()) in self.given:
            pass
        self.given.add(number)
        return number

    def _pesel(self, born: date, female: bool) -> str:
        serial = self.random.randrange(5000) * 2 + (not female)
        return with_check_digit(f"{date_in_pesel(born)}{serial:04d}")

    def _sign(self, kind: str) -> str:
        return {"A": LETTERS, "9": "0123456789"}[kind][int(self.random.random() * (23 if kind == "A" else 10))]


def date_in_pesel(born: date) -> str:
    """Return the six digits of a birth date; the century stands in the month."""
    century = {19: 0, 20: 20}[born.year // 100]
    return f"{born.year % 100:02d}{born.month + century:02d}{born.day:02d}"


def with_check_digit(digits: str) -> str:
    """Return ten digits of a PESEL and the eleventh."""
    total = sum(weight * int(digit) for weight, digit in zip(PESEL_WEIGHTS, digits, strict=True))
    return f"{digits}{-total % 10}"


def sort_code(branch: str) -> str:
    """Return seven digits of a sort code and the eighth, which checks them."""
    total = sum(weight * int(digit) for weight, digit in zip(SORT_CODE_WEIGHTS, branch, strict=True))
    return f"{branch}{-total % 10}"


def nrb(bank: str, account: str) -> str:
    """Return the account number with its two check digits in front (ISO 7064, mod 97-10)."""
    return f"{98 - int(bank + account + POLAND) % 97:02d}{bank}{account}"
