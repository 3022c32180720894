"""One-time codes: short enough to type, forgiving, and worthless to whoever has only the registry."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.fingerprint import Fingerprints
from estudent.domain.masked_address import masked_address
from estudent.domain.one_time_code import (
    ALPHABET,
    LENGTH,
    Purpose,
    as_read_aloud,
    as_typed,
    letter_code,
    letter_secret,
    stored_code,
    typed_code,
)

KEY = Fingerprints(b"0123456789abcdef0123456789abcdef")
OTHER_KEY = Fingerprints(b"another key of thirty-two letters")


def test_the_alphabet_has_no_two_signs_that_look_alike() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set(ALPHABET) & set("OILU")


@pytest.mark.parametrize("purpose, length", LENGTH.items())
def test_a_code_has_the_length_of_its_purpose(purpose: Purpose, length: int) -> None:
    assert len(typed_code(purpose, 2**256 - 1)) == len(typed_code(purpose, 0)) == length


@given(number=st.integers(0, 2**60), purpose=st.sampled_from(list(LENGTH)))
def test_what_is_read_aloud_and_typed_is_the_code(number: int, purpose: Purpose) -> None:
    code = typed_code(purpose, number)
    assert as_typed(as_read_aloud(code)) == code
    assert as_typed(f"  {as_read_aloud(code).lower()}  ") == code


@given(number=st.integers(0, 2**50 - 1), other=st.integers(0, 2**50 - 1))
def test_different_numbers_make_different_codes(number: int, other: int) -> None:
    assert (typed_code(Purpose.OFFICE, number) == typed_code(Purpose.OFFICE, other)) == (number == other)


@pytest.mark.parametrize(
    ("typed", "meant"), [("o0O", "000"), ("iIlL1", "11111"), ("ab–cd ef", "ABCDEF"), ("a\x00b", "AB"), ("", "")]
)
def test_what_looks_alike_is_forgiven(typed: str, meant: str) -> None:
    assert as_typed(typed) == meant


@given(text=st.text())
def test_anything_can_be_typed(text: str) -> None:
    assert set(as_typed(text)) <= set(ALPHABET) | {"U"}


def test_a_letter_s_code_and_link_are_the_same_at_every_attempt_and_different_from_each_other() -> None:
    codes = {letter_code(KEY, "<1@example.pl>", purpose) for purpose in LENGTH}
    assert len(codes) == len(LENGTH)
    assert letter_secret(KEY, "<1@example.pl>") == letter_secret(KEY, "<1@example.pl>")
    assert letter_secret(KEY, "<1@example.pl>") != letter_secret(KEY, "<2@example.pl>")


def test_the_stored_form_is_bound_to_key_student_and_purpose() -> None:
    forms = {
        stored_code(key, purpose, student, "ABCDEFGH")
        for key in (KEY, OTHER_KEY)
        for purpose in LENGTH
        for student in (1, 2)
    }
    assert len(forms) == 12


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("jan.kowalski@gmail.com", "j•••@g•••.com"),
        ("j@g.pl", "j•••@g•••.pl"),
        ("anna@poczta.onet.pl", "a•••@p•••.pl"),
        ("x@localhost", "x•••@•••"),
    ],
)
def test_a_masked_address_shows_nothing_new(address: str, shown: str) -> None:
    assert masked_address(address) == shown
