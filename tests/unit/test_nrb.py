"""Payment accounts: right numbers, with schwifty and python-stdnum as judges, that reveal nobody."""

from __future__ import annotations

import hashlib
import hmac
from datetime import date
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schwifty import IBAN
from stdnum import iban

from estudent.domain.nrb import SORT_CODE_WEIGHTS, Nrb, PaymentScheme, check_sort_code
from tests.builders import SORT_CODE, a_pesel

KEY = b"a secret of the university: 32 bytes"
STUDENTS = st.integers(1, 10**9)
DIGITS = st.text("0123456789", min_size=16, max_size=16)


def with_check_digit(seven: str) -> str:
    total = sum(weight * int(digit) for weight, digit in zip(SORT_CODE_WEIGHTS, seven, strict=False))
    return f"{seven}{-total % 10}"


SORT_CODES = st.from_regex(r"[0-9]{7}", fullmatch=True).map(with_check_digit)


def a_scheme(purpose: str = "tuition", prefix: str = "1234", key: bytes = KEY) -> PaymentScheme:
    return PaymentScheme(purpose, SORT_CODE, prefix, key)


def first(scheme: PaymentScheme, student: int, most: int = 5) -> list[Nrb]:
    return list(islice(scheme.draw(student), most))


@given(SORT_CODES, DIGITS)
def test_every_number_that_is_built_is_a_right_polish_iban(sort_code: str, account: str) -> None:
    number = Nrb.build(sort_code, account)
    assert IBAN(f"PL{number}", validate_bban=False)
    assert iban.is_valid(f"PL{number}", check_country=True)


@given(STUDENTS, st.text("0123456789", min_size=1, max_size=11))
def test_every_number_that_a_student_draws_is_a_right_polish_iban(student: int, prefix: str) -> None:
    for number in first(a_scheme(prefix=prefix), student):
        assert IBAN(f"PL{number}", validate_bban=True)
        assert iban.is_valid(f"PL{number}")
        assert str(number)[2:].startswith(SORT_CODE + prefix)


@given(st.from_regex(r"[0-9]{26}", fullmatch=True))
def test_what_the_judge_refuses_is_refused(digits: str) -> None:
    if not iban.is_valid(f"PL{digits}"):
        with pytest.raises(ValueError, match="check digit"):
            Nrb(digits)


@given(SORT_CODES, DIGITS, st.integers(0, 25), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(sort_code: str, account: str, place: int, off: int) -> None:
    right = str(Nrb.build(sort_code, account))
    wrong = str((int(right[place]) + off) % 10)
    with pytest.raises(ValueError, match="check digit"):
        Nrb(right[:place] + wrong + right[place + 1 :])


@pytest.mark.parametrize("text", ["", "6110901014000007121981287", "PL61109010140000071219812874", "6" * 27])
def test_what_has_not_26_digits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="26 digits"):
        Nrb(text)


def test_people_read_a_number_in_groups_of_four() -> None:
    assert Nrb("61109010140000071219812874").in_groups == "61 1090 1014 0000 0712 1981 2874"


@pytest.mark.parametrize("account", ["", "1", "1" * 15, "1" * 17])
def test_an_account_that_is_too_short_or_too_long_makes_no_number(account: str) -> None:
    with pytest.raises(ValueError, match="26 digits"):
        Nrb.build(SORT_CODE, account)


@given(SORT_CODES)
def test_a_sort_code_with_its_check_digit_is_right(sort_code: str) -> None:
    check_sort_code(sort_code)


@given(STUDENTS)
def test_the_same_student_draws_the_same_numbers_in_the_same_order(student: int) -> None:
    assert first(a_scheme(), student) == first(a_scheme(), student)


@given(STUDENTS)
def test_a_student_draws_other_numbers_for_another_purpose_or_with_another_key(student: int) -> None:
    tuition, dormitory = first(a_scheme(), student, 1), first(a_scheme("dormitory"), student, 1)
    assert tuition != dormitory
    assert tuition != first(a_scheme(key=KEY[::-1]), student, 1)


@given(st.lists(STUDENTS, min_size=2, max_size=20, unique=True))
def test_different_students_draw_different_numbers(students: list[int]) -> None:
    drawn = [first(a_scheme(), student, 1)[0] for student in students]
    assert len(set(drawn)) == len(students)


@given(st.integers(100_000, 10**9))
def test_a_number_reveals_neither_the_key_nor_the_registry_number(student: int) -> None:
    for number in first(a_scheme(), student):
        assert str(student) not in str(number)[14:]


def test_neighbours_in_the_registry_are_not_neighbours_at_the_bank() -> None:
    drawn = [int(str(first(a_scheme(), student, 1)[0])[14:]) for student in range(1, 101)]
    assert drawn != sorted(drawn)
    assert min(abs(one - other) for one, other in pairwise(drawn)) > 1000


def test_without_the_key_nobody_computes_the_number() -> None:
    guess = hashlib.sha256(b"tuition|7|0").digest(), hmac.new(b"", b"tuition|7|0", hashlib.sha256).digest()
    parts = {f"{int.from_bytes(digest) % 10**12:012d}" for digest in guess}
    assert str(first(a_scheme(), 7, 1)[0])[14:] not in parts


def test_a_scheme_never_shows_its_key() -> None:
    assert KEY.decode() not in repr(a_scheme())


@pytest.mark.parametrize("prefix", ["", "123456789012", "12a", "١٢"])
def test_a_scheme_leaves_room_for_students(prefix: str) -> None:
    with pytest.raises(ValueError, match="1 to 11 digits"):
        a_scheme(prefix=prefix)


@pytest.mark.parametrize("sort_code", ["10901015", "1090101", "109010140", "1090101A"])
def test_a_wrong_sort_code_makes_no_scheme(sort_code: str) -> None:
    with pytest.raises(ValueError, match="sort code"):
        PaymentScheme("tuition", sort_code, "", KEY)


@given(st.dates(), st.integers(0, 9999))
def test_what_could_be_a_pesel_is_seen(born: date, serial: int) -> None:
    pesel = a_pesel(born.replace(year=2000 + born.year % 100, day=min(born.day, 28)), serial)
    scheme = a_scheme(prefix="12345")
    assert scheme.tells(Nrb.build(SORT_CODE, f"12345{pesel}"), "999999")


def test_a_number_that_holds_the_album_number_is_not_given() -> None:
    scheme = a_scheme(prefix="12345")
    assert scheme.tells(Nrb.build(SORT_CODE, "1234500012345600"), "123456")
    assert not scheme.tells(Nrb.build(SORT_CODE, "1234500000000001"), "123456")
    given_ = [
        number for student in range(2_000) if scheme.tells(number := next(scheme.draw(student)), str(100 + student))
    ]
    assert 0 < len(given_) < 200
