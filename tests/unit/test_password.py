"""What is asked of a password."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from anyascii import anyascii
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.passphrase import passphrase
from estudent.adapters.password_strength import JUDGED, strength
from estudent.domain.password import PasswordFault, faults_of, prepared, words_of
from estudent.domain.person_name import PersonName
from tests.builders import a_student

GOOD = "zielona rakieta pije 7 herbat"


def any_will_do(_password: str, _words: Sequence[str]) -> int:
    return 4


def faults(password: str, *words: str) -> list[PasswordFault]:
    return faults_of(password, words, strength)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct-horse-battery-staple",
        "Żółw zjadł 2 jabłka ☕",
        "пароль із п'яти різних слів",
        "🦀🐢🪁🎷🧭🛶🪗🧩🥨🪐🚲🧲",
    ],
)
def test_any_characters_make_a_password(password: str) -> None:
    assert faults_of(password, [], any_will_do) == []
    assert faults(password) in ([], [PasswordFault.COMMON])


@pytest.mark.parametrize(
    ("length", "expected"), [(11, [PasswordFault.TOO_SHORT]), (12, []), (128, []), (129, [PasswordFault.TOO_LONG])]
)
def test_length_is_counted_in_characters(length: int, expected: list[PasswordFault]) -> None:
    assert faults_of("ż" * length, [], any_will_do) == expected


@pytest.mark.parametrize(
    "password", ["password1234", "qwertyuiop12", "123456789012", "aaaaaaaaaaaaaaaa", "kochamcie123", " " * 20]
)
def test_what_guessers_try_first_is_refused(password: str) -> None:
    assert faults(password) == [PasswordFault.COMMON]


@pytest.mark.parametrize("control", ["\0", "\n", "\x1b", "\x7f", "\ud800", "\U0010ffff"])
def test_what_nobody_can_type_is_refused(control: str) -> None:
    assert PasswordFault.UNTYPABLE in faults(GOOD + control)


@pytest.mark.parametrize(
    "password",
    [
        "Wiśniewska pije herbatę",
        "wisniewska-pije-herbate",
        "mój numer to 0123456 tak",
        "S123456 i piętnaście psów",
        "Kraków i Politechnika razem",
        "ola.zielona ma trzy koty",
    ],
)
def test_names_and_numbers_of_the_student_and_the_university_are_refused(password: str) -> None:
    whose = a_student(
        name=PersonName("Wiśniewska-Żak", "Oleńka"),
        email="ola.zielona@poczta.example",
        mailbox="o.wisniewska@x.example",
    )
    words = words_of(whose, anyascii, "Politechnika Przykładowa")
    assert faults_of(password.replace("0123456", "123456"), words, any_will_do) == [PasswordFault.PERSONAL]


def test_a_name_in_another_script_is_known_in_latin_letters_too() -> None:
    words = words_of(a_student(name=PersonName("Шевченко", "Тарас")), anyascii)
    assert {"шевченко", "shevchenko", "taras"} <= set(words)


def test_a_short_name_may_stand_in_other_words_by_chance() -> None:
    words = words_of(a_student(name=PersonName("Li", "Ed")), anyascii)
    assert faults_of("the ceiling needed paint", words, any_will_do) == []


def test_a_long_password_is_not_judged_at_length() -> None:
    asked: list[str] = []
    faults_of("x" * 10_000, [], lambda password, _words: asked.append(password) or 4)  # type: ignore[func-returns-value]
    assert asked == []


def test_strength_looks_at_the_first_characters_only() -> None:
    beginning = "a" * JUDGED
    assert strength(beginning + GOOD) == strength(beginning) == 0
    assert strength("") == 0


@given(st.text(max_size=200))
def test_preparing_twice_changes_nothing_more(password: str) -> None:
    assert prepared(prepared(password)) == prepared(password)


def test_the_same_letters_are_the_same_password_however_a_keyboard_sends_them() -> None:
    assert prepared("z\u0307o\u0301łw") == prepared("żółw")
    assert prepared("dwa\u00a0słowa") == "dwa słowa"


def test_characters_that_other_sign_in_pages_send_as_typed_are_left_alone() -> None:
    assert prepared("m² ﬁ Ａ") == "m² ﬁ Ａ"


def test_passphrases_keep_the_rules_and_differ() -> None:
    made = [passphrase() for _ in range(50)]
    assert len(set(made)) == 50
    assert [faults(each) for each in made] == [[]] * 50
    assert all(each.isascii() and each.count("-") >= 4 for each in made)
