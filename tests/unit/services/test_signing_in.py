"""Signing in: one refusal for all causes, waits before the directory's own lock, and what the office reads of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from estudent.domain.plan import Lock
from estudent.domain.student import AccountState, Student
from estudent.ports import SPARED, UNJUDGED, Entrance, NamedAccount, Role, StaffMember, Unavailable
from estudent.services.change_password import ChangePassword, NotChanged
from estudent.services.enter_desk import EnterDesk, Entered, NotEntered
from estudent.services.even_time import EvenTime
from estudent.services.sign_in import DOOR, NotSignedIn, SignedIn, SignIn
from tests.builders import DOMAIN
from tests.fakes import FakePasswords, FakeStaff
from tests.unit.services.doors import HERE, PASSWORD, Doors
from tests.unit.services.registrar import Registrar

WRONG = "not the right one"


@pytest.fixture
def doors(registrar: Registrar) -> Doors:
    return Doors(registrar)


@pytest.fixture
def sign_in(doors: Doors) -> SignIn:
    office = doors.registrar
    parts = (doors.passwords, doors.attempts, office.students, office.journal)
    return SignIn(*parts, EvenTime(0.0), lambda: office.now)


@pytest.fixture
def student(doors: Doors) -> Student:
    student = doors.active()
    doors.passwords.set(student.album, PASSWORD)
    return student


def told(doors: Doors, student: Student) -> list[str]:
    """Return what the journal says of the student's sign-ins."""
    lines = doors.registrar.journal.of(student.key)
    return [
        f"{line.step} {line.result} {line.detail}".strip() for line in lines if line.step in ("sign-in", "signed in")
    ]


@pytest.mark.parametrize("name", ["s100001", " S100001 ", "100001", f"s100001@{DOMAIN}"])
def test_a_student_gets_in_by_any_name(sign_in: SignIn, student: Student, name: str) -> None:
    assert sign_in(name, PASSWORD, HERE) == SignedIn(student)


def test_the_first_time_is_noted_once(doors: Doors, sign_in: SignIn, student: Student) -> None:
    for _ in range(3):
        sign_in("100001", PASSWORD, HERE)
    assert told(doors, student) == ["signed in done"]


def test_a_bind_that_works_proves_that_the_account_is_active(doors: Doors, sign_in: SignIn) -> None:
    student = doors.ready()
    doors.passwords.set(student.album, PASSWORD)
    sign_in("100001", PASSWORD, HERE)
    assert doors.registrar.student("100001").account is AccountState.ACTIVE


def test_whoever_must_change_is_told(doors: Doors, sign_in: SignIn, student: Student) -> None:
    doors.passwords.must_change.add(student.album)
    assert sign_in("100001", PASSWORD, HERE) == SignedIn(student, must_change=True)


@pytest.mark.parametrize("name", ["100001", "999999", "", "*", "\x00", "x" * 10_000])
def test_every_refusal_is_the_same(sign_in: SignIn, student: Student, name: str) -> None:
    assert sign_in(name, WRONG, HERE) == NotSignedIn()


def test_the_office_reads_why_somebody_was_refused(doors: Doors, sign_in: SignIn, student: Student) -> None:
    sign_in("100001", WRONG, HERE)
    assert told(doors, student) == ["sign-in refused wrong_password"]
    assert doors.causes(student)[0] == "wrong_password"


def test_before_the_activation_nobody_gets_in(doors: Doors, sign_in: SignIn) -> None:
    student = doors.ready()
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn()
    assert told(doors, student) == ["sign-in refused not_activated"]
    assert doors.causes(student) == ["not_activated"]


def test_a_lock_by_wrong_passwords_elsewhere_is_the_same_refusal(
    doors: Doors, sign_in: SignIn, student: Student
) -> None:
    doors.passwords.failures[student.album] = [doors.registrar.now] * 30
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn()
    assert doors.causes(student)[0] == "locked"


def test_whoever_left_gets_the_same_refusal(doors: Doors, sign_in: SignIn, student: Student) -> None:
    entry = doors.directory.entries[student.album]
    doors.directory.entries[student.album] = replace(entry, lock=Lock.BARRED)
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn()
    assert doors.causes(student)[0] == "barred"


def test_whoever_left_is_refused_before_the_directory_knows_it(doors: Doors, sign_in: SignIn, student: Student) -> None:
    doors.admit(status="rezygnacja")
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn()
    assert doors.causes(student)[0] == "barred"


