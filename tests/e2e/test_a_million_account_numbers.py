"""A million account numbers, each right to an independent judge, and telling nobody's PESEL or album number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from schwifty import IBAN
from stdnum.iso7064 import mod_97_10
from stdnum.pl import pesel

from estudent.domain.nrb import Nrb, PaymentScheme
from tests.builders import SORT_CODE

KEY = b"a secret of the university: 32 bytes"
MILLION = 1_000_000


def given_to(scheme: PaymentScheme, student: int) -> Nrb:
    """Return the number that a student is given while none is taken."""
    return next(number for number in scheme.draw(student) if not scheme.tells(number, album_of(student)))


def album_of(student: int) -> str:
    return str(100_000 + student % 900_000)


@pytest.fixture(scope="module")
def numbers() -> list[str]:
    """What a million students are given; the part of each has twelve digits, room enough for a PESEL."""
    scheme = PaymentScheme("tuition", SORT_CODE, "1234", KEY)
    return [str(given_to(scheme, student)) for student in range(MILLION)]


def test_a_million_numbers_have_right_check_digits_and_are_all_different(numbers: list[str]) -> None:
    # The norm puts the country and the check digits at the end, letters as two digits each: PL is 2521.
    assert all(mod_97_10.is_valid(f"{number[2:]}2521{number[:2]}") for number in numbers)
    assert len(set(numbers)) >= MILLION - 5  # two may draw the same; the second is then given its next
    for number in numbers[::1000]:
        assert IBAN(f"PL{number}", validate_bban=True).bank_code == SORT_CODE


def test_none_of_a_million_numbers_tells_a_pesel_or_the_student_s_album_number(numbers: list[str]) -> None:
    assert not any(album_of(student) in number[14:] for student, number in enumerate(numbers))
    assert not [number for number in numbers for part in parts_of(number) if pesel.is_valid(part)]


def parts_of(number: str) -> Iterator[str]:
    """Yield what of a student's part could be a PESEL: of its months, those of five centuries, there are 60 in 100."""
    own = number[14:]
    return (part for at in range(len(own) - 10) if 1 <= int((part := own[at : at + 11])[2:4]) % 20 <= 12)
