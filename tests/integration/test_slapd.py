"""The student directory as production configures it: who may do what, and what holds under load."""

from __future__ import annotations

import base64
import os
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ldap3
import pytest
from argon2 import PasswordHasher

from sandbox import daemon, debian
from sandbox.slapd import PACKAGES, Slapd

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    # ldap3 2.9.1 checks a server's name with a function that Python 3.12 dropped (it brings its own for then).
    pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning"),
]
LOCKED = "000001010000Z"
LONG_AGO = "20200101000000Z"
CLASSES = ["inetOrgPerson", "eduPerson", "schacContactLocation", "schacLinkageIdentifiers", "inetLocalMailRecipient"]
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
GOOD = "{ARGON2}" + HASHER.hash("good")
SERVICES = ("provisioner", "portal", "sso", "radius")
READABLE = (
    "uid",
    "eduPersonPrincipalName",
    "objectClass",
    "mail",
    "sn",
    "employeeNumber",
    "pwdAccountLockedTime",
    "pwdReset",
    "pwdEndTime",
    "pwdChangedTime",
    "userPassword",
)


def hashed(password: str) -> str:
    return "{ARGON2}" + HASHER.hash(password)


class Client:
    """One connection; every call answers with the name of the LDAP result."""

    def __init__(self, uri: str, ca_file: Path, dn: str = "", password: str = "", *, start_tls: bool = False) -> None:
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=str(ca_file))
        server = ldap3.Server(uri, tls=tls, get_info=ldap3.NONE, connect_timeout=5)
        self.connection: Any = ldap3.Connection(
            server, dn or None, password or None, client_strategy=ldap3.SAFE_SYNC, receive_timeout=10
        )
        self.connection.open()
        if start_tls:
            self.connection.start_tls()
        self.bound: str = self.connection.bind()[1]["description"]

    def add(self, dn: str, **attributes: object) -> str:
        return str(self.connection.add(dn, attributes=attributes)[1]["description"])

    def replace(self, dn: str, **attributes: list[str]) -> str:
        changes = {name: [(ldap3.MODIFY_REPLACE, values)] for name, values in attributes.items()}
        return str(self.connection.modify(dn, changes)[1]["description"])

    def delete(self, dn: str) -> str:
        return str(self.connection.delete(dn)[1]["description"])

    def rename(self, dn: str, rdn: str) -> str:
        return str(self.connection.modify_dn(dn, rdn)[1]["description"])

    def read(self, dn: str, *names: str) -> dict[str, list[bytes]]:
        found = self.connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=list(names))[2] or []
        return {name: values for entry in found for name, values in entry["raw_attributes"].items() if values}

    def search(self, base: str, condition: str = "(objectClass=*)") -> list[str]:
        return [entry["dn"] for entry in self.connection.search(base, condition, attributes=["1.1"])[2] or []]


class Campus:
    """A directory with what a test needs to say about it."""

    def __init__(self, slapd: Slapd) -> None:
        self.slapd = slapd
        self._next = 100_000
        self._services: dict[str, Client] = {}
        self._open: list[Client] = []

    def dn(self, album: str) -> str:
        return f"uid=s{album},ou=people,{self.slapd.suffix}"

    def attributes(self, album: str, **more: object) -> dict[str, object]:
        return {
            "objectClass": CLASSES,
            "uid": f"s{album}",
            "cn": "Zofia Nowak",
            "sn": "Nowak",
            "employeeNumber": album,
            "eduPersonPrincipalName": f"s{album}@student.example.pl",
            "schacHomeOrganization": "student.example.pl",
            "schacPersonalUniqueCode": f"urn:schac:personalUniqueCode:int:esi:student.example.pl:{album}",
            "mailLocalAddress": f"s{album}@student.example.pl",
            **more,
        }

    def new_album(self) -> str:
        self._next += 1
        return str(self._next)

    def bind(self, dn: str, password: str) -> Client:
        return self.connect(self.slapd.ldaps_uri, dn, password)

    def connect(self, uri: str, dn: str = "", password: str = "", *, start_tls: bool = False) -> Client:
        """Open a connection that is closed when the test is over."""
        client = Client(uri, self.slapd.ca_file, dn, password, start_tls=start_tls)
        self._open.append(client)
        return client

    def close(self) -> None:
        for client in self._open:
            client.connection.unbind()
        self._open.clear()
        self._services.clear()

    def service(self, name: str) -> Client:
        """The service's connection, opened once."""
        if name not in self._services:
            account = self.slapd.accounts[name]
            self._services[name] = self.bind(account.dn, account.password)
        return self._services[name]

    def admit(self, **more: object) -> str:
        """Add a student who is locked and has no password, as the provisioner does; return the DN."""
        album = self.new_album()
        outcome = self.service("provisioner").add(
            self.dn(album), **self.attributes(album, **{"pwdAccountLockedTime": LOCKED, **more})
        )
        assert outcome == "success"
        return self.dn(album)

    def activate(self) -> str:
        """Add a student and set the password "good", as the portal does; return the DN."""
        dn = self.admit()
        assert self.service("portal").replace(dn, userPassword=[GOOD]) == "success"
        return dn


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Campus]:
    with Slapd(tmp_path_factory.mktemp("slapd"), durable=False) as slapd:
        yield Campus(slapd)