def test_somebody_whom_the_registry_does_not_know_is_refused(doors: Doors, sign_in: SignIn, student: Student) -> None:
    stranger = replace(doors.directory.entries[student.album], album=replace(student.album, digits="7777777"))
    doors.directory.entries[stranger.album] = replace(
        stranger, uid="s7777777", local_addresses=(), principal_name="x", lock=Lock.OPEN
    )
    doors.passwords.set(stranger.album, PASSWORD)
    assert doors.passwords.verify("s7777777", PASSWORD).accepted
    assert sign_in("s7777777", PASSWORD, HERE) == NotSignedIn()


@pytest.mark.parametrize(("password", "answered_at"), [(WRONG, 0.1), (PASSWORD, 0.0)])
def test_a_refusal_and_only_a_refusal_is_stretched(
    sign_in: SignIn, student: Student, password: str, answered_at: float
) -> None:
    slept: list[float] = []
    replace(sign_in, even_time=EvenTime(0.1, lambda: 0.0, slept.append))("100001", password, HERE)
    assert sum(slept) == answered_at


# waiting


@pytest.mark.parametrize("name", ["100001", "999999"])
def test_after_five_failures_one_waits_whoever_one_is(
    doors: Doors, sign_in: SignIn, student: Student, name: str
) -> None:
    assert [sign_in(name, WRONG, HERE) for _ in range(5)] == [NotSignedIn()] * 5
    in_half_a_minute = NotSignedIn(doors.registrar.now + timedelta(seconds=30))
    assert sign_in(name, WRONG, HERE) == in_half_a_minute
    assert sign_in(name, PASSWORD, "another place") == in_half_a_minute
    doors.registrar.later(seconds=30)
    assert sign_in(name, WRONG, HERE) == NotSignedIn()


def test_whoever_waits_asks_nothing_of_the_directory(doors: Doors, sign_in: SignIn) -> None:
    for _ in range(5):
        sign_in("999999", WRONG, HERE)
    doors.passwords.problem = Unavailable("down")
    assert sign_in("999999", WRONG, HERE) == NotSignedIn(doors.registrar.now + timedelta(seconds=30))


def test_after_the_wait_the_right_password_lets_in_and_clears_all(
    doors: Doors, sign_in: SignIn, student: Student
) -> None:
    for _ in range(5):
        sign_in("100001", WRONG, HERE)
    doors.registrar.later(seconds=30)
    assert isinstance(sign_in("100001", PASSWORD, HERE), SignedIn)
    assert [sign_in("100001", WRONG, HERE) for _ in range(5)] == [NotSignedIn()] * 5


def test_other_names_of_an_account_neither_wait_nor_reach_it(doors: Doors, sign_in: SignIn, student: Student) -> None:
    """Else a wait would tell that an address and an album number belong together."""
    for _ in range(5):
        sign_in("100001", WRONG, HERE)
    alias = f"s100001@{DOMAIN}"
    assert sign_in(alias, PASSWORD, HERE) == NotSignedIn()
    assert doors.causes(student)[0] == SPARED
    assert len(doors.passwords.failures[student.album]) == 5
    doors.registrar.later(seconds=30)
    assert isinstance(sign_in(alias, PASSWORD, HERE), SignedIn)


@pytest.mark.thorough
def test_nobody_is_locked_out_of_wi_fi_through_the_portal(doors: Doors, sign_in: SignIn, student: Student) -> None:
    names = ["100001", "s100001", f"s100001@{DOMAIN}"]
    for minute in range(60):
        for at in range(60):
            sign_in(names[at % 3], WRONG, f"place {minute}")
        doors.registrar.later(minutes=1)
        assert doors.passwords.barrier(student.album) is None


def test_a_place_from_which_many_fail_waits(doors: Doors, sign_in: SignIn, student: Student) -> None:
    for at in range(30):
        assert sign_in(f"guess {at}", WRONG, HERE) == NotSignedIn()
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn(doors.registrar.now + timedelta(seconds=30))
    assert isinstance(sign_in("100001", PASSWORD, "another place"), SignedIn)


class HalfAway(FakePasswords):
    """A directory that finds names and then goes away."""

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        raise Unavailable("down")


