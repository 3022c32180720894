"""The directory on two real hosts: who may do what, that each has what the other has, and that either may die."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from lab.running import Lab
from tests.hosts.conftest import HostNamed
from tests.hosts.directing import FIRST, PEOPLE, PROJECT, SECOND, SUFFIX, Directory, soon

CLASSES = ["inetOrgPerson", "eduPerson", "schacContactLocation", "schacLinkageIdentifiers", "inetLocalMailRecipient"]
HASHED = (
    "from argon2 import PasswordHasher\n"
    "hashed = '{ARGON2}' + PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(password)\n"
)
STAFF = {"objectClass", "uid", "cn", "displayName", "mail", "pwdChangedTime"}
REPLACE = "MODIFY_REPLACE"
YES, NO = "success", "insufficientAccessRights"
NewStudent = Callable[..., str]


@pytest.fixture(scope="module")
def directory(lab: Lab) -> Directory:
    made = Directory(lab)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def new_student(directory: Directory) -> Iterator[NewStudent]:
    """Make students of made-up numbers, and remove them at the end."""
    made: list[str] = []

    def make(password: str = "", at: str = FIRST) -> str:
        album = str(secrets.randbelow(900_000) + 100_000)
        dn = f"uid=s{album},{PEOPLE}"
        assert directory.ask("provisioner", ["add", dn, CLASSES, person(album)], at=at) == [YES]
        made.append(dn)
        if password:
            assert set_password(directory, dn, password, at) == YES
        return dn

    yield make
    directory.ask("provisioner", *(["delete", dn] for dn in made))


def person(album: str, **more: str) -> dict[str, str]:
    address = f"s{album}@student.uczelnia.example"
    return {
        "uid": f"s{album}",
        "cn": "Zofia Nowak",
        "sn": "Nowak",
        "employeeNumber": album,
        "eduPersonPrincipalName": address,
        "mailLocalAddress": address,
        **more,
    }


def set_password(directory: Directory, dn: str, password: str, at: str = FIRST) -> str:
    code = HASHED + (
        "result = begin(at, portal, secret).modify(dn, {'userPassword': [('MODIFY_REPLACE', [hashed])],"
        " 'pwdReset': [('MODIFY_REPLACE', [])]})[1]['description']"
    )
    return str(
        directory.python(
            directory.other(at),
            code,
            at=at,
            dn=dn,
            password=password,
            portal=f"cn=portal,ou=services,{SUFFIX}",
            secret=directory.lab.secret("vault_directory_portal_password"),
        )
    )


def attributes(directory: Directory, dn: str, at: str) -> dict[str, list[str]]:
    return dict(directory.ask("replicator", ["search", dn], at=at)[0].get(dn, {}))


# How it listens


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_it_listens_with_tls_only(host: HostNamed, name: str) -> None:
    listening = {address.rpartition(":")[2] for address in host(name).socket.get_listening_sockets()}
    assert "636" in listening
    assert "389" not in listening


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_slapd_runs_as_itself_and_is_found_secure(host: HostNamed, name: str) -> None:
    process = host(name).process.get(comm="slapd")
    assert process.user == "openldap"
    said = host(name).check_output("systemd-analyze security --no-pager slapd.service | tail -1")
    assert float(said.split(":")[1].split()[0]) < 2.5


def test_a_certificate_of_an_unknown_authority_is_refused(directory: Directory) -> None:
    code = """
try:
    begin(at, dn, "x", "/etc/ssl/certs/ca-certificates.crt")
    result = "accepted"
except FarSideError as error:
    result = str(error)
