"""Names, as documents spell them, and their plain Latin form."""

from __future__ import annotations

import re
import unicodedata

import pytest
from anyascii import anyascii
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.person_name import LONGEST, PersonName, latin

LETTERS = st.characters(categories=["L", "M"])
NAMES = st.text(LETTERS, min_size=1, max_size=30)


@pytest.mark.parametrize(
    "name, plain",
    [
        ("Zażółć", "zazolc"),
        ("Gęślą Jaźń", "geslajazn"),
        ("Łucja Ćwik", "lucjacwik"),
        ("ĄĆĘŁŃÓŚŹŻ", "acelnoszz"),
        ("Nowak-Wójcik", "nowakwojcik"),
        ("O’Connor", "oconnor"),
        ("Nguyễn Thị Hương", "nguyenthihuong"),
        ("Đặng", "dang"),
        ("Шевченко", "shevchenko"),
        ("Олександр", "oleksandr"),
        ("Їжакевич", "izhakevich"),
        ("Søren Åse", "sorenase"),
        ("Suharto", "suharto"),
    ],
)
def test_a_name_has_a_plain_latin_form(name: str, plain: str) -> None:
    assert latin(name, anyascii) == plain


def test_polish_letters_do_not_depend_on_the_library() -> None:
    assert latin("Żółć Ążęśńł", lambda text: text) == "zolcazesnl"


@given(NAMES)
def test_the_latin_form_has_only_letters_and_digits(name: str) -> None:
    assert re.fullmatch("[a-z0-9]*", latin(name, anyascii))


@given(NAMES)
def test_composed_and_decomposed_letters_make_the_same_name(name: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert PersonName(composed) == PersonName(decomposed)
    assert latin(composed, anyascii) == latin(decomposed, anyascii)


@pytest.mark.parametrize(
    "family, given_name, display",
    [
        ("Nowak-Wójcik", "Anna", "Anna Nowak-Wójcik"),
        ("Suharto", "", "Suharto"),
        ("Nguyễn", "Thị Hương", "Thị Hương Nguyễn"),
        ("Шевченко", "Тарас", "Тарас Шевченко"),
        ("van der Berg", "Jan", "Jan van der Berg"),
        ("D’Angelo", "Łucja", "Łucja D’Angelo"),
    ],
)
def test_a_student_is_called_as_in_the_document(family: str, given_name: str, display: str) -> None:
    name = PersonName(family, given_name)
    assert (name.family, name.given, name.display) == (family, given_name, display)


def test_spaces_around_and_between_are_tidied() -> None:
    assert PersonName("  Nowak \u00a0 Wójcik ", "\tAnna ") == PersonName("Nowak Wójcik", "Anna")


@pytest.mark.parametrize("hidden", ["\x00", "\x07", "\u200b", "\u202e", "\ufeff", "\ue000"])
def test_a_control_character_is_refused(hidden: str) -> None:
    with pytest.raises(ValueError, match="a name cannot hold"):
        PersonName(f"No{hidden}wak")


@pytest.mark.parametrize("text", ["Nowak2", "Nowak;DROP", "<b>Nowak</b>", "=Nowak", "Nowak,Jan", "🙂"])
def test_what_is_no_letter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a name cannot hold"):
        PersonName(text)


def test_nobody_is_without_a_family_name() -> None:
    with pytest.raises(ValueError, match="family name is missing"):
        PersonName("  ", "Anna")


def test_a_name_of_a_whole_paragraph_is_refused() -> None:
    assert PersonName("a" * LONGEST).family == "a" * LONGEST
    with pytest.raises(ValueError, match="at most"):
        PersonName("a" * (LONGEST + 1))
