"""The ports `Passwords` and `Staff`: the fakes and OpenLDAP keep one contract; then what only a directory shows."""

from __future__ import annotations

import re
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ldap3 import MODIFY_ADD, MODIFY_REPLACE, Connection

from estudent.adapters.ldap import binding
from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.directory import LdapDirectory
from estudent.adapters.ldap.escaping import dn_of
from estudent.adapters.ldap.passwords import LdapPasswords
from estudent.adapters.ldap.staff import LdapStaff
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Lock, plan
from estudent.ports import Barrier, Entrance, Misconfigured, Role, Unavailable
from sandbox.slapd import Slapd
from tests.contract.directory_contract import ALBUMS, a_new_entry
from tests.contract.passwords_contract import (
    RIGHT,
    WRONG,
    Office,
    PasswordsContract,
    StaffContract,
    World,
    a_student,
    album_of,
)
from tests.fakes import FakeDirectory, FakePasswords, FakeStaff

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class FakeWorld:
    def __init__(self) -> None:
        self.directory = FakeDirectory()
        self.passwords = FakePasswords(self.directory, lambda: datetime.now(UTC))

    def admit(self, entry: Entry) -> None:
        self.directory.entries[entry.album] = entry

    def demand_change(self, album: AlbumNumber) -> None:
        self.passwords.must_change.add(album)


class SlapdWorld:
    """slapd, the portal's passwords, and the provisioner who makes the entries."""

    def __init__(self, slapd: Slapd, uri: str = "") -> None:
        provisioner, portal = slapd.accounts["provisioner"], slapd.accounts["portal"]
        there: Any = {"uris": [uri or slapd.ldaps_uri], "suffix": slapd.suffix, "ca_file": slapd.ca_file}
        self.slapd = slapd
        self.directory = LdapDirectory(bind_dn=provisioner.dn, password=provisioner.password, **there)
        self.passwords = LdapPasswords(bind_dn=portal.dn, password=portal.password, **there)
        self.staff = LdapStaff(bind_dn=portal.dn, password=portal.password, **there)

    def admit(self, entry: Entry) -> None:
        outcomes = self.directory.carry_out(plan([entry], self.directory.find([entry.album])))
        assert [outcome.detail for outcome in outcomes] in ([""], [])

    def demand_change(self, album: AlbumNumber) -> None:
        self.change("portal", album, pwdReset="TRUE")

    def hire(self, user: str, *groups: str) -> None:
        self.slapd.add_staff(user, RIGHT, f"Anna {user}", *groups)

    def change(self, service: str, album: AlbumNumber, **values: str) -> None:
        account = self.slapd.accounts[service]
        client: Any = connect_to(
            self.slapd.ldaps_uri,
            Access((self.slapd.ldaps_uri,), account.dn, account.password, self.slapd.ca_file, 5, 10),
        )
        changes = {name: [(MODIFY_REPLACE, [value])] for name, value in values.items()}
        done = client.modify(dn_of(album, self.slapd.suffix), changes)
        hang_up(client)
        assert done[0], done[1]

    def read(self, name: str, *attributes: str) -> str:
        """Return an entry as an administrator sees it."""
        tool = self.slapd.tool("ldapsearch")
        there = ["-Q", "-Y", "EXTERNAL", "-H", self.slapd.ldapi_uri, "-s", "base", "-b", name]
        command = [*tool.argv, "-LLL", "-o", "ldif-wrap=no", *there, *attributes]
        return subprocess.run(command, env=tool.environment, capture_output=True, text=True, check=True).stdout

    def close(self) -> None:
        for part in (self.directory, self.passwords, self.staff):
            part.close()


class FakeOffice:
    def __init__(self) -> None:
        self.staff = FakeStaff()

    def hire(self, user: str, *groups: str) -> None:
        roles = [role for role in Role if f"desk-{role.value}s" in groups]
        self.staff.add(user, RIGHT, f"Anna {user}", roles[-1] if roles else None)


@pytest.fixture(scope="module")
def slapd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as running:
        yield running


@pytest.fixture(scope="module")
def real(slapd: Slapd) -> Iterator[SlapdWorld]:
    with closing(SlapdWorld(slapd)) as world:
        yield world


class TestFakePasswords(PasswordsContract):
    @pytest.fixture
    def world(self) -> World:
        return FakeWorld()


class TestLdapPasswords(PasswordsContract):
    @pytest.fixture
    def world(self, real: SlapdWorld) -> World:
        return real


class TestFakeStaff(StaffContract):
    @pytest.fixture
    def office(self) -> Office:
        return FakeOffice()