"""
    said = directory.python(SECOND, code, at=FIRST, dn=f"cn=portal,ou=services,{SUFFIX}")
    assert "certificate was not signed by" in said


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_nobody_but_root_reads_configuration_and_secrets(host: HostNamed, name: str) -> None:
    for path in ("/etc/ldap/estudent.ldif", "/etc/ldap/estudent.json"):
        assert (host(name).file(path).user, host(name).file(path).mode) == ("root", 0o600)
    assert host(name).run("sudo -u nobody ls /etc/ldap/slapd.d /run/slapd /var/lib/ldap/student").rc != 0


# Who sees what


@pytest.fixture(scope="module")
def student(new_student: NewStudent) -> str:
    return new_student("a good long password")


PERSON = {"objectClass", "uid", "cn", "sn", "employeeNumber", "eduPersonPrincipalName", "mailLocalAddress"}
SEEN = {
    "provisioner": PERSON | {"pwdChangedTime"},
    "portal": PERSON | {"pwdChangedTime"},
    "sso": PERSON | {"pwdChangedTime"},
    "radius": {"objectClass", "uid", "eduPersonPrincipalName", "pwdChangedTime"},
    "replicator": PERSON | {"pwdChangedTime", "userPassword"},
}
HOUSEKEEPING = {"structuralObjectClass", "entryUUID", "creatorsName", "createTimestamp", "entryCSN", "modifiersName",
                "modifyTimestamp", "entryDN", "subschemaSubentry", "hasSubordinates"}  # fmt: skip


@pytest.mark.parametrize("at", [FIRST, SECOND])
@pytest.mark.parametrize("service", SEEN)
def test_each_service_sees_of_a_student_what_it_needs(
    directory: Directory, student: str, service: str, at: str
) -> None:
    assert soon(lambda: "userPassword" in attributes(directory, student, at))
    seen = directory.ask(service, ["search", student], at=at)[0][student]
    assert set(seen) - HOUSEKEEPING == SEEN[service]


@pytest.mark.parametrize(
    ("service", "sees"), [("provisioner", False), ("portal", True), ("sso", True), ("radius", False)]
)
def test_those_who_sign_staff_in_see_who_belongs_where(directory: Directory, service: str, sees: bool) -> None:
    clerk = f"uid=clerk1,ou=staff,{SUFFIX}"
    staff, groups = directory.ask(
        service, ["search", clerk], ["search", f"ou=groups,{SUFFIX}", f"(member={clerk})", ["cn"]]
    )
    assert set(staff.get(clerk, {})) - HOUSEKEEPING == (STAFF if sees else set())
    assert set(groups) == ({f"cn=desk-clerks,ou=groups,{SUFFIX}"} if sees else set())


MAY = {
    "provisioner": {"sn": YES, "userPassword": NO},
    "portal": {"sn": NO, "userPassword": YES},
    "sso": {"sn": NO, "userPassword": NO},
    "radius": {"sn": NO, "userPassword": NO},
    "replicator": {"sn": NO, "userPassword": NO},
}


@pytest.mark.parametrize("service", MAY)
def test_each_service_changes_what_it_must_and_no_more(
    directory: Directory, new_student: NewStudent, service: str
) -> None:
    dn, values = new_student(), {"sn": "Kowalska", "userPassword": "{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$YQ$YQ"}
    asked = [["modify", dn, {name: [[REPLACE, [value]]]}] for name, value in values.items()]
    assert dict(zip(values, directory.ask(service, *asked), strict=True)) == MAY[service]


@pytest.mark.parametrize("service", ["provisioner", "portal", "sso", "radius", "replicator"])
def test_no_service_makes_anybody_staff(directory: Directory, student: str, service: str) -> None:
    group = f"cn=desk-administrators,ou=groups,{SUFFIX}"
    added = {"cn": "X", "sn": "X"}
    assert directory.ask(
        service,
        ["modify", group, {"member": [["MODIFY_ADD", [student]]]}],
        ["add", f"uid=x,ou=staff,{SUFFIX}", ["inetOrgPerson"], added],
    ) == [NO, NO]


def test_passwords_of_people_are_hashed_slowly_and_secrets_that_nobody_guesses_quickly(host: HostNamed) -> None:
    """Services bind for every sign-in, with 160 random bits."""
    asked = f"slapcat -F /etc/ldap/slapd.d -b {SUFFIX} -a '(userPassword=*)' -o ldif-wrap=no"
    found = re.findall(r"^(dn|userPassword)::? (.*)$", str(host("directory1").check_output(asked)), re.MULTILINE)
    names, kept = found[::2], found[1::2]
    assert {kind for kind, _ in names} == {"dn"} and {kind for kind, _ in kept} == {"userPassword"}
    hashes = {dn: base64.b64decode(value) for (_, dn), (_, value) in zip(names, kept, strict=True)}
    services = {dn: each for dn, each in hashes.items() if ",ou=services," in dn and not dn.startswith("cn=decoy,")}
    assert len(services) >= 5
    assert all(each.startswith(b"{ARGON2}$argon2id$v=19$m=8,t=1,p=1$") for each in services.values())
    others = [each for dn, each in hashes.items() if dn not in services]
    assert all(each.startswith(b"{ARGON2}$argon2id$v=19$m=19456,t=2,p=1$") for each in others)


def test_the_staff_are_in_their_groups(directory: Directory) -> None:
    found = directory.ask("sso", ["search", f"ou=groups,{SUFFIX}", "(cn=*)", ["member"]], at=SECOND)[0]
    members = {
        dn.split(",")[0]: {each.split(",")[0] for each in values["member"]} - {dn.split(",")[0]}
        for dn, values in found.items()
    }
    assert members == {
        "cn=desk-readers": {"uid=reader1"},
        "cn=desk-clerks": {"uid=clerk1"},
        "cn=desk-administrators": {"uid=admin1"},
        "cn=operators": {"uid=operator1"},
        "cn=engineers": {"uid=operator1"},
    }


def test_the_staff_sign_in_with_their_first_passwords(directory: Directory) -> None:
    for uid in ("admin1", "clerk1", "reader1", "operator1"):
        right = directory.lab.secret(f"vault_staff_{uid}_password")
        assert directory.signs_in(f"uid={uid},ou=staff,{SUFFIX}", right, "wrong", at=SECOND) == [True, False]


def test_it_is_noted_who_changed_what_and_no_hash_with_it(directory: Directory, student: str) -> None:
    set_password(directory, student, "another long password")
    said = directory.command(
        FIRST, f'ldapsearch -QLLL -o ldif-wrap=no -Y EXTERNAL -H ldapi:/// -b cn=log "(reqDN={student})"'
    )
    assert f"reqAuthzID: cn=portal,ou=services,{SUFFIX}" in said
    assert "reqMod: pwdChangedTime:" in said
    raw = directory.command(FIRST, "slapcat -F /etc/ldap/slapd.d -b cn=log -o ldif-wrap=no | grep -c 'reqMod:'")
    assert int(raw)
    decoded = directory.command(
        FIRST,
        "ldapsearch -QLLL -o ldif-wrap=no -Y EXTERNAL -H ldapi:/// -b cn=log reqMod"
        ' | sed -n "s/^reqMod:: //p" | while read -r one; do echo "$one" | base64 -d; echo; done',
    )
    assert "ARGON2" not in said + decoded


# Each has what the other has


@pytest.mark.parametrize("at", [FIRST, SECOND])
def test_what_is_made_at_one_is_at_the_other_within_seconds(
    directory: Directory, new_student: NewStudent, at: str
) -> None:
    dn, other = new_student(at=at), directory.other(at)
    assert soon(lambda: bool(attributes(directory, dn, other)), 10)
    assert directory.ask("provisioner", ["modify", dn, {"sn": [[REPLACE, ["Lis"]]]}], at=other) == [YES]
    assert soon(lambda: attributes(directory, dn, at)["sn"] == ["Lis"], 10)


@pytest.mark.parametrize("at", [FIRST, SECOND])
def test_whoever_is_barred_by_wrong_tries_is_barred_everywhere(
    directory: Directory, new_student: NewStudent, at: str
) -> None:
    right, other = "a good long password", directory.other(at)
    dn = new_student(right)
    assert soon(lambda: "userPassword" in attributes(directory, dn, other))
    assert directory.signs_in(dn, *["wrong"] * 4, at=at) == [False] * 4
    assert soon(lambda: len(attributes(directory, dn, other).get("pwdFailureTime", ())) == 4, 10)
    assert directory.signs_in(dn, *["wrong"] * 26, right, at=at) == [False] * 27
    assert soon(lambda: "pwdAccountLockedTime" in attributes(directory, dn, other), 10)
    assert directory.signs_in(dn, right, at=other) == [False]


def test_of_two_who_want_one_address_at_once_one_gets_it(directory: Directory) -> None:
    code = """
