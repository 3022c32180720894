"""NRB, the number of a Polish bank account, and the schemes by which a university numbers accounts of its own."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

POLAND = "2521"
PESEL_WEIGHTS = (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)
SORT_CODE_WEIGHTS = (3, 9, 7, 1, 3, 9, 7, 1)


@dataclass(frozen=True, slots=True, order=True)
class Nrb:
    """26 digits: 2 check digits (mod 97), 8 of the sort code with a check digit of its own, 16 of the account."""

    digits: str

    def __post_init__(self) -> None:
        if not (self.digits.isascii() and self.digits.isdecimal() and len(self.digits) == 26):
            raise ValueError(f"an account number (NRB) has 26 digits, this has {len(self.digits)} characters")
        if int(self.digits[2:] + POLAND + self.digits[:2]) % 97 != 1:
            raise ValueError("its check digits are wrong (mod 97)")
        check_sort_code(self.digits[2:10])

    @classmethod
    def build(cls, sort_code: str, account: str) -> Nrb:
        """Return the NRB of an account (16 digits) at a bank's branch (8 digits)."""
        check_sort_code(sort_code)
        check = 98 - int(sort_code + account + POLAND + "00") % 97
        return cls(f"{check:02d}{sort_code}{account}")

    @property
    def in_groups(self) -> str:
        """The number as people read it: two digits, then groups of four."""
        return in_groups(self.digits, 2)

    def __str__(self) -> str:
        return self.digits


def in_groups(digits: str, first: int = 4) -> str:
    """Return digits in groups of four as people read them; the first group has so many, the check digits of an NRB."""
    return " ".join((digits[:first], *(digits[at : at + 4] for at in range(first, len(digits), 4))))


# A bank has few of them.
@lru_cache(maxsize=256)
def check_sort_code(digits: str) -> None:
    """Raise ValueError unless the eight digits are a sort code whose last digit checks."""
    if not (digits.isascii() and digits.isdecimal() and len(digits) == 8):
        raise ValueError("a sort code has 8 digits")
    if sum(weight * int(digit) for weight, digit in zip(SORT_CODE_WEIGHTS, digits, strict=True)) % 10:
        raise ValueError("the check digit of its sort code is wrong")


@dataclass(frozen=True, slots=True)
class PaymentScheme:
    """How the university numbers accounts for one purpose: the bank's sort code, the client prefix, a student's part.

    `programmes` are those of the faculty whose bank it is, none for everybody's.
    The student's part is drawn by a secret key from the student's registry number: it reveals neither the
    album number nor anything else, and the same student always draws the same numbers in the same order.
    """

    purpose: str
    sort_code: str
    client_prefix: str
    key: bytes = field(repr=False)
    programmes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_sort_code(self.sort_code)
        if not (self.client_prefix.isascii() and self.client_prefix.isdecimal() and len(self.client_prefix) <= 11):
            raise ValueError("the client prefix is 1 to 11 digits, so that 5 or more remain for the student")

    @property
    def width(self) -> int:
        """How many digits the student's part has."""
        return 16 - len(self.client_prefix)

    @property
    def start(self) -> str:
        """What all its numbers have after their check digits."""
        return f"{self.sort_code}{self.client_prefix}"

    def is_for(self, purpose: str, programmes: Collection[str]) -> bool:
        """Tell whether a student of these programmes is given a number of this scheme for this purpose."""
        return purpose == self.purpose and (not self.programmes or not self.programmes.isdisjoint(programmes))

    def draw(self, student: int) -> Iterator[Nrb]:
        """Yield this student's candidates, the first free of which becomes theirs; no end, so count your tries."""
        attempt = 0
        while True:
            message = f"{self.purpose}|{student}|{attempt}".encode()
            number = int.from_bytes(hmac.digest(self.key, message, "sha256")) % 10**self.width
            yield Nrb.build(self.sort_code, f"{self.client_prefix}{number:0{self.width}d}")
            attempt += 1

    def tells(self, number: Nrb, album: str) -> bool:
        """Tell whether the student's part happens to hold their album number, or what could be anybody's PESEL."""
        part = str(number)[-self.width :]
        return album in part or any(looks_like_a_pesel(part[at : at + 11]) for at in range(self.width - 10))


@dataclass(frozen=True, slots=True)
class SchemeUse:
    """How many numbers of a scheme were given, and how many of them in the last year."""

    scheme: PaymentScheme
    given: int
    last_year: int

    @property
    def left(self) -> int:
        """How many can still be given; of the last tenth, nearly all draws meet a number that is taken."""
        return max(int(10**self.scheme.width) * 9 // 10 - self.given, 0)

    @property
    def is_short(self) -> bool:
        """Tell whether another year like the last one would use it up; a new prefix takes its time at the bank."""
        return self.left <= self.last_year


def looks_like_a_pesel(digits: str) -> bool:
    """Tell whether eleven digits have a PESEL's check digit and begin with a date (art. 15, Population Records Act)."""
    month, day = int(digits[2:4]) % 20, int(digits[4:6])
    weighted = sum(weight * int(digit) for weight, digit in zip(PESEL_WEIGHTS, digits, strict=True))
    return 1 <= month <= 12 and 1 <= day <= 31 and weighted % 10 == 0
