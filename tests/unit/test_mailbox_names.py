"""Names of mailboxes: the rules, what is reserved, and what is proposed."""

from __future__ import annotations

from itertools import islice

import pytest
from anyascii import anyascii
from hypothesis import example, given
from hypothesis import strategies as st

from estudent.domain.mailbox_name import (
    LONGEST,
    RESERVED,
    BadName,
    NameFault,
    check_local_part,
    fault_of,
    likeness,
)
from estudent.domain.name_proposal import proposals
from estudent.domain.person_name import PersonName, latin
from sandbox.sample import generate

PARTS = st.text(st.characters(categories=["L", "M"]), max_size=40)
PEOPLE = st.builds(PersonName, PARTS.filter(bool), PARTS, PARTS)
RFC_2142 = [
    "info", "marketing", "sales", "support", "abuse", "noc", "security", "postmaster", "hostmaster", "usenet", "news",
    "webmaster", "www", "uucp", "ftp",
]  # fmt: skip


def proposed(name: PersonName, most: int = 12) -> list[str]:
    return list(islice(proposals(name, anyascii), most))


@pytest.mark.parametrize("name", ["anna.nowak", "a-b", "nowak_2", "x1y", "s12a", "sol.12", "sandra.1", "a" * LONGEST])
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
        ("s.123456", "aliases with album numbers"),
        ("s_12-3456", "aliases with album numbers"),
        ("sl23456", "aliases with album numbers"),
        ("ss123", "aliases with album numbers"),
        ("5l2345", "aliases with album numbers"),
        ("adm1n", "looks like one that is reserved"),
        ("rekt0r", "looks like one that is reserved"),
        ("r.e.k.t.o.r", "looks like one that is reserved"),
        ("vvebmaster", "looks like one that is reserved"),
        ("adrninistrator", "looks like one that is reserved"),
        ("rektor.2", "looks like one that is reserved"),
        ("admin1", "looks like one that is reserved"),
        ("biuro-rektor", "looks like one that is reserved"),
        ("kurwa", "could offend"),
        ("k.u.r.w.a", "could offend"),
        ("kurvva1", "could offend"),
        ("f.uck", "could offend"),
        ("jan.5hit", "could offend"),
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
@example(PersonName("Ƅ", "A", "Ƅ"))
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


NAMES = st.from_regex(r"[a-z0-9]{1,6}([._-][a-z0-9]{1,6}){0,4}", fullmatch=True)


@given(st.text(max_size=60))
@example("x" * 10_000)
@example("anna\0nowak")
@example("\u202eanna.nowak")
@example("anna😀")
@example("' OR 1=1 --")
@example("*)(uid=*")
@example("{{ 7*7 }}")
def test_whatever_is_typed_is_a_name_or_breaks_a_rule_that_is_named(typed: str) -> None:
    try:
        assert fault_of(check_local_part(typed)) is None
    except BadName as error:
        assert error.fault in NameFault
        assert len(typed) < 9 or typed not in str(error)


@given(NAMES)
def test_a_name_that_is_allowed_holds_only_what_an_address_may(name: str) -> None:
    if fault_of(name) is None:
        assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-") and 3 <= len(name) <= LONGEST


@pytest.mark.parametrize(
    "other",
    ["jankowalski", "jan-kowalski", "jan_kowalski", "Jan.Kowalski", "jan.kowa1ski", "j.a.n.kowalsk1", "jankovvalski"],
)
def test_names_that_one_could_mistake_for_each_other_look_alike(other: str) -> None:
    assert likeness(other) == likeness("jan.kowalski")


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_numbered_names_never_look_alike(one: int, other: int) -> None:
    assert (likeness(f"jan.kowalski.{one}") == likeness(f"jan.kowalski.{other}")) == (one == other)
    assert likeness(f"jan.kowalski.{one}") != likeness("jan.kowalski")


@given(NAMES, st.sampled_from("._-"), st.integers(0, 40))
def test_separators_make_no_name_another_one(name: str, separator: str, at: int) -> None:
    assert likeness(name[:at] + separator + name[at:]) == likeness(name) == likeness(name.upper())


@given(PEOPLE)
@example(PersonName("Sol"))
@example(PersonName("S"))
@example(PersonName("So"))
@example(PersonName("Kurwa", "Jan"))
@example(PersonName("Suka"))
@example(PersonName("Admin"))
def test_not_even_the_last_proposals_break_a_rule(name: PersonName) -> None:
    assert [fault_of(each) for each in proposed(name, 150)] == [None] * 150


REAL = [
    "Hancock", "Peacock", "Dickinson", "Dickens", "Matsushita", "Dikshit", "Draper", "Nazir", "Sukhanova", "Cipriani",
    "Dupont", "Penisson", "Babitch", "Kuntz", "Pornpan", "Kurowski", "Jebari", "Shitova", "Cuntze", "Zajączkowska",
    "Chudzik", "Dupnicki", "Fucik", "Kurek", "Kurzawa", "Urwanowicz", "Cipiński", "Pizdrowski", "Hujar", "Sukiennik",
    "Pedalski", "Gównicki", "Kutasiewicz", "Dziwkowski", "Whorf", "Slutsky", "Heil",
]  # fmt: skip


@pytest.mark.parametrize("family", REAL)
def test_a_real_surname_that_holds_a_vulgar_word_is_no_offence(family: str) -> None:
    name = PersonName(family, "Anna")
    (first,) = proposed(name, 1)
    assert first.startswith("anna.")


def test_nobody_of_the_sample_is_refused_their_own_name() -> None:
    people = [PersonName(row.family_name, row.given_name, row.middle_name) for row in generate(5000).students]
    own = [".".join(latin(part, anyascii) for part in (name.given, name.family)) for name in people if name.given]
    faults = [(name, fault) for name in own if (fault := fault_of(name)) not in (None, NameFault.TOO_LONG)]
    assert faults == []


def test_hardly_anybody_of_the_sample_looks_like_somebody_of_another_name() -> None:
    people = {(latin(row.given_name, anyascii), latin(row.family_name, anyascii)) for row in generate(5000).students}
    looks = {likeness(".".join(name)) for name in people}
    assert len(people) - len(looks) <= len(people) // 500