from concurrent.futures import ThreadPoolExecutor
ways = [begin("directory1", dn, secret) for _ in range(2)]
def add(way, who):
    return way.add(who["dn"], classes, who["values"])[1]["description"]
result = []
with ThreadPoolExecutor(2) as pool:
    for pair in pairs:
        result.append(sorted(pool.map(add, ways, pair)))
for pair in pairs:
    for who in pair:
        ways[0].delete(who["dn"])
"""
    start = secrets.randbelow(900) * 1000
    pairs = [
        [
            {
                "dn": f"uid=s{album},{PEOPLE}",
                "values": person(str(album), mailLocalAddress=f"one{pair}@student.uczelnia.example"),
            }
            for album in (start + pair * 2, start + pair * 2 + 1)
        ]
        for pair in range(40)
    ]
    results = directory.python(
        SECOND,
        code,
        dn=f"cn=provisioner,ou=services,{SUFFIX}",
        secret=directory.lab.secret("vault_directory_provisioner_password"),
        classes=CLASSES,
        pairs=pairs,
    )
    assert results == [["constraintViolation", "success"]] * 40


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_how_far_a_provider_is_behind_is_to_be_seen(directory: Directory, name: str) -> None:
    directory.command(
        name, "mkdir -p /var/lib/prometheus/node-exporter; systemctl start estudent-directory-metrics.service"
    )
    said = directory.command(name, "cat /var/lib/prometheus/node-exporter/estudent-directory.prom")
    newest = float(said.split('estudent_directory_contextcsn_seconds{provider="directory1"} ')[1].split()[0])
    assert "estudent_directory_answers 1\n" in said
    assert time.time() - 86_400 < newest <= time.time()


# One of them dies


def test_when_one_dies_the_other_goes_on_and_nothing_is_lost(
    directory: Directory, new_student: NewStudent, lab: Lab
) -> None:
    """One run of the adapter, its connections open, sees the first provider die and come back."""
    right = "a good long password"
    dn = new_student(right)
    assert soon(lambda: "userPassword" in attributes(directory, dn, SECOND))
    code = """