class TestLdapStaff(StaffContract):
    @pytest.fixture
    def office(self, real: SlapdWorld) -> Office:
        return real


# Time

TRIES = 60
EVENED_OUT = 0.003
"""What may differ here in any case: the portal stretches every refusal to a tenth of a second."""


def seconds_of(try_once: Callable[[], object]) -> float:
    started = time.perf_counter()
    try_once()
    return time.perf_counter() - started


def spread(times: list[float]) -> float:
    quarters = statistics.quantiles(times, n=4)
    return quarters[2] - quarters[0]


def in_turn(between: Callable[[], object], **tries: Callable[[], object]) -> dict[str, list[float]]:
    """Return how long each took, tried in turn, so that a busy moment of the machine hits all."""
    times: dict[str, list[float]] = {name: [] for name in tries}
    for at in range(TRIES):
        if at % 8 == 0:
            between()
        for name, try_once in tries.items():
            times[name].append(seconds_of(try_once))
    return times


def assert_alike(times: dict[str, list[float]]) -> None:
    medians = {name: statistics.median(each) for name, each in times.items()}
    widest = max(spread(each) for each in times.values())
    told = ", ".join(f"{name} {median * 1000:.1f} ms" for name, median in medians.items())
    print(f"\nmedians: {told}; spread {widest * 1000:.1f} ms")  # noqa: T201
    assert max(medians.values()) - min(medians.values()) < max(widest, EVENED_OUT), told
    assert min(medians.values()) > max(medians.values()) * 0.8, told


@pytest.mark.timing
def test_whatever_is_refused_takes_the_same_time(real: SlapdWorld) -> None:
    known = a_student(real, Lock.OPEN)
    barred, waiting = a_student(real, Lock.BARRED), a_student(real)
    locked, without = a_student(real, Lock.OPEN), a_new_entry(lock=Lock.OPEN)
    real.admit(without)
    for _ in range(30):
        real.passwords.verify(locked.uid, WRONG)
    verify = real.passwords.verify
    times = in_turn(
        lambda: verify(known.uid, RIGHT),
        wrong=lambda: verify(known.uid, WRONG),
        unknown=lambda: verify("s999999", WRONG),
        barred=lambda: verify(barred.uid, WRONG),
        not_activated=lambda: verify(waiting.uid, WRONG),
        locked=lambda: verify(locked.uid, WRONG),
        without_password=lambda: verify(without.uid, WRONG),
    )
    assert_alike(times)


@pytest.mark.timing
def test_the_staff_s_names_are_not_told_by_time_either(real: SlapdWorld) -> None:
    real.hire("b.zielinska", "desk-clerks")
    real.hire("b.zamknieta", "desk-clerks")
    enter = real.staff.enter
    for _ in range(30):
        enter("b.zamknieta", WRONG)
    times = in_turn(
        lambda: enter("b.zielinska", RIGHT),
        known=lambda: enter("b.zielinska", WRONG),
        unknown=lambda: enter("b.nieznana", WRONG),
        locked=lambda: enter("b.zamknieta", WRONG),
    )
    assert_alike(times)


@pytest.mark.thorough
def test_every_refusal_is_a_failure_that_slapd_notes(real: SlapdWorld) -> None:
    decoy = f"cn=decoy,ou=services,{real.slapd.suffix}"
    before = real.read(decoy, "entryCSN")
    for _ in range(32):
        real.passwords.verify("s999999", WRONG)
    after = real.read(decoy, "entryCSN", "pwdFailureTime", "pwdAccountLockedTime")
    assert before not in after
    assert after.count("pwdFailureTime") == 30
    assert "pwdAccountLockedTime" not in after


def test_nobody_who_learned_the_decoy_s_password_gets_in(real: SlapdWorld) -> None:
    decoy = f"cn=decoy,ou=services,{real.slapd.suffix}"
    kept = real.read(decoy, "userPassword")
    real.slapd.manage(f"dn: {decoy}\nchangetype: modify\nreplace: userPassword\nuserPassword: {RIGHT}\n")
    try:
        assert real.passwords.verify("s999999", RIGHT) == Entrance(None, accepted=False)
        assert real.staff.enter("decoy", RIGHT) is None
    finally:
        old = kept.partition("userPassword:: ")[2].strip()
        real.slapd.manage(f"dn: {decoy}\nchangetype: modify\nreplace: userPassword\nuserPassword:: {old}\n")


# Connections


