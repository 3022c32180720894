"""Activation: three doors, one refusal, and nothing half done."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from statistics import median, quantiles
from time import perf_counter

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Document
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.one_time_code import Purpose
from estudent.domain.plan import Lock
from estudent.domain.student import AccountState
from estudent.ports import NotFound, Proof, Refused, Unavailable
from estudent.services.turned_away import TurnedAway, Why
from tests.builders import DOMAIN
from tests.unit.services.doors import BORN, HERE, PASSWORD, Doors, turned_away
from tests.unit.services.registrar import Registrar

ALBUM = AlbumNumber("100001")


@pytest.fixture
def doors(registrar: Registrar) -> Doors:
    return Doors(registrar)


# the letter's link


def test_the_letter_s_link_and_the_album_number_open_the_account(doors: Doors) -> None:
    student = doors.ready()
    proof = doors.invited(student)
    doors.activate.confirm(proof, ALBUM, HERE)
    doors.choose(proof, PASSWORD)
    assert doors.passwords.verify("s100001", PASSWORD).accepted
    assert doors.registrar.student("100001").account is AccountState.ACTIVE
    assert doors.kinds() == ["activated"]
    assert doors.registrar.journal.of(student.key)[-1].step == "account activated"


def test_a_link_works_once(doors: Doors) -> None:
    token = doors.letter_token(doors.ready())
    proof, in_another_tab = (doors.activate.by_link(token, HERE) for _ in range(2))
    doors.choose(proof, PASSWORD)
    assert turned_away(lambda: doors.activate.by_link(token, HERE)).why is Why.LINK
    assert turned_away(lambda: doors.choose(in_another_tab, "the password of somebody else")).why is Why.USED
    assert doors.passwords.verify("s100001", PASSWORD).accepted


def test_a_link_works_for_sixty_days(doors: Doors) -> None:
    token = doors.letter_token(doors.ready())
    doors.registrar.later(days=59, hours=23)
    doors.activate.by_link(token, HERE)
    doors.registrar.later(hours=1)
    assert turned_away(lambda: doors.activate.by_link(token, HERE)).why is Why.LINK


def test_a_link_of_nobody_opens_nothing(doors: Doors) -> None:
    assert turned_away(lambda: doors.activate.by_link("0" * 64, HERE)).why is Why.LINK


def test_whoever_has_left_is_sent_to_the_office(doors: Doors) -> None:
    token = doors.letter_token(doors.ready())
    doors.admit(status="rezygnacja")
    assert turned_away(lambda: doors.activate.by_link(token, HERE)).why is Why.LEFT
    assert turned_away(lambda: doors.activate.by_data(doors.claim(), HERE)).why is Why.LEFT
    assert turned_away(lambda: doors.choose(Proof(1, "letter"), PASSWORD)).why is Why.LEFT


def test_three_wrong_album_numbers_close_the_link_for_a_while(doors: Doors) -> None:
    student = doors.ready()
    proof = doors.invited(student)
    confirm = partial(doors.activate.confirm, proof, source=HERE)
    for _ in range(3):
        assert turned_away(lambda: confirm(album=AlbumNumber("100002"))).why is Why.MISMATCH
    closed = turned_away(lambda: confirm(album=ALBUM))
    assert (closed.why, closed.until) == (Why.WAIT, doors.registrar.now + timedelta(minutes=15))
    doors.registrar.later(minutes=15)
    confirm(album=ALBUM)
    assert doors.causes(student)[:3] == ["wrong_album"] * 3


# by data


def test_data_that_fit_bring_a_code_and_the_code_a_password(doors: Doors) -> None:
    doors.ready()
    student = doors.activate.by_data(doors.claim(name="ZAK"), HERE)
    proof = doors.activate.by_email_code(student.key, doors.code(Purpose.EMAIL).lower(), HERE)
    doors.choose(proof, PASSWORD)
    assert doors.kinds() == ["email_code", "activated"]
    assert doors.passwords.verify(f"s100001@{DOMAIN}", PASSWORD).accepted


def test_a_foreigner_without_a_pesel_comes_in_by_document_and_birth_date(doors: Doors) -> None:
    passport = {"document_kind": "paszport", "document_number": "FX 123456", "document_country": "UA"}
    doors.ready(pesel="", birth_date="2007-03-14", **passport)
    shown = IdentityDocument(DocumentKind.PASSPORT, "fx123456", "UA")
    claim = doors.claim()
    claim = type(claim)(claim.album, "Zak", Document(shown, BORN))
    doors.activate.by_data(claim, HERE)
    assert doors.kinds() == ["email_code"]


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [({"name": "Kowalska"}, "surname_differs"), ({"pesel": "44051401359"}, "pesel_differs")],
)
def test_one_answer_for_every_cause_and_the_office_sees_which(doors: Doors, wrong: dict[str, str], cause: str) -> None:
    student = doors.ready()
    known = turned_away(lambda: doors.activate.by_data(doors.claim(**wrong), HERE))
    unknown = turned_away(lambda: doors.activate.by_data(doors.claim("100009", **wrong), HERE))
    assert (known.why, known.until) == (unknown.why, unknown.until) == (Why.MISMATCH, None)
    assert doors.causes(student) == [cause]
    line = doors.registrar.journal.of(student.key)[-1]
    assert (line.step, line.result, line.detail) == ("turned away: mismatch", "refused", cause)
    assert doors.kinds() == []


def test_corrected_data_work_at_once(doors: Doors) -> None:
    doors.ready(family_name="Zajac")
    assert turned_away(lambda: doors.activate.by_data(doors.claim(), HERE)).why is Why.MISMATCH
    doors.admit(family_name="Żak")
    doors.activate.by_data(doors.claim(), HERE)
    assert doors.kinds() == ["email_code"]


@pytest.mark.timing
def test_known_and_unknown_album_numbers_take_the_same_time(registrar: Registrar) -> None:
    doors = Doors(registrar, least=0.02)
    doors.ready()
    times: dict[str, list[float]] = {"100001": [], "100009": []}
    for at in range(200):
        registrar.later(minutes=16)
        for album, taken in times.items():
            begun = perf_counter()
            assert turned_away(partial(doors.activate.by_data, doors.claim(album, "Kowalska"), f"{album} {at}"))
            taken.append(perf_counter() - begun)
    known, unknown = times.values()
    spread = max(quantiles(taken, n=4)[2] - quantiles(taken, n=4)[0] for taken in (known, unknown))
    assert abs(median(known) - median(unknown)) < max(spread, 0.001)


def test_whoever_has_an_account_keeps_it(doors: Doors) -> None:
    student = doors.active()
    assert turned_away(lambda: doors.activate.by_data(doors.claim(), HERE)).why is Why.ACTIVE
    assert doors.causes(student)[0] == "active" and "email_code" not in doors.kinds()


def test_after_many_wrong_tries_everybody_waits_alike_and_a_real_student_gets_one_letter_an_hour(doors: Doors) -> None:
    doors.ready()
    for album in ("100001", "100009"):
        for _ in range(5):
            turned_away(lambda album=album: doors.activate.by_data(doors.claim(album, "Kowalska"), HERE))  # type: ignore[misc]
        waits = [turned_away(lambda album=album: doors.activate.by_data(doors.claim(album), HERE)) for _ in range(3)]  # type: ignore[misc]
        assert {(no.why, no.until) for no in waits} == {(Why.WAIT, doors.registrar.now + timedelta(seconds=30))}
    assert doors.kinds() == ["too_many_tries"]
    doors.activate.by_link(doors.secret(), HERE)


def test_a_wrong_code_is_refused_five_times_and_then_the_code_is_spent(doors: Doors) -> None:
    doors.ready()
    student = doors.activate.by_data(doors.claim(), HERE)
    for _ in range(5):
        no = turned_away(lambda: doors.activate.by_email_code(student.key, "AAAA-AAAA", HERE))
        assert no.why is Why.WRONG_CODE
    doors.registrar.later(minutes=20)
    assert turned_away(lambda: doors.activate.by_email_code(student.key, doors.code(Purpose.EMAIL), HERE)).why is (
        Why.WRONG_CODE
    )
    assert doors.causes(student)[:2] == ["expired_code", "wrong_code"]


# the office's code


@pytest.mark.parametrize("active", [False, True])
def test_a_code_from_the_office_opens_every_account(doors: Doors, active: bool) -> None:
    student = doors.active() if active else doors.ready()
    code = doors.issue(ALBUM, "jkowalska")
    assert len(code) == 11 and code[5] == "-"
    doors.choose(doors.activate.by_office_code(ALBUM, code, HERE), PASSWORD)
    assert doors.passwords.verify("100001", PASSWORD).accepted
    assert doors.kinds()[-1] == ("password_changed" if active else "activated")
    assert doors.registrar.journal.of(student.key)[-1].detail == "by office"


def test_a_code_of_nobody_and_a_wrong_code_are_refused_alike(doors: Doors) -> None:
    doors.ready()
    doors.issue(ALBUM, "jkowalska")
    for album in (ALBUM, AlbumNumber("100009")):
        no = turned_away(lambda album=album: doors.activate.by_office_code(album, "AAAAA-AAAAA", HERE))  # type: ignore[misc]
        assert (no.why, no.until) == (Why.WRONG_CODE, None)


def test_the_office_issues_no_code_to_whoever_has_left(doors: Doors) -> None:
    doors.ready()
    doors.admit(status="rezygnacja")
    with pytest.raises(Refused, match="resigned"):
        doors.issue(ALBUM, "jkowalska")
    with pytest.raises(NotFound):
        doors.issue(AlbumNumber("999"), "jkowalska")


# a student whose entry is not there yet


def test_a_student_without_an_entry_gets_one_while_the_code_is_on_its_way(doors: Doors) -> None:
    doors.admit()
    doors.activate.by_data(doors.claim(), HERE)
    (request,) = doors.registrar.outbox.claim(10)
    assert request.kind == "account"


def test_without_an_entry_the_password_waits_and_the_link_stays_good(doors: Doors) -> None:
    student = doors.admit()
    proof = doors.invited(student)
    assert turned_away(lambda: doors.choose(proof, PASSWORD)).why is Why.NO_ENTRY
    assert doors.registrar.outbox.waiting() == 1
    doors.run_directory()
    doors.choose(proof, PASSWORD)
    assert doors.passwords.verify("100001", PASSWORD).accepted


def test_an_entry_that_the_directory_has_lost_is_asked_for_again(doors: Doors) -> None:
    proof = doors.invited(doors.ready())
    doors.directory.entries.clear()
    assert turned_away(lambda: doors.choose(proof, PASSWORD)).why is Why.NO_ENTRY
    assert doors.registrar.outbox.waiting() == 1
    assert doors.registrar.student("100001").account is AccountState.PREPARED


# nothing half done


def test_a_directory_that_is_down_leaves_everything_as_it_was(doors: Doors) -> None:
    doors.ready()
    student = doors.activate.by_data(doors.claim(), HERE)
    proof = doors.activate.by_email_code(student.key, doors.code(Purpose.EMAIL), HERE)
    doors.passwords.problem = Unavailable("the directory does not answer")
    for _ in range(2):
        with pytest.raises(Unavailable):
            doors.choose(proof, PASSWORD)
    assert doors.registrar.student("100001").account is AccountState.PREPARED
    assert doors.kinds() == ["email_code"]
    doors.passwords.problem = None
    doors.choose(proof, PASSWORD)
    assert doors.passwords.verify("100001", PASSWORD).accepted


class Killed(BaseException):
    """Our process is killed at this step."""


@pytest.mark.parametrize("step", ["take", "set", "set afterwards", "end_all", "confirm", "give_back"])
def test_a_process_killed_at_any_step_leaves_a_way_in(doors: Doors, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    student = doors.ready()
    token = doors.letter_token(student)
    with monkeypatch.context() as dying:
        _die_at(dying, doors, step)
        with pytest.raises((Killed, Unavailable)):
            doors.choose(doors.activate.by_link(token, HERE), PASSWORD)
    doors.passwords.problem = None
    doors.run_directory()
    # Either the link still works, or the password does, or the letter for the forgotten password brings another.
    if not doors.passwords.verify("100001", PASSWORD).accepted:
        try_again(doors, token)
    assert doors.passwords.verify("100001", PASSWORD).accepted
    doors.run_directory()
    assert doors.registrar.student("100001").account is AccountState.ACTIVE
    assert doors.directory.entries[ALBUM].lock is Lock.OPEN


def try_again(doors: Doors, token: str) -> None:
    """Do what the pages tell a student to do."""
    no = None
    try:
        doors.choose(doors.activate.by_link(token, HERE), PASSWORD)
    except TurnedAway as error:
        no = error
    if no is not None:
        asked = doors.recover.ask("100001", HERE)
        doors.choose(doors.recover.by_code(asked, doors.code(Purpose.RECOVERY), HERE), PASSWORD)


def _die_at(dying: pytest.MonkeyPatch, doors: Doors, step: str) -> None:
    def die(*_: object) -> None:
        raise Killed

    def set_and_die(album: AlbumNumber, password: str) -> None:
        type(doors.passwords).set(doors.passwords, album, password)
        raise Unavailable("no answer came, though the password was stored")

    if step == "give_back":
        doors.passwords.problem = Unavailable("the directory does not answer")
    owner, name, act = {
        "take": (doors.accounts, "take", die),
        "set": (doors.passwords, "set", die),
        "set afterwards": (doors.passwords, "set", set_and_die),
        "end_all": (doors.sessions, "end_all", die),
        "confirm": (doors.accounts, "confirm", die),
        "give_back": (doors.accounts, "give_back", die),
    }[step]
    dying.setattr(owner, name, act)