import time
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.writing import Modify, write
uris = ("ldaps://directory1.uczelnia.example", "ldaps://directory2.uczelnia.example")
pool = Pool(Access(uris, provisioner, secret, Path("/etc/ssl/estudent/ca.pem"), 5, 30))
at = []
def change(number):
    def question(connection):
        write(connection, Modify(dn, {"displayName": [("MODIFY_REPLACE", [f"Zofia {number}"])]}))
        at.append(connection.server.host.partition(".")[0])
    started = time.monotonic()
    pool.ask(question)
    return time.monotonic() - started
change(0)
Path("/root/ready").touch()
waits, number, deadline = [], 0, time.monotonic() + 120
while time.monotonic() < deadline and not (at[-1] == "directory1" and "directory2" in at):
    number += 1
    waits.append(change(number))
    time.sleep(0.2)
result = {"at": at, "longest": max(waits), "last": number}
"""
    directory.command(SECOND, "rm -f /root/ready")
    agent = directory.begin(
        SECOND,
        code,
        dn=dn,
        provisioner=f"cn=provisioner,ou=services,{SUFFIX}",
        secret=lab.secret("vault_directory_provisioner_password"),
    )
    assert soon(lambda: directory.command(SECOND, "ls /root").find("ready") >= 0)
    lab.host(FIRST).kill()
    try:
        time.sleep(12)
        assert directory.signs_in(dn, right, "wrong", at=SECOND, by=SECOND) == [True, False]
    finally:
        lab.host(FIRST).boot()
        lab.host(FIRST).await_ssh()
    seen = agent.result()
    assert seen["at"][0] == seen["at"][-1] == FIRST
    assert SECOND in seen["at"]
    assert seen["longest"] < 15
    assert soon(lambda: attributes(directory, dn, FIRST).get("displayName") == [f"Zofia {seen['last']}"], 60)
    assert soon(lambda: directory.newest(FIRST) == directory.newest(SECOND), 60)
    assert directory.entries(FIRST) == directory.entries(SECOND)


# Data are lost


def test_a_host_that_lost_its_data_copies_the_others_and_harms_nobody(
    directory: Directory, new_student: NewStudent
) -> None:
    """The first host comes back empty, as after a rebuild; the other must not take over its emptiness."""
    dn = new_student("a good long password")
    assert soon(lambda: "userPassword" in attributes(directory, dn, SECOND))
    before = without_cookie(directory.entries(SECOND))
    directory.command(FIRST, "systemctl stop slapd && rm -rf /var/lib/ldap/student/* /var/lib/ldap/log/*")
    directory.command(FIRST, "systemctl start slapd && /usr/local/sbin/estudent-directory await")
    assert without_cookie(directory.entries(FIRST)) == before
    assert without_cookie(directory.entries(SECOND)) == before
    late = new_student(at=FIRST)
    assert soon(lambda: bool(attributes(directory, late, SECOND)))


def test_after_the_loss_of_all_data_a_backup_brings_back_every_account(
    directory: Directory, new_student: NewStudent
) -> None:
    right = "a good long password"
    dn = new_student(right)
    directory.signs_in(dn, *["wrong"] * 3)
    assert soon(lambda: len(attributes(directory, dn, SECOND).get("pwdFailureTime", ())) == 3)
    before = directory.entries(FIRST)
    backup = directory.command(FIRST, "/usr/local/sbin/estudent-backup-directory").split()[-1]
    assert directory.command(FIRST, f"stat -c %a:%U {backup}").strip() == "700:root"
    directory.ask("provisioner", ["modify", dn, {"sn": [[REPLACE, ["Changed after the backup"]]]}])
    for name in (FIRST, SECOND):
        directory.command(name, "systemctl stop slapd && rm -rf /var/lib/ldap/student && mkdir /var/lib/ldap/student")
    play("restore.yml", "restore_what=directory", "agreed=yes")
    assert without_cookie(directory.entries(FIRST)) == without_cookie(before)
    assert soon(lambda: directory.newest(FIRST) == directory.newest(SECOND), 60)
    assert without_cookie(directory.entries(SECOND)) == without_cookie(before)
    assert directory.signs_in(dn, right, at=SECOND) == [True]


def without_cookie(entries: dict[str, dict[str, list[str]]]) -> dict[str, dict[str, list[str]]]:
    """Leave out where copying stands; everything else has to be equal, the times of failures and hashes too."""
    return {dn: {name: values for name, values in each.items() if name != "contextCSN"} for dn, each in entries.items()}


def play(name: str, *settings: str) -> None:
    extra = [word for setting in settings for word in ("-e", setting)]
    command = [str(PROJECT / ".venv/bin/ansible-playbook"), "-i", "inventories/lab", f"playbooks/{name}", *extra]
    done = subprocess.run(command, cwd=PROJECT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
