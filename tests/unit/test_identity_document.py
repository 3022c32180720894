"""Documents of students who have no PESEL."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.identity_document import DocumentKind, IdentityDocument


def a_document(number: str = "FE123456", country: str = "UA") -> IdentityDocument:
    return IdentityDocument(DocumentKind.PASSPORT, number, country)


@pytest.mark.parametrize("spelling", ["fe123456", "FE 123456", "FE-123-456", " Fe_12.34/56 "])
def test_a_passport_is_the_same_however_it_is_spelled(spelling: str) -> None:
    assert a_document(spelling) == a_document("FE123456")


@pytest.mark.parametrize("number", ["", "A1", "- - -", "A" * 21])
def test_a_number_that_is_too_short_or_too_long_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="3 to 20 letters and digits"):
        a_document(number)


@pytest.mark.parametrize("country", ["", "U", "UKR", "ua", "Ukraina", "U1"])
def test_a_country_is_two_capital_letters(country: str) -> None:
    with pytest.raises(ValueError, match="two capital letters"):
        a_document(country=country)


@given(st.from_regex(r"[A-Z]{2}[0-9]{6}", fullmatch=True))
def test_a_document_never_shows_its_number(number: str) -> None:
    assert number not in repr(a_document(number))
