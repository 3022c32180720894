"""Album numbers: what the university gives, what it refuses, and what follows from them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.album_number import AlbumNumber


@given(st.from_regex(r"[0-9]{3,7}", fullmatch=True))
def test_a_student_logs_in_with_s_and_the_album_number(digits: str) -> None:
    number = AlbumNumber(digits)
    assert str(number) == digits
    assert number.login == f"s{digits}"


@pytest.mark.parametrize("text", ["", "12", "12345678", "12a456", "12 456", "+12345", "١٢٣٤٥٦", "12345\n", "½345"])
def test_what_is_no_album_number_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="3 to 7 digits") as refusal:
        AlbumNumber(text)
    assert not text or text not in str(refusal.value)


def test_a_leading_zero_makes_another_student() -> None:
    assert AlbumNumber("012345") != AlbumNumber("12345")


def test_students_are_sorted_by_album_number() -> None:
    assert min(AlbumNumber("200"), AlbumNumber("100")) == AlbumNumber("100")
