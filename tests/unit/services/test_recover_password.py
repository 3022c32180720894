"""Forgotten: the same answer for every name, a letter for those who exist."""

from __future__ import annotations

from statistics import median, quantiles
from time import perf_counter

import pytest

from estudent.domain.one_time_code import Purpose
from estudent.domain.student import AccountState
from estudent.ports import Proof, Unavailable
from estudent.services.turned_away import TurnedAway, Why
from tests.builders import DOMAIN
from tests.unit.services.doors import HERE, PASSWORD, Doors, turned_away
from tests.unit.services.registrar import Registrar


@pytest.fixture
def doors(registrar: Registrar) -> Doors:
    return Doors(registrar)


@pytest.mark.parametrize("name", ["100001", "S100001", f"s100001@{DOMAIN}", "K100001@poczta.example "])
def test_whoever_has_forgotten_gets_a_letter_under_any_name(doors: Doors, name: str) -> None:
    student = doors.active()
    asked = doors.recover.ask(name, HERE)
    assert asked.students == (student.key,)
    assert doors.kinds()[-1] == "recovery"


@pytest.mark.parametrize("by", ["link", "code"])
def test_the_letter_brings_a_new_password_and_ends_all_sessions(doors: Doors, by: str) -> None:
    student = doors.active()
    asked = doors.recover.ask("100001", HERE)
    doors.sessions.ended.clear()
    link, code = doors.secret(), doors.code(Purpose.RECOVERY)
    proof = doors.recover.by_link(link, HERE) if by == "link" else doors.recover.by_code(asked, code, HERE)
    doors.choose(proof, PASSWORD)
    assert doors.passwords.verify("100001", PASSWORD).accepted
    assert doors.sessions.ended == [student.key]
    assert doors.kinds()[-1] == "password_changed"
    assert doors.registrar.journal.of(student.key)[-1].step == "password recovered"
    doors.registrar.later(seconds=5)
    assert turned_away(lambda: doors.recover.by_link(link, HERE)).why is Why.LINK
    assert turned_away(lambda: doors.recover.by_code(asked, code, HERE)).why is Why.WRONG_CODE


def test_a_prepared_account_gets_its_way_to_activation_anew(doors: Doors) -> None:
    doors.ready()
    asked = doors.recover.ask("100001", HERE)
    assert doors.kinds() == ["activation"]
    doors.choose(doors.recover.by_code(asked, doors.code(Purpose.RECOVERY), HERE), PASSWORD)
    assert doors.registrar.student("100001").account is AccountState.ACTIVE
    assert doors.kinds()[-1] == "activated"


def test_the_link_for_a_prepared_account_opens_the_activation_page_as_well(doors: Doors) -> None:
    student = doors.ready()
    doors.recover.ask("100001", HERE)
    assert doors.activate.by_link(doors.secret(), HERE).student == student.key


def test_a_family_with_one_address_gets_a_letter_for_each(doors: Doors) -> None:
    for album in ("100001", "100002"):
        doors.ready(album, email="rodzina@poczta.example")
    asked = doors.recover.ask("rodzina@poczta.example", HERE)
    assert len(asked.students) == 2 and doors.kinds() == ["activation"] * 2
    found = [doors.recover.by_code(asked, doors.code(Purpose.RECOVERY, at), HERE) for at in (0, 1)]
    assert {proof.student for proof in found} == set(asked.students)


def test_whoever_has_left_gets_no_letter_and_the_office_sees_that_they_tried(doors: Doors) -> None:
    student = doors.ready()
    doors.admit(status="rezygnacja")
    doors.recover.ask("100001", HERE)
    assert (doors.kinds(), doors.causes(student)) == ([], ["barred"])


