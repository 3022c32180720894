"""PESELs, with python-stdnum as the judge."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.exceptions import ValidationError
from stdnum.pl import pesel as oracle

from estudent.domain.pesel import Pesel, PeselError
from tests.builders import a_pesel

WITH_CHECK_DIGIT = st.from_regex(r"[0-9]{10}", fullmatch=True).map(lambda ten: ten + oracle.calc_check_digit(ten))
BIRTHDAYS = st.dates(date(1900, 1, 1), date(2099, 12, 31))
VALID = st.builds(a_pesel, BIRTHDAYS, st.integers(0, 9999))


def is_accepted(digits: str) -> bool:
    try:
        Pesel(digits)
    except PeselError:
        return False
    return True


def is_valid(digits: str) -> bool:
    """Tell what python-stdnum thinks; it lets ValueError through where the month is impossible."""
    try:
        oracle.validate(digits)
    except ValidationError:
        return False
    return True


@given(st.from_regex(r"[0-9]{11}", fullmatch=True) | WITH_CHECK_DIGIT | VALID)
def test_a_pesel_is_accepted_exactly_when_stdnum_accepts_it(digits: str) -> None:
    assert is_accepted(digits) == is_valid(digits)


@given(VALID, st.integers(0, 10), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(digits: str, place: int, off: int) -> None:
    wrong = str((int(digits[place]) + off) % 10)
    assert not is_accepted(digits[:place] + wrong + digits[place + 1 :])


@given(BIRTHDAYS, st.integers(0, 9999))
def test_a_pesel_tells_the_birth_date_in_every_century(born: date, serial: int) -> None:
    digits = a_pesel(born, serial)
    assert Pesel(digits).birth_date == born == oracle.get_birth_date(digits)


@pytest.mark.parametrize("month, century", [("81", 1800), ("01", 1900), ("21", 2000), ("41", 2100), ("61", 2200)])
def test_the_century_stands_in_the_month(month: str, century: int) -> None:
    ten = f"05{month}070000"
    assert Pesel(ten + oracle.calc_check_digit(ten)).birth_date == date(century + 5, 1, 7)


@pytest.mark.parametrize("text", ["", "4405140135", "440514013590", "4405140135X", "44051401٣59", " 4405140135"])
def test_what_has_not_eleven_digits_is_refused(text: str) -> None:
    with pytest.raises(PeselError, match="11 digits"):
        Pesel(text)


@given(VALID)
def test_a_pesel_never_shows_itself(digits: str) -> None:
    pesel = Pesel(digits)
    assert digits not in f"{pesel} {pesel!r}"


@given(st.from_regex(r"[0-9]{11}", fullmatch=True))
def test_a_refusal_never_repeats_the_number(digits: str) -> None:
    try:
        Pesel(digits)
    except PeselError as error:
        assert digits not in str(error)