class Counting(FakePasswords):
    """A directory that remembers what it was asked."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.asked: list[str] = []

    def look_up(self, name: str) -> NamedAccount | None:
        self.asked.append("look up")
        return super().look_up(name)

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        self.asked.append("compare")
        return super().compare(whose, password)


@pytest.mark.parametrize("name", ["100001", "999999"])
def test_a_name_is_looked_up_once_and_a_password_compared_once(
    doors: Doors, sign_in: SignIn, student: Student, name: str
) -> None:
    counting = Counting(doors.directory, sign_in.clock)
    replace(sign_in, passwords=counting)(name, WRONG, HERE)
    assert counting.asked == ["look up", "compare"]


def test_while_the_directory_is_away_no_try_counts(doors: Doors, sign_in: SignIn, student: Student) -> None:
    away = replace(sign_in, passwords=HalfAway(doors.directory, sign_in.clock))
    for name in ("100001", "999999") * 10:
        with pytest.raises(Unavailable):
            away(name, PASSWORD, HERE)
    assert doors.causes(student)[:10] == [UNJUDGED] * 10
    assert isinstance(sign_in("100001", PASSWORD, HERE), SignedIn)


def test_neither_name_nor_password_is_kept(doors: Doors, sign_in: SignIn, student: Student) -> None:
    sign_in("100001", "a canary of a password", HERE)
    sign_in("a canary of a name", PASSWORD, HERE)
    assert "canary" not in str(doors.registrar.everything())


# changing the password


@pytest.fixture
def change(doors: Doors) -> ChangePassword:
    sessions: Any = doors.sessions
    return ChangePassword(doors.passwords, doors.attempts, sessions, doors.messages, doors.registrar.journal)


def test_a_changed_password_ends_all_sessions_and_is_told_by_mail(
    doors: Doors, sign_in: SignIn, change: ChangePassword, student: Student
) -> None:
    doors.sessions.ended.clear()
    assert change(student, PASSWORD, "another one entirely", HERE) is None
    assert doors.sessions.ended == [student.key]
    assert doors.kinds()[-1] == "password_changed"
    assert sign_in("100001", PASSWORD, HERE) == NotSignedIn()
    assert isinstance(sign_in("100001", "another one entirely", HERE), SignedIn)
    changes = [line for line in doors.registrar.journal.of(student.key) if line.step.startswith("password change")]
    assert [(line.result, line.detail) for line in changes] == [("done", "")]


def test_the_wrong_old_password_changes_nothing(doors: Doors, change: ChangePassword, student: Student) -> None:
    letters = doors.kinds()
    assert change(student, WRONG, "another one entirely", HERE) == NotChanged()
    assert doors.passwords.verify("100001", PASSWORD).accepted
    assert doors.kinds() == letters


def test_an_open_session_is_no_way_to_guess_on(
    doors: Doors, sign_in: SignIn, change: ChangePassword, student: Student
) -> None:
    for _ in range(3):
        sign_in("s100001", WRONG, HERE)
        change(student, WRONG, "another one entirely", HERE)
    refused = change(student, PASSWORD, "another one entirely", HERE)
    assert refused and refused.until
    assert len(doors.passwords.failures[student.album]) == 5


def test_a_change_that_the_directory_did_not_take_changes_nothing(
    doors: Doors, change: ChangePassword, student: Student
) -> None:
    doors.passwords.problem = Unavailable("down")
    with pytest.raises(Unavailable):
        change(student, PASSWORD, "another one entirely", HERE)
    doors.passwords.problem = None
    assert doors.passwords.verify("100001", PASSWORD).accepted
    assert doors.attempts.recent(DOOR, "s100001", HERE, student.key).by_student == 0


# the desk


@pytest.fixture
def staff() -> FakeStaff:
    staff = FakeStaff()
    staff.add("a.kowalska", PASSWORD, "Anna Kowalska", Role.CLERK)
    return staff


def test_staff_come_in_with_their_role(doors: Doors, staff: FakeStaff) -> None:
    entered = EnterDesk(staff, doors.attempts)("A.Kowalska ", PASSWORD, HERE)
    assert entered == Entered(StaffMember("a.kowalska", "Anna Kowalska", Role.CLERK))


@pytest.mark.parametrize("user", ["a.kowalska", "nobody"])
def test_staff_wait_after_five_failures_too(doors: Doors, staff: FakeStaff, user: str) -> None:
    enter = EnterDesk(staff, doors.attempts)
    assert [enter(user, WRONG, HERE) for _ in range(5)] == [NotEntered()] * 5
    assert enter(user, PASSWORD, HERE) == NotEntered(doors.registrar.now + timedelta(seconds=30))
    doors.registrar.later(seconds=30)
    assert isinstance(enter(user, PASSWORD, HERE), Entered) == (user == "a.kowalska")


def test_a_directory_that_is_away_costs_the_staff_no_try(doors: Doors, staff: FakeStaff) -> None:
    staff.problem = Unavailable("down")
    for _ in range(10):
        with pytest.raises(Unavailable):
            EnterDesk(staff, doors.attempts)("a.kowalska", PASSWORD, HERE)
    staff.problem = None
    assert isinstance(EnterDesk(staff, doors.attempts)("a.kowalska", PASSWORD, HERE), Entered)