@pytest.fixture
def campus(directory: Campus) -> Iterator[Campus]:
    yield directory
    directory.close()


# Signing in


def test_a_student_who_has_not_activated_cannot_sign_in(campus: Campus) -> None:
    dn = campus.admit()
    assert campus.service("provisioner").read(dn, "pwdAccountLockedTime") == {"pwdAccountLockedTime": [LOCKED.encode()]}
    assert campus.bind(dn, "anything").bound == "invalidCredentials"


def test_a_locked_student_cannot_sign_in_with_the_right_password(campus: Campus) -> None:
    dn = campus.activate()
    assert campus.service("provisioner").replace(dn, pwdAccountLockedTime=[LOCKED]) == "success"
    assert campus.bind(dn, "good").bound == "invalidCredentials"


def test_setting_a_password_in_the_portal_unlocks(campus: Campus) -> None:
    dn = campus.admit()
    assert campus.service("portal").replace(dn, userPassword=[hashed("good")]) == "success"
    assert campus.service("portal").read(dn, "pwdAccountLockedTime") == {}
    assert campus.bind(dn, "good").bound == "success"


def test_a_new_password_does_not_bring_back_a_student_who_was_struck_off(campus: Campus) -> None:
    dn = campus.activate()
    assert campus.service("provisioner").replace(dn, pwdEndTime=[LONG_AGO]) == "success"
    assert campus.service("portal").replace(dn, userPassword=[hashed("new")]) == "success"
    assert campus.bind(dn, "new").bound == "invalidCredentials"


def test_the_portal_cannot_bring_back_a_student_who_was_struck_off(campus: Campus) -> None:
    dn = campus.admit(pwdEndTime=LONG_AGO)
    assert campus.service("portal").replace(dn, pwdEndTime=[]) == "insufficientAccessRights"


def test_thirty_wrong_passwords_bar_a_student_and_a_new_one_lets_in_again(campus: Campus) -> None:
    dn = campus.activate()
    for _ in range(30):
        campus.bind(dn, "bad")
    assert campus.bind(dn, "good").bound == "invalidCredentials"
    assert campus.service("portal").replace(dn, userPassword=[hashed("new")]) == "success"
    assert campus.bind(dn, "new").bound == "success"


def test_wrong_passwords_do_not_bar_a_service(campus: Campus) -> None:
    account = campus.slapd.accounts["sso"]
    for _ in range(31):
        assert campus.bind(account.dn, "bad").bound == "invalidCredentials"
    assert campus.bind(account.dn, account.password).bound == "success"


def test_a_password_is_refused_without_tls(campus: Campus) -> None:
    account = campus.slapd.accounts["sso"]
    client = campus.connect(campus.slapd.ldap_uri, account.dn, account.password)
    assert client.bound == "confidentialityRequired"


def test_a_password_is_accepted_after_starttls(campus: Campus) -> None:
    account = campus.slapd.accounts["sso"]
    client = campus.connect(campus.slapd.ldap_uri, account.dn, account.password, start_tls=True)
    assert client.bound == "success"


def test_a_stranger_sees_nothing(campus: Campus) -> None:
    dn = campus.activate()
    stranger = campus.connect(campus.slapd.ldaps_uri)
    assert stranger.bound == "inappropriateAuthentication"
    assert stranger.search(campus.slapd.suffix) == []
    assert stranger.read(dn, "uid") == {}
    assert stranger.read("cn=Monitor", "cn") == {}


