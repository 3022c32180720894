#!/usr/bin/python3
"""Looks after this host's provider of the directory: estudent-directory check|configure|entries|await|metrics.

Installed and called by Ansible (role directory) and by timers; /etc/ldap/estudent.json says who the providers are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ldap3
from ldap3.core.exceptions import LDAPException

SETTINGS = Path("/etc/ldap/estudent.json")
RENDERED = Path("/etc/ldap/estudent.ldif")
MADE_OF = (
    RENDERED,
    Path("/etc/ldap/schema/eduperson.ldif"),
    Path("/etc/ldap/schema/schac.ldif"),
    Path("/etc/systemd/system/slapd.service"),
)
IN_FORCE = Path("/etc/ldap/estudent.in-force")
CONFIGURATION = Path("/etc/ldap/slapd.d")
DATA = (Path("/var/lib/ldap/student"), Path("/var/lib/ldap/log"))
CA_FILE = Path("/etc/ssl/estudent/ca.pem")
METRICS = Path("/var/lib/prometheus/node-exporter")
HERE = "ldapi://%2Frun%2Fslapd%2Fldapi"
NO_PASSWORD = "{ARGON2}none"  # noqa: S105
QUICK, LONG = "m=8,t=1,p=1", 32
"""How services' secrets are hashed, and their least length: nobody guesses 32 random characters, whatever the hash."""
PATIENCE, PATIENCE_TO_COPY = 30, 900
SUCCESS, NO_SUCH_OBJECT, INVALID_CREDENTIALS, ALREADY_EXISTS = 0, 32, 49, 68


class Trouble(RuntimeError):
    """What keeps the directory from being as it should, and what to do."""


def main() -> int:
    """Do what the command line says; whatever was changed is printed."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="see whether slapd takes a configuration")
    check.add_argument("file", type=Path)
    commands.add_parser("configure", help="put the rendered configuration in force, if it is not yet")
    commands.add_parser("entries", help="bring first entries, passwords and staff in line with what stdin says")
    commands.add_parser("await", help="wait until this provider has all that the others have")
    commands.add_parser("metrics", help="write what Prometheus reads")
    chosen = parser.parse_args()
    try:
        COMMANDS[chosen.command](chosen)
    except (Trouble, LDAPException) as error:
        print(f"estudent-directory: {error}", file=sys.stderr)
        return 1
    return 0


# The configuration


def _check(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _build(chosen.file, Path(folder))


def _configure(_chosen: argparse.Namespace) -> None:
    wanted = hashlib.sha256(b"".join(file.read_bytes() for file in MADE_OF)).hexdigest()
    if IN_FORCE.exists() and IN_FORCE.read_text() == wanted:
        return
    new, old = CONFIGURATION.with_suffix(".new"), CONFIGURATION.with_suffix(".old")
    for stale in (new, old):
        shutil.rmtree(stale, ignore_errors=True)
    new.mkdir(mode=0o750)
    _build(RENDERED, new)
    if CONFIGURATION.exists():
        CONFIGURATION.rename(old)
    new.rename(CONFIGURATION)
    try:
        _restart()
    except Trouble:
        CONFIGURATION.rename(new)
        if old.exists():
            old.rename(CONFIGURATION)
            _restart()
        raise
    IN_FORCE.write_text(wanted)
    shutil.rmtree(old, ignore_errors=True)
    print("the new configuration is in force")


def _build(ldif: Path, folder: Path) -> None:
    """Make slapd's configuration folder, which slapd may read and only root may change."""
    _make_places()
    command = ["slapadd", "-n", "0", "-F", str(folder), "-l", str(ldif)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"slapd refuses its configuration: {done.stderr[-1500:]}")
    _give(folder, "root", 0o750, 0o640)


def _make_places() -> None:
    for folder in DATA:
        folder.mkdir(mode=0o700, exist_ok=True)
        shutil.chown(folder, "openldap", "openldap")


def _give(folder: Path, owner: str, folder_mode: int, file_mode: int) -> None:
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, owner, "openldap")
        path.chmod(folder_mode if path.is_dir() else file_mode)