def test_tries_open_no_new_connections(real: SlapdWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    known = a_student(real, Lock.OPEN)
    real.passwords.verify(known.uid, RIGHT)
    monkeypatch.setattr("estudent.adapters.ldap.servers.connect_to", _no_more)
    for password in (WRONG, RIGHT, WRONG, RIGHT):
        assert real.passwords.verify(known.uid, password).accepted == (password == RIGHT)
        assert not real.passwords.verify("s999999", password).accepted
        assert album_of(real.passwords, known.uid) == known.album


def _no_more(_uri: str, _access: Access) -> Connection:
    raise AssertionError("a new connection was opened")


def test_a_search_is_never_made_as_the_student_who_signed_in_last(real: SlapdWorld) -> None:
    first, second = a_student(real, Lock.OPEN), a_student(real, Lock.OPEN)
    assert real.passwords.verify(first.uid, RIGHT).accepted
    assert real.passwords.verify(second.mail[0], RIGHT).accepted


def test_passwords_go_through_starttls_too(slapd: Slapd) -> None:
    with closing(SlapdWorld(slapd, slapd.ldap_uri)) as world:
        known = a_student(world, Lock.OPEN)
        assert [world.passwords.verify(known.uid, each).accepted for each in (WRONG, RIGHT, RIGHT)] == [
            False, True, True,
        ]  # fmt: skip


def test_a_connection_that_was_closed_is_not_opened_again_without_tls(slapd: Slapd) -> None:
    portal = slapd.accounts["portal"]
    connection = connect_to(slapd.ldap_uri, Access((slapd.ldap_uri,), portal.dn, portal.password, slapd.ca_file, 5, 10))
    hang_up(connection)
    with pytest.raises(Unavailable):
        binding.bind(connection, portal.dn, portal.password.encode())


def test_nothing_of_a_password_stays_on_a_connection(slapd: Slapd) -> None:
    portal = slapd.accounts["portal"]
    connection = connect_to(
        slapd.ldaps_uri, Access((slapd.ldaps_uri,), portal.dn, portal.password, slapd.ca_file, 5, 10)
    )
    binding.bind(connection, "uid=s1,ou=people,dc=x", b"secret of a student")
    assert "secret of a student" not in repr(vars(connection)) + repr(connection)
    hang_up(connection)


@pytest.mark.thorough
def test_many_may_sign_in_at_once(real: SlapdWorld) -> None:
    students = [a_student(real, Lock.OPEN) for _ in range(8)]

    def sign_in(at: int) -> bool:
        password = RIGHT if at % 2 else WRONG
        return real.passwords.verify(students[at % 8].uid, password) == Entrance(students[at % 8].album, at % 2 == 1)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(sign_in, range(64)))


def test_a_directory_that_stops_is_unavailable_and_comes_back(tmp_path: Path) -> None:
    with Slapd(tmp_path, durable=False) as slapd, closing(SlapdWorld(slapd)) as world:
        known = a_student(world, Lock.OPEN)
        assert world.passwords.verify(known.uid, RIGHT).accepted
        slapd.stop()
        for ask in _everything(world, known):
            with pytest.raises(Unavailable):
                ask()
        slapd.start()
        assert world.passwords.verify(known.uid, RIGHT).accepted


def _everything(world: SlapdWorld, known: Entry) -> list[Callable[[], object]]:
    passwords = world.passwords
    return [
        lambda: passwords.verify(known.uid, RIGHT),
        lambda: passwords.verify("", RIGHT),
        lambda: passwords.look_up(known.uid),
        lambda: passwords.set(known.album, RIGHT),
        lambda: passwords.barrier(known.album),
        lambda: passwords.open(known.album),
        lambda: world.staff.enter("a.kowalska", RIGHT),
    ]


@pytest.mark.parametrize("fake", [FakeWorld().passwords])
def test_the_fake_can_be_out_of_reach(fake: FakePasswords) -> None:
    fake.problem = Unavailable("the fake is away")
    with pytest.raises(Unavailable):
        fake.verify("s123456", RIGHT)


# What only slapd has


