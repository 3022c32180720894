"""The lab's two providers of the directory, asked by our own adapter from within the network that may reach them."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.running import Lab

SUFFIX = "dc=student,dc=uczelnia,dc=example"
PEOPLE = f"ou=people,{SUFFIX}"
FIRST, SECOND = "directory1", "directory2"
SOURCES = "/root/estudent-src"
PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 40

# Runs on a host of the lab, where Debian's ldap3 and our adapter are: binds, does what it was told, says the outcome.
AGENT = """
import json, sys
from pathlib import Path
sys.path.insert(0, SOURCES)
from ldap3 import BASE, SUBTREE
from ldap3.core.results import RESULT_CODES
from estudent.adapters.ldap.connection import Access, connect_to
from estudent.ports import FarSideError

def text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value

def search(connection, base, condition="(objectClass=*)", attributes=("*", "+"), scope=SUBTREE):
    found = connection.search(base, condition, scope, attributes=list(attributes))[2] or ()
    entries = [each for each in found if each["type"] == "searchResEntry"]
    return {e["dn"]: {k: [text(v) for v in vs] for k, vs in e["raw_attributes"].items() if vs} for e in entries}

def do(connection, name, *arguments):
    if name == "search":
        return search(connection, *arguments)
    if name == "modify":
        dn, changes = arguments
        return connection.modify(dn, {k: [tuple(c) for c in v] for k, v in changes.items()})[1]["description"]
    return getattr(connection, name)(*arguments)[1]["description"]

def begin(host, dn, password, ca_file="/etc/ssl/estudent/ca.pem"):
    uri = f"ldaps://{host}.uczelnia.example"
    return connect_to(uri, Access((uri,), dn, password, Path(ca_file), 5, 20))
""".replace("SOURCES", repr(SOURCES))


@dataclass(frozen=True, slots=True)
class Running:
    """Python that runs on a host."""

    process: subprocess.Popen[bytes]

    def result(self) -> Any:
        """Wait for its end and return what it left."""
        said, complaint = self.process.communicate(timeout=300)
        assert self.process.returncode == 0, complaint.decode()[-2000:]
        return json.loads(said)


@dataclass(frozen=True, slots=True)
class Directory:
    """Both providers, as a test talks to them."""

    lab: Lab

    def prepare(self) -> None:
        """Lay our adapter on the hosts from which tests ask."""
        packed = subprocess.run(
            ["tar", "-C", PROJECT / "src", "-cz", "--exclude=__pycache__", "estudent"], check=True, capture_output=True
        ).stdout
        for name in (FIRST, SECOND):
            self.command(name, f"mkdir -p {SOURCES} && tar -C {SOURCES} -xz", packed)

    def command(self, host: str, line: str, fed: bytes = b"", timeout: float = 300) -> str:
        """Run a shell line on a host as root and return what it printed."""
        command = self.lab.host(host).ssh_command("sudo", "sh", "-c", f"'{line}'")
        done = subprocess.run(command, input=fed, capture_output=True, timeout=timeout, check=False)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout.decode()

    def python(self, host: str, code: str, **values: Any) -> Any:
        """Run Python on a host; what it leaves in `result` is returned. Passwords travel by stdin alone."""
        return self.begin(host, code, **values).result()

    def begin(self, host: str, code: str, **values: Any) -> Running:
        """Run Python on a host, without waiting for its end."""
        given = "".join(f"{name} = json.loads({json.dumps(value)!r})\n" for name, value in values.items())
        command = self.lab.host(host).ssh_command("sudo", "python3", "-W", "ignore", "-")
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(f"{AGENT}\n{given}\n{code}\nprint(json.dumps(result))\n".encode())
        process.stdin.close()
        process.stdin = None
        return Running(process)

    def ask(self, account: str, *what: Iterable[Any], at: str = FIRST, password: str = "", by: str = "") -> list[Any]:
        """Do things at a provider as an account; a name is a service's, a DN is given with its password."""
        dn = account if "=" in account else f"cn={account},ou=services,{SUFFIX}"
        secret = password or self.lab.secret(f"vault_directory_{account}_password")
        code = "connection = begin(at, dn, secret)\nresult = [do(connection, *each) for each in what]"
        answers: list[Any] = self.python(by or self.other(at), code, at=at, dn=dn, secret=secret, what=list(what))
        return answers

    def signs_in(self, dn: str, *passwords: str, at: str = FIRST, by: str = "") -> list[bool]:
        """Tell for each password whether somebody gets in with it, one after the other."""
        code = """
result = []
for each in passwords:
    try:
        begin(at, dn, each).unbind()
        result.append(True)
    except FarSideError:
        result.append(False)
"""
        answers: list[bool] = self.python(by or self.other(at), code, at=at, dn=dn, passwords=list(passwords))
        return answers

    def entries(self, at: str) -> dict[str, dict[str, list[str]]]:
        """Return all that a provider holds, as the other would copy it."""
        return dict(self.ask("replicator", ["search", SUFFIX], at=at, by=at)[0])

    def newest(self, at: str) -> list[str]:
        """Return the newest change of each provider that this one has."""
        found = self.ask("replicator", ["search", SUFFIX, "(contextCSN=*)", ["contextCSN"]], at=at, by=at)[0]
        return sorted(found[SUFFIX]["contextCSN"])

    @staticmethod
    def other(name: str) -> str:
        """Return the provider that is not this one."""
        return SECOND if name == FIRST else FIRST


def soon(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Tell whether something comes true in time."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.3)
    return True
