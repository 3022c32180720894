"""What every implementation of the ports `Passwords` and `Staff` promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock
from estudent.ports import Barrier, Entrance, NotFound, Passwords, Refused, Role, Staff, StaffMember
from tests.contract.directory_contract import ALBUMS, a_new_entry

RIGHT, WRONG = "correct horse battery staple", "incorrect horse battery staple"
INJECTIONS = [
    "*",
    "s*",
    "s123)(uid=*",
    "x)(|(uid=*",
    "*)(objectClass=*",
    "s1\\2a",
    "uid=decoy",
    "decoy",
    "cn=decoy,ou=services",
    "' OR '1'='1",
    "{{ 7 * 7 }}",
    "s123\x00456",
    "\x00",
    "s123\n456",
    "\ud800",
    "🎓",
    "s" * 10_000,
    "1" * 10_000,
    "\u202e" * 10_000,
    "",
    " ",
    ",",
]
NAMES = [
    lambda entry: entry.uid,
    lambda entry: entry.uid.upper(),
    lambda entry: f"  {entry.uid}\t",
    lambda entry: entry.album.digits,
    lambda entry: f" {entry.album.digits} ",
    lambda entry: entry.local_addresses[0],
    lambda entry: entry.local_addresses[0].title(),
    lambda entry: entry.mail[0],
    lambda entry: f"{entry.mail[0].upper()} ",
    lambda entry: entry.principal_name,
    lambda entry: f"\u200e{entry.uid}\u200b",
]


class World(Protocol):
    """The directory around the port: what others do there."""

    @property
    def passwords(self) -> Passwords:
        """The port."""

    def admit(self, entry: Entry) -> None:
        """Add an entry, or change its lock."""

    def demand_change(self, album: AlbumNumber) -> None:
        """Let the student choose another password."""


def a_student(world: World, lock: Lock = Lock.UNTIL_ACTIVATED, **changes: Any) -> Entry:
    """Somebody with a mailbox, and with a password unless the account waits to be activated."""
    entry = a_new_entry(lock=Lock.UNTIL_ACTIVATED)
    own = f"jan.nowak{entry.album}@example.pl"
    entry = a_new_entry(mail=(own,), local_addresses=(f"{entry.uid}@example.pl", own), **changes)
    world.admit(entry)
    if lock is not Lock.UNTIL_ACTIVATED:
        world.passwords.set(entry.album, RIGHT)
    if lock is Lock.BARRED:
        bar(world, entry)
    return entry


def bar(world: World, entry: Entry) -> None:
    """Do what the nightly run does to somebody who left."""
    world.admit(a_changed(entry, Lock.BARRED))


def a_changed(entry: Entry, lock: Lock) -> Entry:
    return Entry(**{name: getattr(entry, name) for name in Entry.__slots__} | {"lock": lock})


def fail(world: World, entry: Entry, times: int) -> None:
    for _ in range(times):
        assert not world.passwords.verify(entry.uid, WRONG).accepted


def album_of(passwords: Passwords, name: str) -> AlbumNumber | None:
    """Return whose a name is."""
    named = passwords.look_up(name)
    return named.album if named else None


class PasswordsContract:
    """Run against the fake and against OpenLDAP."""

    @pytest.fixture
    def world(self) -> World:
        raise NotImplementedError

    @pytest.mark.parametrize("name", NAMES)
    def test_a_student_is_known_by_every_name(self, world: World, name: Any) -> None:
        entry = a_student(world)
        assert album_of(world.passwords, name(entry)) == entry.album

    @pytest.mark.parametrize("name", NAMES)
    def test_a_student_gets_in_by_every_name(self, world: World, name: Any) -> None:
        entry = a_student(world, Lock.OPEN)
        assert world.passwords.verify(name(entry), RIGHT) == Entrance(entry.album, accepted=True)

    def test_an_unknown_name_is_nobody_s(self, world: World) -> None:
        unknown = str(next(ALBUMS))
        assert world.passwords.look_up(unknown) is None
        assert world.passwords.verify(unknown, RIGHT) == Entrance(None, accepted=False)

    @pytest.mark.parametrize("name", INJECTIONS, ids=range(len(INJECTIONS)))
    def test_a_strange_name_is_nobody_s(self, world: World, name: str) -> None:
        a_student(world, Lock.OPEN)
        assert world.passwords.look_up(name) is None
        assert world.passwords.verify(name, RIGHT) == Entrance(None, accepted=False)

    @pytest.mark.parametrize("password", [WRONG, "", " ", f"{RIGHT} ", RIGHT.upper(), f"{RIGHT}\x00", "x" * 10_000])
    def test_a_wrong_password_is_refused(self, world: World, password: str) -> None:
        entry = a_student(world, Lock.OPEN)
        assert world.passwords.verify(entry.uid, password) == Entrance(entry.album, accepted=False)
        assert world.passwords.verify(entry.uid, RIGHT).accepted

    @pytest.mark.parametrize(
        "password", ["zażółć gęślą jaźń", "пароль для входу", "  spaces  ", "🎓" * 32, "a\x00b" * 5, "ﬁﬂ①Ⅳ\u00a0x" * 3]
    )
    def test_any_characters_make_a_password(self, world: World, password: str) -> None:
        entry = a_student(world)
        world.passwords.set(entry.album, password)
        assert world.passwords.verify(entry.uid, password).accepted
        assert not world.passwords.verify(entry.uid, password[:-1]).accepted

    def test_letters_typed_in_two_parts_are_the_same_letters(self, world: World) -> None:
        entry = a_student(world)
        world.passwords.set(entry.album, "z\u0307o\u0301l\u0301c\u0301 na zawsze")
        assert world.passwords.verify(entry.uid, "żóĺć na zawsze").accepted

    @pytest.mark.parametrize("password", ["", "x" * 10_000])
    def test_a_password_without_measure_is_not_stored(self, world: World, password: str) -> None:
        entry = a_student(world, Lock.OPEN)
        with pytest.raises(Refused):
            world.passwords.set(entry.album, password)
        assert world.passwords.verify(entry.uid, RIGHT).accepted

    def test_a_new_password_takes_the_old_one_s_place(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        world.passwords.set(entry.album, "another one entirely")
        assert not world.passwords.verify(entry.uid, RIGHT).accepted
        assert world.passwords.verify(entry.uid, "another one entirely").accepted

    def test_there_is_no_password_without_an_entry(self, world: World) -> None:
        with pytest.raises(NotFound):
            world.passwords.set(AlbumNumber(str(next(ALBUMS))), RIGHT)

    # locks

    def test_nobody_gets_in_before_the_activation(self, world: World) -> None:
        entry = a_student(world)
        barrier = Barrier(Lock.UNTIL_ACTIVATED)
        assert world.passwords.verify(entry.uid, RIGHT) == Entrance(entry.album, accepted=False, barrier=barrier)
        assert world.passwords.barrier(entry.album) == barrier

    def test_an_account_without_an_entry_is_not_activated(self, world: World) -> None:
        assert world.passwords.barrier(AlbumNumber(str(next(ALBUMS)))) == Barrier(Lock.UNTIL_ACTIVATED)

    def test_the_first_password_activates(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        assert world.passwords.barrier(entry.album) is None

    def test_whoever_left_stays_outside_even_with_a_new_password(self, world: World) -> None:
        entry = a_student(world, Lock.BARRED)
        assert world.passwords.verify(entry.uid, RIGHT).barrier == Barrier(Lock.BARRED)
        world.passwords.set(entry.album, "another one entirely")
        assert not world.passwords.verify(entry.uid, "another one entirely").accepted
        assert world.passwords.barrier(entry.album) == Barrier(Lock.BARRED)

    @pytest.mark.thorough
    def test_thirty_wrong_passwords_lock_for_a_quarter_of_an_hour(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        fail(world, entry, 29)
        assert world.passwords.barrier(entry.album) is None
        fail(world, entry, 1)
        refused = world.passwords.verify(entry.uid, RIGHT)
        barrier = world.passwords.barrier(entry.album)
        assert not refused.accepted and refused.barrier == barrier
        assert barrier and barrier.lock is Lock.OPEN and barrier.until
        assert timedelta(minutes=14) < barrier.until - datetime.now(UTC) <= timedelta(minutes=15)

    @pytest.mark.thorough
    def test_twenty_nine_wrong_passwords_are_forgotten_after_the_right_one(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        fail(world, entry, 29)
        assert world.passwords.verify(entry.uid, RIGHT).accepted
        fail(world, entry, 29)
        assert world.passwords.verify(entry.uid, RIGHT).accepted

    def test_whoever_is_barred_just_after_being_looked_up_stays_outside(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        named = world.passwords.look_up(entry.uid)
        assert named and named.barrier is None and named.has_password
        bar(world, entry)
        assert not world.passwords.compare(named, RIGHT).accepted

    def test_nobody_s_password_is_never_right(self, world: World) -> None:
        assert world.passwords.compare(None, RIGHT) == Entrance(None, accepted=False)

    @pytest.mark.thorough
    def test_a_lock_by_wrong_passwords_can_be_opened(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        fail(world, entry, 30)
        world.passwords.open(entry.album)
        assert world.passwords.barrier(entry.album) is None
        fail(world, entry, 1)
        assert world.passwords.verify(entry.uid, RIGHT).accepted

    def test_a_lock_by_wrong_passwords_ends_with_a_new_one(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        fail(world, entry, 10)
        world.passwords.set(entry.album, "another one entirely")
        assert world.passwords.verify(entry.uid, "another one entirely").accepted

    @pytest.mark.parametrize("lock", Lock)
    def test_no_other_lock_is_opened(self, world: World, lock: Lock) -> None:
        entry = a_student(world, lock)
        before = world.passwords.barrier(entry.album)
        world.passwords.open(entry.album)
        assert world.passwords.barrier(entry.album) == before

    def test_there_is_nothing_to_open_without_an_entry(self, world: World) -> None:
        world.passwords.open(AlbumNumber(str(next(ALBUMS))))

    # must change

    def test_whoever_must_change_gets_in_and_is_told(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        world.demand_change(entry.album)
        assert world.passwords.verify(entry.uid, RIGHT) == Entrance(entry.album, accepted=True, must_change=True)

    def test_a_new_password_is_the_change_that_was_demanded(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        world.demand_change(entry.album)
        world.passwords.set(entry.album, "another one entirely")
        assert not world.passwords.verify(entry.uid, "another one entirely").must_change

    def test_nothing_of_a_password_is_shown(self, world: World) -> None:
        entry = a_student(world, Lock.OPEN)
        assert RIGHT not in repr(world.passwords.verify(entry.uid, RIGHT))


class Office(Protocol):
    """The directory around the port `Staff`."""

    @property
    def staff(self) -> Staff:
        """The port."""

    def hire(self, user: str, *groups: str) -> None:
        """Add somebody named after the user, with the right password, to these groups."""


class StaffContract:
    """Run against the fake and against OpenLDAP."""

    @pytest.fixture
    def office(self) -> Office:
        raise NotImplementedError

    @pytest.mark.parametrize(
        ("groups", "role"),
        [
            (["desk-readers"], Role.READER),
            (["desk-clerks"], Role.CLERK),
            (["desk-administrators"], Role.ADMINISTRATOR),
            (["desk-readers", "desk-administrators", "desk-clerks"], Role.ADMINISTRATOR),
            (["desk-clerks", "desk-readers"], Role.CLERK),
        ],
    )
    def test_the_highest_group_gives_the_role(self, office: Office, groups: list[str], role: Role) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user, *groups)
        assert office.staff.enter(user, RIGHT) == StaffMember(user, f"Anna {user}", role)

    def test_the_user_name_may_be_typed_in_capitals_and_with_spaces(self, office: Office) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user, "desk-clerks")
        assert office.staff.enter(f" {user.upper()} ", RIGHT) == StaffMember(user, f"Anna {user}", Role.CLERK)

    def test_whoever_is_in_no_group_stays_outside(self, office: Office) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user)
        assert office.staff.enter(user, RIGHT) is None

    @pytest.mark.parametrize("password", [WRONG, "", " ", f"{RIGHT}\x00", "x" * 10_000])
    def test_a_wrong_password_is_refused(self, office: Office, password: str) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user, "desk-clerks")
        assert office.staff.enter(user, password) is None

    @pytest.mark.parametrize("user", [*INJECTIONS, "desk-clerks", "provisioner"], ids=range(len(INJECTIONS) + 2))
    def test_a_strange_name_is_nobody_s(self, office: Office, user: str) -> None:
        assert office.staff.enter(user, RIGHT) is None

    @pytest.mark.thorough
    def test_thirty_wrong_passwords_lock(self, office: Office) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user, "desk-clerks")
        assert [office.staff.enter(user, WRONG) for _ in range(30)] == [None] * 30
        assert office.staff.enter(user, RIGHT) is None
        assert office.staff.look_up(user) == StaffMember(user, f"Anna {user}", Role.CLERK)

    def test_the_role_of_this_moment_is_looked_up_without_a_password(self, office: Office) -> None:
        user = f"a.kowalska{next(ALBUMS)}"
        office.hire(user)
        assert office.staff.look_up(user) is None
        assert office.staff.look_up("nobody.known") is None
        office.hire(user, "desk-readers")
        assert office.staff.look_up(user) == StaffMember(user, f"Anna {user}", Role.READER)