def test_nobody_can_bind_as_the_name_that_the_overlays_write_under(campus: Campus) -> None:
    assert campus.bind(f"cn=internal,{campus.slapd.suffix}", "anything").bound == "invalidCredentials"


# What each account may read: of an entry that holds all of READABLE

MAY_READ = {
    "provisioner": set(READABLE) - {"userPassword"},
    "portal": set(READABLE) - {"userPassword"},
    "sso": set(READABLE) - {"userPassword"},
    "radius": {"uid", "eduPersonPrincipalName", "objectClass", "pwdChangedTime"},
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_reads_what_it_needs_and_no_more(campus: Campus, service: str) -> None:
    dn = campus.activate()
    campus.service("provisioner").replace(
        dn, mail=[f"{dn[4:11]}@example.pl"], pwdEndTime=[LONG_AGO], pwdAccountLockedTime=[LOCKED]
    )
    campus.service("portal").replace(dn, pwdReset=["TRUE"])
    assert set(campus.service(service).read(dn, *READABLE)) == MAY_READ[service]


def test_a_student_reads_the_own_entry_but_not_the_hash(campus: Campus) -> None:
    dn = campus.activate()
    assert set(campus.bind(dn, "good").read(dn, *READABLE)) == {
        "uid",
        "eduPersonPrincipalName",
        "objectClass",
        "sn",
        "employeeNumber",
        "pwdChangedTime",
    }


def test_a_student_sees_nobody_else(campus: Campus) -> None:
    dn, other = campus.activate(), campus.admit()
    student = campus.bind(dn, "good")
    assert student.read(other, "uid") == {}
    assert student.search(campus.slapd.suffix) == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_sees_the_services_and_their_hashes(campus: Campus, service: str) -> None:
    assert campus.service(service).search(f"ou=services,{campus.slapd.suffix}") == []


def test_the_radius_server_cannot_filter_by_what_it_cannot_read(campus: Campus) -> None:
    dn = campus.admit()
    people = f"ou=people,{campus.slapd.suffix}"
    assert campus.service("radius").search(people, f"({dn.partition(',')[0]})") == [dn]
    assert campus.service("radius").search(people, "(sn=Nowak)") == []


# What each account may change

NO, YES = "insufficientAccessRights", "success"
MAY_CHANGE = {
    #                        provisioner  portal  sso  radius  self
    "sn":                   (YES,         NO,     NO,  NO,     NO),
    "mailLocalAddress":     (YES,         NO,     NO,  NO,     NO),
    "userPassword":         (NO,          YES,    NO,  NO,     YES),
    "pwdAccountLockedTime": (YES,         YES,    NO,  NO,     NO),
    "pwdEndTime":           (YES,         NO,     NO,  NO,     NO),
    "pwdReset":             (NO,          YES,    NO,  NO,     NO),
}  # fmt: skip
VALUES = {
    "sn": "Kowalska",
    "mailLocalAddress": "z.kowalska@student.example.pl",
    "userPassword": hashed("another"),
    "pwdAccountLockedTime": LOCKED,
    "pwdEndTime": LONG_AGO,
    "pwdReset": "TRUE",
}
CHANGES = [
    (who, attribute, outcomes[column])
    for attribute, outcomes in MAY_CHANGE.items()
    for column, who in enumerate((*SERVICES, "self"))
]


@pytest.mark.parametrize(("who", "attribute", "outcome"), CHANGES)
def test_an_account_changes_what_is_its_own_business(campus: Campus, who: str, attribute: str, outcome: str) -> None:
    dn = campus.activate()
    client = campus.bind(dn, "good") if who == "self" else campus.service(who)
    try:
        assert client.replace(dn, **{attribute: [VALUES[attribute]]}) == outcome
    finally:
        campus.service("provisioner").delete(dn)


@pytest.mark.parametrize(("service", "outcome"), [("provisioner", YES), ("portal", NO), ("sso", NO), ("radius", NO)])
def test_only_the_provisioner_adds_renames_and_deletes_people(campus: Campus, service: str, outcome: str) -> None:
    client, there = campus.service(service), campus.admit()
    album = campus.new_album()
    assert client.add(campus.dn(album), **campus.attributes(album)) == outcome
    assert client.rename(there, f"uid={campus.new_album()}") == outcome
    assert client.delete(campus.dn(album) if outcome == YES else there) == outcome


def test_the_provisioner_cannot_slip_a_password_into_a_new_entry(campus: Campus) -> None:
    album = campus.new_album()
    attributes = campus.attributes(album, userPassword=hashed("mine"))
    assert campus.service("provisioner").add(campus.dn(album), **attributes) == NO


def test_the_provisioner_cannot_make_itself_a_service(campus: Campus) -> None:
    dn = f"cn=second,ou=services,{campus.slapd.suffix}"
    assert campus.service("provisioner").add(dn, objectClass=["organizationalRole"], cn="second") == NO


def test_only_the_provisioner_reads_more_than_the_size_limit(campus: Campus) -> None:
    for _ in range(510):
        campus.admit()
    people = f"ou=people,{campus.slapd.suffix}"
    assert len(campus.service("provisioner").search(people)) > 510
    assert len(campus.service("sso").search(people)) == 500


def test_a_password_that_comes_in_clear_is_stored_as_a_hash(campus: Campus) -> None:
    dn = campus.admit()
    assert campus.service("portal").replace(dn, userPassword=["in clear"]) == "success"
    assert campus.bind(dn, "in clear").bound == "success"
    stored = manage(campus, "ldapsearch", "-LLL", "-b", dn, "userPassword")
    assert stored.count(base64.b64encode(b"{ARGON2}").decode()[:10]) == 1


# What no two students share

SHARED = ("uid", "mail", "mailLocalAddress", "employeeNumber", "eduPersonPrincipalName")


@pytest.mark.parametrize("attribute", SHARED)
def test_no_two_students_share(campus: Campus, attribute: str) -> None:
    first, second = campus.new_album(), campus.new_album()
    provisioner, value = campus.service("provisioner"), f"shared.{attribute}.{first}"
    taken = campus.attributes(first, **{attribute: [f"s{first}", value] if attribute == "uid" else value})
    assert provisioner.add(campus.dn(first), **taken) == "success"
    wanted = campus.attributes(second, **{attribute: [f"s{second}", value] if attribute == "uid" else value})
    assert provisioner.add(campus.dn(second), **wanted) == "constraintViolation"


def test_of_many_who_ask_for_one_address_at_once_one_gets_it(campus: Campus) -> None:
    account = campus.slapd.accounts["provisioner"]
    clients = [campus.bind(account.dn, account.password) for _ in range(8)]
    entries = [campus.new_album() for _ in range(160)]

    def add(index: int) -> str:
        album = entries[index]
        mail = f"jan.nowak{index // 8}@student.example.pl"
        return clients[index % 8].add(campus.dn(album), **campus.attributes(album, mail=mail))

    with ThreadPoolExecutor(8) as pool:
        outcomes = [
            outcome for start in range(0, len(entries), 8) for outcome in pool.map(add, range(start, start + 8))
        ]
    assert (outcomes.count("success"), outcomes.count("constraintViolation")) == (20, 140)


def test_an_attribute_is_compared_with_itself_only(campus: Campus) -> None:
    """Measured, not wished for: why each address, the mailbox's own too, must stand in mailLocalAddress."""
    campus.admit(mailLocalAddress="ewa.lis@student.example.pl")
    campus.admit(mail="ewa.lis@student.example.pl")
    album = campus.new_album()
    attributes = campus.attributes(album, mailLocalAddress="ewa.lis@student.example.pl")
    assert campus.service("provisioner").add(campus.dn(album), **attributes) == "constraintViolation"


# The student office


@pytest.fixture(scope="module")
def clerk(directory: Campus) -> str:
    directory.slapd.add_staff("a.kowalska", "good", "Anna Kowalska", "desk-clerks")
    return f"uid=a.kowalska,ou=staff,{directory.slapd.suffix}"


def test_staff_sign_in_and_see_their_own_entry_alone(campus: Campus, clerk: str) -> None:
    client = campus.bind(clerk, "good")
    assert client.read(clerk, "uid", "displayName") == {"uid": [b"a.kowalska"], "displayName": [b"Anna Kowalska"]}
    assert client.read(clerk, "userPassword") == {}
    assert client.search(campus.slapd.suffix) == []
    assert client.read(campus.activate(), "uid") == {}


@pytest.mark.parametrize("service", ["provisioner", "radius"])
@pytest.mark.parametrize("branch", ["staff", "groups", "policies"])
def test_services_that_sign_no_staff_in_see_nothing_of_the_student_office(
    campus: Campus, service: str, branch: str
) -> None:
    assert campus.service(service).search(f"ou={branch},{campus.slapd.suffix}") == []


def test_single_sign_on_reads_of_staff_who_they_are_and_where_they_belong(campus: Campus, clerk: str) -> None:
    sso = campus.service("sso")
    assert set(sso.read(clerk, "*", "+")) == {"objectClass", "uid", "cn", "displayName", "pwdChangedTime"}
    assert sso.search(f"ou=groups,{campus.slapd.suffix}", f"(member={clerk})") == [
        f"cn=desk-clerks,ou=groups,{campus.slapd.suffix}"
    ]
    assert sso.search(f"ou=policies,{campus.slapd.suffix}") == []


def test_the_portal_reads_of_the_student_office_what_it_needs(campus: Campus, clerk: str) -> None:
    portal = campus.service("portal")
    assert set(portal.read(clerk, "*", "+")) == {"objectClass", "uid", "cn", "displayName", "pwdChangedTime"}
    assert portal.search(f"ou=groups,{campus.slapd.suffix}", f"(member={clerk})") == [
        f"cn=desk-clerks,ou=groups,{campus.slapd.suffix}"
    ]
    assert portal.read(f"cn=default,ou=policies,{campus.slapd.suffix}", "*") == {
        "objectClass": [b"organizationalRole", b"pwdPolicy"],
        "pwdLockoutDuration": [b"900"],
    }


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_makes_itself_staff(campus: Campus, clerk: str, service: str) -> None:
    client, suffix = campus.service(service), campus.slapd.suffix
    group = f"cn=desk-administrators,ou=groups,{suffix}"
    assert client.replace(group, member=[campus.slapd.accounts[service].dn]) == NO
    assert client.replace(clerk, userPassword=[hashed("mine")]) == NO
    assert client.replace(clerk, displayName=["Rektor"]) == NO
    staff = {"objectClass": "inetOrgPerson", "uid": "second", "cn": "Second", "sn": "Second"}
    assert client.add(f"uid=second,ou=staff,{suffix}", **staff) == NO
    assert client.replace(f"cn=decoy,ou=services,{suffix}", userPassword=[hashed("mine")]) == NO


def test_nobody_belongs_to_a_new_group_but_the_group_itself(campus: Campus) -> None:
    group = f"cn=desk-readers,ou=groups,{campus.slapd.suffix}"
    assert campus.service("portal").read(group, "member") == {"member": [group.encode()]}
    assert campus.bind(group, "anything").bound == "invalidCredentials"


def test_staff_who_are_added_again_get_the_new_password(campus: Campus) -> None:
    name = f"uid=b.nowak,ou=staff,{campus.slapd.suffix}"
    for password in ("first", "second"):
        campus.slapd.add_staff("b.nowak", password, "Barbara Żółć-Nowak", "desk-readers", "desk-clerks")
    assert [campus.bind(name, password).bound for password in ("first", "second")] == ["invalidCredentials", "success"]


@pytest.mark.parametrize("user", ["", "A.Kowalska", "a,ou=people", "a\ndn: x"])
def test_a_strange_user_name_is_not_added_to_the_staff(campus: Campus, user: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        campus.slapd.add_staff(user, "good", "Anna Kowalska", "desk-clerks")


def test_a_group_that_does_not_exist_is_said(campus: Campus) -> None:
    with pytest.raises(daemon.NotStarted, match="slapd refused a change"):
        campus.slapd.add_staff("c.nowak", "good", "Celina Nowak", "desk-wizards")


# The configuration


def manage(campus: Campus, tool: str, *arguments: str) -> str:
    """Run a tool over the unix socket as the account that this process has."""
    program = campus.slapd.tool(tool)
    command = [*program.argv, "-Q", "-Y", "EXTERNAL", "-H", campus.slapd.ldapi_uri, *arguments]
    return subprocess.run(command, env=program.environment, capture_output=True, text=True, check=True).stdout


def test_the_machine_is_managed_over_the_unix_socket_without_a_password(campus: Campus) -> None:
    assert "olcPasswordHash: {ARGON2}" in manage(campus, "ldapsearch", "-LLL", "-b", "cn=config", "olcPasswordHash")
    assert "monitoredInfo" in manage(campus, "ldapsearch", "-LLL", "-b", "cn=Uptime,cn=Time,cn=Monitor", "+")


def test_the_tools_talk_tls_without_being_told(campus: Campus) -> None:
    tool, account = campus.slapd.tool("ldapwhoami"), campus.slapd.accounts["sso"]
    command = [*tool.argv, "-x", "-D", account.dn, "-w", account.password]
    said = subprocess.run(command, env=tool.environment, capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"dn:{account.dn}"


def test_the_provisioner_can_ask_for_changes_since_a_cookie(campus: Campus) -> None:
    tool, account = campus.slapd.tool("ldapsearch"), campus.slapd.accounts["provisioner"]
    command = [*tool.argv, "-x", "-D", account.dn, "-w", account.password, "-b", campus.slapd.suffix, "-E", "sync=ro"]
    said = subprocess.run([*command, "uid"], env=tool.environment, capture_output=True, text=True, check=True).stdout
    assert "# cookie: rid=000,csn=" in said


# The launcher


def whoami(slapd: Slapd) -> str:
    campus = Campus(slapd)
    try:
        return campus.service("portal").bound
    finally:
        campus.close()


def test_it_starts_again_on_the_same_data_ports_and_passwords(tmp_path: Path) -> None:
    with Slapd(tmp_path) as first:
        campus, address = Campus(first), first.ldaps_uri
        dn = campus.admit()
        campus.close()
    with Slapd(tmp_path) as second:
        assert second.ldaps_uri == address
        campus = Campus(second)
        assert campus.service("sso").read(dn, "sn") == {"sn": [b"Nowak"]}
        campus.close()


def test_a_folder_of_an_earlier_version_gets_the_entries_that_it_lacks(tmp_path: Path) -> None:
    with Slapd(tmp_path) as old:
        campus = Campus(old)
        dn = campus.admit()
        campus.close()
        for name in ("cn=decoy,ou=services", "cn=decoy,ou=policies", "cn=desk-clerks,ou=groups"):
            old.manage(f"dn: {name},{old.suffix}\nchangetype: delete\n")
        (tmp_path / "data.ready").write_text("")
    with Slapd(tmp_path) as new:
        campus = Campus(new)
        portal = campus.service("portal")
        assert portal.read(f"cn=decoy,ou=services,{new.suffix}", "objectClass")
        assert portal.read(f"cn=desk-clerks,ou=groups,{new.suffix}", "cn")
        assert portal.read(dn, "sn") == {"sn": [b"Nowak"]}
        campus.close()


def test_starting_twice_is_starting_once(tmp_path: Path) -> None:
    with Slapd(tmp_path) as slapd:
        pid = slapd.pid
        assert slapd.start().pid == pid


def test_after_stop_it_is_gone(tmp_path: Path) -> None:
    slapd = Slapd(tmp_path).start()
    pid = slapd.pid
    assert pid
    slapd.stop()
    slapd.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_second_owner_is_refused(tmp_path: Path) -> None:
    with Slapd(tmp_path), pytest.raises(daemon.InUse):
        Slapd(tmp_path).start()


def test_what_a_crashed_owner_left_running_is_replaced(tmp_path: Path) -> None:
    owner = (
        "import os, pathlib, sandbox.slapd as s\n"
        f"print(s.Slapd(pathlib.Path({str(tmp_path)!r})).start().pid, flush=True)\n"
        "os._exit(1)"
    )
    said = subprocess.run([sys.executable, "-c", owner], capture_output=True, text=True, check=False)
    orphan = int(said.stdout)
    with Slapd(tmp_path) as slapd:
        assert slapd.pid != orphan
        assert not Path(f"/proc/{orphan}/cmdline").exists() or not Path(f"/proc/{orphan}/cmdline").read_bytes()
        assert whoami(slapd) == "success"


def test_a_number_in_an_old_pid_file_that_now_is_another_program_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as innocent:
        (tmp_path / "slapd.pid").write_text(f"{innocent.pid} 12345\n")
        with Slapd(tmp_path):
            assert innocent.poll() is None
        innocent.terminate()


def test_a_killed_server_starts_again(tmp_path: Path) -> None:
    slapd = Slapd(tmp_path).start()
    assert slapd.pid
    os.kill(slapd.pid, signal.SIGKILL)
    while slapd.pid:
        time.sleep(0.01)
    with slapd:
        assert whoami(slapd) == "success"


def test_a_long_path_with_spaces_and_polish_letters_is_no_trouble(tmp_path: Path) -> None:
    with Slapd(tmp_path / "folder z łącznie bardzo długą nazwą" / ("x" * 80)) as slapd:
        assert whoami(slapd) == "success"
        assert "dn: cn=config" in manage(Campus(slapd), "ldapsearch", "-LLL", "-b", "cn=config", "-s", "base", "dn")


def test_the_passwords_are_the_owners_alone_and_in_no_other_file(tmp_path: Path) -> None:
    with Slapd(tmp_path, stats=True) as slapd:
        whoami(slapd)
        passwords = [account.password for account in slapd.accounts.values()]
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600
    others = [file for file in tmp_path.rglob("*") if file.is_file() and file.name not in {"accounts.json", "data.mdb"}]
    assert not any(password.encode() in file.read_bytes() for file in others for password in passwords)
    assert passwords[0] not in repr(slapd.accounts)


def test_what_slapd_refuses_is_said(tmp_path: Path) -> None:
    slapd = Slapd(tmp_path, find=lambda *_, **__: debian.Program(Path("/bin/false"), Path("/")))
    with pytest.raises(daemon.NotStarted, match="slapd refused"):
        slapd.start()


@pytest.mark.parametrize("suffix", ["", "o=Uczelnia", 'dc=a",dc=b', "dc=a\\,b", "dc=a, dc=b", "dc=ż"])
def test_a_suffix_that_would_need_escapes_is_refused(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ValueError, match="domain components"):
        Slapd(tmp_path, suffix)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_it_runs_without_root(tmp_path_factory: pytest.TempPathFactory) -> None:
    debian.find("slapd", PACKAGES)
    code = (
        "import os, pathlib, tempfile\nfrom sandbox.slapd import Slapd\n"
        "with tempfile.TemporaryDirectory() as folder, Slapd(pathlib.Path(folder)) as slapd:\n"
        "    print(os.stat(f'/proc/{slapd.pid}').st_uid, os.getuid())\n"
    )
    # Python and project may lie where only root can read: that much it may, and nothing else that root may.
    reading = [
        "--bounding-set=-all,+dac_read_search",
        "--inh-caps=-all,+dac_read_search",
        "--ambient-caps=+dac_read_search",
    ]
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *reading]
    environment = {**os.environ, "HOME": "/nonexistent"}
    command = [*nobody, sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.split() == ["65534", "65534"], done.stderr


# Where the programs come from


def test_packages_are_unpacked_once_and_run(tmp_path: Path) -> None:
    with Slapd(tmp_path / "data", unpack=True) as slapd:
        assert whoami(slapd) == "success"
    unpacked = debian.find("slapd", PACKAGES, unpack=True)
    assert debian.FOLDER in unpacked.root.parents
    refused = ("/bin/false",)
    assert debian.find("slapd", PACKAGES, unpack=True, apt=refused) == unpacked


def test_two_who_ask_at_once_get_one_whole_copy(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        found = [pool.submit(debian.find, "ldapsearch", ["ldap-utils"], folder=tmp_path, unpack=True) for _ in range(2)]
    first, second = (each.result() for each in found)
    assert first == second
    assert first.path.is_file()
    assert not list(tmp_path.glob("*.new"))


def test_without_sources_the_error_says_what_to_do(tmp_path: Path) -> None:
    nothing = ("apt-get", "-o", "Dir::Etc::sourcelist=/dev/null", "-o", "Dir::Etc::sourceparts=/dev/null")
    with pytest.raises(debian.NotInstallable, match=r"apt-get install slapd ldap-utils.*source of Debian") as caught:
        debian.find("slapd", PACKAGES, folder=tmp_path, unpack=True, apt=nothing)
    assert "Unable to locate package" in str(caught.value)


def test_without_apt_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(debian.NotInstallable, match="there is no apt-nothing here"):
        debian.find("slapd", PACKAGES, folder=tmp_path, unpack=True, apt=("apt-nothing",))


def test_an_installed_program_is_preferred(tmp_path: Path) -> None:
    found = debian.find("sh", ["dash"], folder=tmp_path)
    assert (found.root, found.environment) == (Path("/"), {})
    assert not list(tmp_path.iterdir())