def test_the_hash_is_argon2id_with_our_parameters(real: SlapdWorld) -> None:
    known = a_student(real, Lock.OPEN)
    name = dn_of(known.album, real.slapd.suffix)
    encoded = real.read(name, "userPassword").partition("userPassword:: ")[2].strip()
    tool = subprocess.run(["base64", "-d"], input=encoded, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\{ARGON2\}\$argon2id\$v=19\$m=19456,t=2,p=1\$\S+", tool.stdout)


def test_a_password_of_slapd_s_own_time_counts_though_nobody_noted_when_it_was_set(real: SlapdWorld) -> None:
    """A candidate of whom we do not know that there is a password is compared first and covered by the decoy after."""
    known = a_student(real, Lock.OPEN)
    keeper = real.passwords._doorkeeper
    unknown = binding.Candidate(dn_of(known.album, real.slapd.suffix), barred=False, has_password=False)
    assert keeper.compare(unknown, RIGHT).accepted
    assert not keeper.compare(unknown, WRONG).accepted


def test_an_address_that_two_students_claim_is_nobody_s(real: SlapdWorld) -> None:
    shared = f"shared{next(ALBUMS)}@example.pl"
    one, other = a_new_entry(mail=(shared,)), a_new_entry(local_addresses=(shared,))
    real.admit(one)
    real.admit(other)
    assert real.passwords.look_up(shared) is None
    assert album_of(real.passwords, one.uid) == one.album


def test_an_entry_whose_number_and_user_name_disagree_is_nobody_s(real: SlapdWorld) -> None:
    entry, other = a_student(real, Lock.OPEN), str(next(ALBUMS))
    real.change("provisioner", entry.album, employeeNumber=other)
    assert real.passwords.look_up(entry.uid) is None
    assert real.passwords.verify(entry.uid, RIGHT) == Entrance(None, accepted=False)


def test_a_password_counts_from_its_start_on(real: SlapdWorld) -> None:
    entry = a_student(real, Lock.OPEN)
    real.change("provisioner", entry.album, pwdStartTime="20991001000000Z")
    assert real.passwords.barrier(entry.album) == Barrier(Lock.OPEN, datetime(2099, 10, 1, tzinfo=UTC))
    assert not real.passwords.verify(entry.uid, RIGHT).accepted


def test_an_end_in_the_future_bars_nobody_yet(real: SlapdWorld) -> None:
    entry = a_student(real, Lock.OPEN)
    real.change("provisioner", entry.album, pwdEndTime="20991001000000Z")
    assert real.passwords.barrier(entry.album) is None
    assert real.passwords.verify(entry.uid, RIGHT).accepted


def test_a_lock_that_has_run_out_bars_nobody(real: SlapdWorld) -> None:
    entry = a_student(real, Lock.OPEN)
    real.change("provisioner", entry.album, pwdAccountLockedTime="20260101000000Z")
    assert real.passwords.barrier(entry.album) is None
    assert real.passwords.verify(entry.uid, RIGHT).accepted


def test_a_policy_of_the_entry_s_own_says_how_long_a_lock_lasts(real: SlapdWorld) -> None:
    entry = a_student(real, Lock.OPEN)
    name, policy = dn_of(entry.album, real.slapd.suffix), f"cn=services,ou=policies,{real.slapd.suffix}"
    real.slapd.manage(f"dn: {name}\nchangetype: modify\nreplace: pwdPolicySubentry\npwdPolicySubentry: {policy}\n")
    real.change("provisioner", entry.album, pwdAccountLockedTime="20260101000000Z")
    assert real.passwords.barrier(entry.album) == Barrier(Lock.UNTIL_ACTIVATED)


def test_a_directory_without_a_decoy_is_misconfigured(tmp_path: Path) -> None:
    with Slapd(tmp_path, durable=False) as slapd, closing(SlapdWorld(slapd)) as world:
        slapd.manage(f"dn: cn=decoy,ou=services,{slapd.suffix}\nchangetype: delete\n")
        known = a_student(world, Lock.OPEN)
        assert world.passwords.verify(known.uid, RIGHT).accepted
        with pytest.raises(Misconfigured, match=r"cn=decoy.*base\.ldif"):
            world.passwords.verify("s999999", RIGHT)


def test_the_staff_changes_its_own_password(real: SlapdWorld) -> None:
    user = f"a.kowalska{next(ALBUMS)}"
    real.hire(user, "desk-clerks")
    name = f"uid={user},ou=staff,{real.slapd.suffix}"
    client: Any = connect_to(
        real.slapd.ldaps_uri, Access((real.slapd.ldaps_uri,), name, RIGHT, real.slapd.ca_file, 5, 10)
    )
    assert client.modify(name, {"userPassword": [(MODIFY_REPLACE, ["another one entirely"])]})[0]
    assert not client.modify(name, {"displayName": [(MODIFY_REPLACE, ["Rektor"])]})[0]
    group = f"cn=desk-administrators,ou=groups,{real.slapd.suffix}"
    assert not client.modify(group, {"member": [(MODIFY_ADD, [name])]})[0]
    hang_up(client)
    assert real.staff.enter(user, RIGHT) is None
    assert real.staff.enter(user, "another one entirely")