@pytest.mark.parametrize("name", ["", "nobody", "100009", "x" * 300, "\x00", "ż@ź.pl", "*)(uid=*", "' OR ''='"])
def test_an_unknown_name_is_answered_like_a_known_one(doors: Doors, name: str) -> None:
    doors.active()
    asked = doors.recover.ask(name, HERE)
    assert doors.kinds() == ["activated"]
    assert turned_away(lambda: doors.recover.by_code(asked, "AAAA-AAAA", HERE)).why is Why.WRONG_CODE


def test_known_and_unknown_names_wait_after_equally_many_requests_and_equally_long(doors: Doors) -> None:
    doors.active()
    answers = []
    for name in ("100001", "100009"):
        waits = [_ask(doors, name, f"{name} at {at}") for at in range(8)]
        answers.append(waits)
    assert answers[0] == answers[1]
    assert answers[0].count("asked") == 5
    assert doors.kinds().count("recovery") == 5
    assert doors.kinds().count("too_many_tries") == 1


def test_wrong_codes_make_known_and_unknown_wait_after_equally_many_tries(doors: Doors) -> None:
    doors.active()
    answers = []
    for name in ("100001", "100009"):
        asked = doors.recover.ask(name, f"{name}'s")
        tried = [turned_away(lambda a=asked, n=name: doors.recover.by_code(a, "AAAA", f"{n}'s")) for _ in range(8)]  # type: ignore[misc]
        answers.append([(no.why, no.until) for no in tried])
    assert answers[0] == answers[1]
    assert [why for why, _ in answers[0]].count(Why.WRONG_CODE) == 5


def test_codes_of_two_unknown_names_do_not_slow_each_other_down(doors: Doors) -> None:
    first, second = doors.recover.ask("nobody", "a"), doors.recover.ask("no one", "b")
    for _ in range(6):
        turned_away(lambda: doors.recover.by_code(first, "AAAA", "a"))
    assert turned_away(lambda: doors.recover.by_code(second, "AAAA", "b")).why is Why.WRONG_CODE


def test_a_recovery_keeps_no_name_that_was_typed(doors: Doors) -> None:
    doors.active()
    doors.recover.ask("typed.by.somebody@poczta.example", HERE)
    assert "typed.by.somebody" not in repr(doors.registrar.everything())


def test_both_ends_of_the_link_are_the_same_student(doors: Doors) -> None:
    doors.active()
    asked = doors.recover.ask("100001", HERE)
    by_link = doors.recover.by_link(doors.secret(), HERE)
    by_code = doors.recover.by_code(asked, doors.code(Purpose.RECOVERY), HERE)
    assert isinstance(by_link, Proof) and by_link.student == by_code.student


@pytest.mark.timing
def test_known_and_unknown_names_take_the_same_time(registrar: Registrar) -> None:
    doors = Doors(registrar, least=0.02)
    doors.active()
    times: dict[str, list[float]] = {"100001": [], "100009": []}
    for at in range(200):
        registrar.later(minutes=31)
        for name, taken in times.items():
            begun = perf_counter()
            doors.recover.ask(name, f"{name} {at}")
            taken.append(perf_counter() - begun)
    known, unknown = times.values()
    spread = max(quantiles(taken, n=4)[2] - quantiles(taken, n=4)[0] for taken in (known, unknown))
    assert doors.kinds().count("recovery") == 200
    assert abs(median(known) - median(unknown)) < max(spread, 0.001)


def _ask(doors: Doors, name: str, source: str) -> str:
    try:
        doors.recover.ask(name, source)
    except TurnedAway as no:
        return f"{no} {no.until}"
    return "asked"


def test_other_sessions_end_before_the_password_is_stored(doors: Doors) -> None:
    student = doors.active()
    asked = doors.recover.ask("100001", HERE)
    proof = doors.recover.by_code(asked, doors.code(Purpose.RECOVERY), HERE)
    doors.sessions.ended.clear()
    doors.passwords.problem = Unavailable("the directory does not answer")
    with pytest.raises(Unavailable):
        doors.choose(proof, PASSWORD)
    assert doors.sessions.ended == [student.key]