def _restart() -> None:
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "reset-failed", "slapd.service"], check=False, stderr=subprocess.DEVNULL)
    done = subprocess.run(["systemctl", "restart", "slapd.service"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Trouble(f"slapd does not start; journalctl -u slapd says why: {done.stderr.strip()}")


# Connections


class VerifiedTls(ldap3.Tls):  # type: ignore[misc]
    """TLS whose certificate and host name OpenSSL itself verifies; ldap3 would verify neither unless told to."""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Begin TLS on an open socket."""
        context = ssl.create_default_context(cafile=str(CA_FILE))
        connection.socket = context.wrap_socket(
            connection.socket, do_handshake_on_connect=do_handshake, server_hostname=self.sni
        )


@contextmanager
def _here() -> Iterator[Any]:
    """Yield a connection to this provider, as root, who may manage everything."""
    server = ldap3.Server(HERE, get_info=ldap3.NONE, connect_timeout=5)
    connection = ldap3.Connection(
        server,
        authentication=ldap3.SASL,
        sasl_mechanism=ldap3.EXTERNAL,
        sasl_credentials="",
        client_strategy=ldap3.SAFE_SYNC,
        receive_timeout=30,
    )
    _bind(connection)
    with connection:
        yield connection


@contextmanager
def _there(host: str) -> Iterator[Any]:
    """Yield a connection to another provider, as the one that copies."""
    settings = _settings()
    server = ldap3.Server(f"ldaps://{host}", get_info=ldap3.NONE, connect_timeout=5, tls=VerifiedTls(sni=host))
    connection = ldap3.Connection(
        server,
        f"cn=replicator,ou=services,{settings['suffix']}",
        settings["replicator_password"],
        client_strategy=ldap3.SAFE_SYNC,
        receive_timeout=30,
    )
    _bind(connection)
    with connection:
        yield connection


def _bind(connection: Any) -> None:
    connection.open(read_server_info=False)
    result = connection.bind(read_server_info=False)[1]
    if result["result"]:
        raise Trouble(f"could not bind at {connection.server.name}: {result['description']}")


def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(SETTINGS.read_text())
    return settings


def _peers() -> list[str]:
    settings = _settings()
    return [host for number, host in settings["providers"].items() if int(number) != settings["server_id"]]


# Replication


def _await(_chosen: argparse.Namespace) -> None:
    """Wait for the others' newest changes; one that does not answer, or not yet knows our password, has none."""
    for host in _peers():
        if (theirs := _asked(host)) is not None:
            _wait_for(lambda theirs=theirs: _has(theirs), f"what {host} has is not here", PATIENCE_TO_COPY)
    _wait_for(lambda: bool(_state_here()), "there is no entry", PATIENCE)


def _asked(host: str) -> Mapping[str, str] | None:
    try:
        with _there(host) as connection:
            return _state(connection)
    except (Trouble, LDAPException) as error:
        print(f"{host} is not waited for: {error}", file=sys.stderr)
        return None


def _has(theirs: Mapping[str, str]) -> bool:
    ours = _state_here()
    return all(ours.get(number, "") >= newest for number, newest in theirs.items())


def _state_here() -> Mapping[str, str]:
    with _here() as connection:
        return _state(connection)


def _state(connection: Any) -> dict[str, str]:
    """Return the newest change (CSN) of each provider's number that a provider has; nothing where it is empty."""
    found = _read(connection, _settings()["suffix"], "contextCSN")
    return {csn.split("#")[2].lstrip("0") or "0": csn for csn in found.get("contextCSN", ())}


def _read(connection: Any, name: str, *attributes: str) -> dict[str, list[str]]:
    """Return these attributes of one entry; nothing where it is not there."""
    _, result, found, _ = connection.search(name, "(objectClass=*)", ldap3.BASE, attributes=list(attributes))
    if result["result"] not in {SUCCESS, NO_SUCH_OBJECT}:
        raise Trouble(f"could not read {name}: {result['description']}")
    entries = [each["raw_attributes"] for each in found or () if each["type"] == "searchResEntry"]
    return {key: [value.decode() for value in values] for entry in entries for key, values in entry.items()}


def _wait_for(condition: Callable[[], bool], otherwise: str, patience: float) -> None:
    deadline, last = time.monotonic() + patience, otherwise
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (Trouble, LDAPException) as error:
            last = f"{otherwise}: {error}"
        time.sleep(0.2)
    raise Trouble(f"{last}, after {patience} s")


# Entries


def _entries(_chosen: argparse.Namespace) -> None:
    wanted = json.load(sys.stdin)
    _wait_for(lambda: _state_here() is not None, "the directory does not answer", PATIENCE)
    if not wanted["is_first"] and not _state_here():
        _take_over()
    with _here() as connection:
        _add_missing(connection, wanted["first_entries"])
        _set_passwords(connection, wanted["services"])
        _hide_decoy(connection)
        for person in wanted["staff"]:
            _settle(connection, person, wanted["staff_passwords"])


def _take_over() -> None:
    """Wait for what the others have. Raises Trouble where one cannot be asked, since it may have all the data."""
    states = {host: _asked(host) for host in _peers()}
    silent = [host for host, state in states.items() if state is None]
    if silent and not any(states.values()):
        raise Trouble(
            f"this provider is empty, and {', '.join(silent)} may have the data but cannot be asked; bring it back,"
            " or restore a backup; if all data are lost for good, run the play with -e directory_begins_anew=true"
        )
    for state in filter(None, states.values()):
        _wait_for(lambda state=state: _has(state), "the others' data do not arrive", PATIENCE_TO_COPY)
        print("the data came from another provider")


def _add_missing(connection: Any, ldif: str) -> None:
    lines = "\n".join(line for line in ldif.splitlines() if not line.startswith("#"))
    for paragraph in filter(None, map(str.strip, lines.split("\n\n"))):
        attributes: dict[str, list[str]] = {}
        for line in paragraph.splitlines():
            name, _, value = line.partition(": ")
            attributes.setdefault(name, []).append(value)
        (dn,) = attributes.pop("dn")
        if _result(connection.add(dn, None, attributes), ALREADY_EXISTS, about=dn) == SUCCESS:
            print(f"{dn} was added")
        elif f",ou=policies,{_settings()['suffix']}" in dn:
            _correct(connection, dn, attributes)


def _correct(connection: Any, dn: str, declared: Mapping[str, list[str]]) -> None:
    """Give a password policy the values that are declared now; nobody changes it by another way."""
    rules = {name: values for name, values in declared.items() if name.startswith("pwd")}
    found = _read(connection, dn, *rules)
    if changes := {name: values for name, values in rules.items() if sorted(found.get(name, ())) != sorted(values)}:
        _replace(connection, dn, changes)
        print(f"{dn} has another {', '.join(sorted(changes))}")


def _set_passwords(connection: Any, passwords: Mapping[str, str]) -> None:
    for name, password in passwords.items():
        if len(password) < LONG:
            raise Trouble(f"the password of {name} is shorter than {LONG} characters; make secrets makes up ones")
        dn = f"cn={name},ou=services,{_settings()['suffix']}"
        kept = "".join(_read(connection, dn, "userPassword").get("userPassword", ()))
        if QUICK not in kept or not _works(dn, password):
            _replace(connection, dn, {"userPassword": [_hash_of_secret(password)]})
            print(f"{dn} has another password")


def _works(dn: str, password: str) -> bool:
    """Tell whether a password is the one that this account has."""
    server = ldap3.Server(HERE, get_info=ldap3.NONE, connect_timeout=5)
    connection = ldap3.Connection(server, dn, password, client_strategy=ldap3.SAFE_SYNC, receive_timeout=30)
    connection.open(read_server_info=False)
    with connection:
        return _result(connection.bind(read_server_info=False), INVALID_CREDENTIALS, about=dn) == SUCCESS


def _hide_decoy(connection: Any) -> None:
    dn = f"cn=decoy,ou=services,{_settings()['suffix']}"
    if NO_PASSWORD in _read(connection, dn, "userPassword").get("userPassword", ()):
        _replace(connection, dn, {"userPassword": [_hash(secrets.token_urlsafe(24))]})


def _settle(connection: Any, person: Mapping[str, Any], passwords: Mapping[str, str]) -> None:
    suffix = _settings()["suffix"]
    dn = f"uid={person['uid']},ou=staff,{suffix}"
    if not _read(connection, dn, "uid"):
        if person["uid"] not in passwords:
            raise Trouble(f"{person['uid']} is new and has no first password in directory_staff_passwords")
        entry = _staff_entry(person, passwords[person["uid"]])
        _result(connection.add(dn, "inetOrgPerson", entry), about=dn)
        # Only a password that is set again has a time of its change, by which the portal knows that there is one.
        _replace(connection, dn, {"userPassword": [entry["userPassword"]], "pwdReset": []})
        print(f"{dn} was added")
    _, result, groups, _ = connection.search(
        f"ou=groups,{suffix}", "(objectClass=groupOfNames)", ldap3.LEVEL, attributes=["cn", "member"]
    )
    known = {group["attributes"]["cn"][0]: group for group in groups or ()}
    if result["result"] or (unknown := set(person["groups"]) - set(known)):
        raise Trouble(f"{person['uid']} cannot be put into groups: {result['description']}, unknown: {unknown}")
    for name, group in known.items():
        _join_or_leave(connection, dn, group, belongs=name in person["groups"])


def _staff_entry(person: Mapping[str, Any], password: str) -> dict[str, str]:
    return {
        "cn": person["cn"],
        "sn": person["cn"].rpartition(" ")[2],
        "displayName": person["cn"],
        "mail": person["mail"],
        "userPassword": _hash(password),
    }


def _join_or_leave(connection: Any, dn: str, group: Mapping[str, Any], *, belongs: bool) -> None:
    members = {member.lower() for member in group["attributes"]["member"]}
    if (dn.lower() in members) == belongs:
        return
    change = ldap3.MODIFY_ADD if belongs else ldap3.MODIFY_DELETE
    _result(connection.modify(group["dn"], {"member": [(change, [dn])]}), about=group["dn"])
    print(f"{dn} {'belongs to' if belongs else 'has left'} {group['dn']}")


def _replace(connection: Any, dn: str, attributes: Mapping[str, list[str]]) -> None:
    changes = {name: [(ldap3.MODIFY_REPLACE, values)] for name, values in attributes.items()}
    _result(connection.modify(dn, changes), about=dn)


def _result(answer: Any, *forgiven: int, about: str) -> int:
    result = answer[1]
    if result["result"] not in {SUCCESS, *forgiven}:
        raise Trouble(f"{about}: {result['description']} {result['message']}")
    return int(result["result"])


def _hash(password: str) -> str:
    from argon2 import PasswordHasher  # noqa: PLC0415 - what runs every minute needs no hashes

    return "{ARGON2}" + PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(password)


def _hash_of_secret(password: str) -> str:
    """Hash what nobody can guess, so that services, which bind for every sign-in, need not wait for it."""
    from argon2 import PasswordHasher  # noqa: PLC0415 - what runs every minute needs no hashes

    return "{ARGON2}" + PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


# Figures


def _metrics(_chosen: argparse.Namespace) -> None:
    if not METRICS.is_dir():
        return
    try:
        state: Mapping[str, str] = _state_here()
        answers = 1
    except (Trouble, LDAPException):
        state, answers = {}, 0
    lines = [
        "# HELP estudent_directory_answers Whether this host's provider answers.",
        "# TYPE estudent_directory_answers gauge",
        f"estudent_directory_answers {answers}",
        "# HELP estudent_directory_contextcsn_seconds When the newest change made at a provider that is here was made.",
        "# TYPE estudent_directory_contextcsn_seconds gauge",
    ]
    providers = _settings()["providers"]
    for number, csn in state.items():
        name = providers.get(str(int(number, 16)), number).partition(".")[0]
        lines.append(f'estudent_directory_contextcsn_seconds{{provider="{name}"}} {_seconds(csn):.3f}')
    new = METRICS / ".estudent-directory.new"
    new.write_text("\n".join([*lines, ""]))
    new.chmod(0o644)
    new.replace(METRICS / "estudent-directory.prom")


def _seconds(csn: str) -> float:
    return datetime.strptime(csn.partition("#")[0], "%Y%m%d%H%M%S.%fZ").replace(tzinfo=UTC).timestamp()


COMMANDS: dict[str, Callable[[argparse.Namespace], None]] = {
    "check": _check,
    "configure": _configure,
    "entries": _entries,
    "await": _await,
    "metrics": _metrics,
}


if __name__ == "__main__":
    sys.exit(main())
