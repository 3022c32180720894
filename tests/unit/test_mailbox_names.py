"""Names of mailboxes: the rules, what is reserved, and what is proposed."""

from __future__ import annotations

from itertools import islice

import pytest
from anyascii import anyascii
from hypothesis import example, given
from hypothesis import strategies as st

from estudent.domain.mailbox import LONGEST, RESERVED, check_local_part, proposals
from estudent.domain.person_name import PersonName

PARTS = st.text(st.characters(categories=["L", "M"]), max_size=40)
PEOPLE = st.builds(PersonName, PARTS.filter(bool), PARTS, PARTS)
RFC_2142 = [
    "info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news",
    "webmaster", "www", "uucp", "ftp",
]  # fmt: skip


def proposed(name: PersonName, most: int = 12) -> list[str]:
    return list(islice(proposals(name, anyascii), most))


@pytest.mark.parametrize("name", ["anna.nowak", "a-b", "nowak_2", "x1y", "s12a", "s.123456", "ss123", "a" * LONGEST])
def test_a_student_may_choose_a_proper_name(name: str) -> None:
    assert check_local_part(name) == name


def test_capital_letters_and_spaces_around_do_not_matter() -> None:
    assert check_local_part(" Anna.Nowak ") == "anna.nowak"


@pytest.mark.parametrize(
    "name, why",
    [
        ("ab", "3 to 40"),
        ("a" * (LONGEST + 1), "3 to 40"),
        (".anna", "single dots"),
        ("anna.", "single dots"),
        ("anna..nowak", "single dots"),
        ("anna nowak", "single dots"),
        ("żaneta", "single dots"),
        ("anna+x", "single dots"),
        ("anna@x", "single dots"),
        ("anna\nnowak", "single dots"),
        ("аnna", "single dots"),
        ("123456", "at least one letter"),
        ("1.2", "at least one letter"),
        ("rektor", "reserved for an office"),
        ("s123456", "aliases with album numbers"),
        ("S123456", "aliases with album numbers"),
        ("s00", "aliases with album numbers"),
    ],
)
def test_a_name_against_the_rules_is_refused_with_the_rule(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_local_part(name)


@pytest.mark.parametrize("name", RFC_2142)
def test_the_names_of_rfc_2142_are_reserved(name: str) -> None:
    assert name in RESERVED
    with pytest.raises(ValueError, match="reserved for an office"):
        check_local_part(name.upper())


@given(st.integers(0, 10**9))
def test_nobody_gets_a_name_that_looks_like_an_album_alias(number: int) -> None:
    with pytest.raises(ValueError, match=r"aliases|characters"):
        check_local_part(f"s{number}")


@given(PEOPLE)
@example(PersonName("Anna", "Anna"))
@example(PersonName("Ƨ"))
@example(PersonName("Ƨ", "Ƽ"))
@example(PersonName("Rektor"))
@example(PersonName("Nowak", "A", "B"))
def test_proposals_are_distinct_allowed_and_enough_for_everybody(name: PersonName) -> None:
    names = proposed(name)
    assert len(set(names)) == len(names) == 12
    assert [check_local_part(each) for each in names] == names


@given(PEOPLE)
def test_a_student_is_proposed_the_same_names_every_time(name: PersonName) -> None:
    assert proposed(name) == proposed(name)


@pytest.mark.parametrize(
    "name, first",
    [
        (PersonName("Żak", "Łucja"), ["lucja.zak", "l.zak", "zak.lucja", "lucja.zak.2", "lucja.zak.3"]),
        (PersonName("Żak", "Łucja", "Ewa"), ["lucja.zak", "lucja.e.zak", "l.zak", "zak.lucja", "lucja.zak.2"]),
        (PersonName("Nowak-Wójcik", "Anna"), ["anna.nowakwojcik", "a.nowakwojcik"]),
        (PersonName("Suharto"), ["suharto", "suharto.2"]),
        (PersonName("Шевченко", "Тарас"), ["taras.shevchenko", "t.shevchenko"]),
        (PersonName("Nguyễn", "Hương"), ["huong.nguyen", "h.nguyen"]),
    ],
)
def test_the_best_proposals_come_first(name: PersonName, first: list[str]) -> None:
    assert proposed(name)[: len(first)] == first
