"""Entries as text (LDIF, RFC 2849): what ldapadd reads, and ldapsearch writes when it shows what a directory holds."""

from __future__ import annotations

import base64
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from estudent.adapters.ldap.attributes import END, LOCK, attributes_of
from estudent.adapters.ldap.escaping import dn_of, people_of
from estudent.domain.directory_entry import Entry
from sandbox.slapd import Slapd

Attributes = dict[str, set[str]]


def write_ldif(path: Path, entries: Iterable[Entry], suffix: str) -> None:
    """Write entries to be added."""
    with path.open("w") as file:
        for entry in entries:
            file.write(f"dn: {dn_of(entry.album, suffix)}\n")
            file.writelines(_line(name, value) for name, values in attributes_of(entry).items() for value in values)
            file.write("\n")


def differing(slapd: Slapd, wanted: Sequence[Entry]) -> set[str]:
    """Return the names of all entries that are not exactly as wanted, missing and surplus ones too."""
    missing = {dn_of(entry.album, slapd.suffix): entry for entry in wanted}
    different = set()
    for held in _held(slapd):
        (name,) = held.pop("dn")
        entry = missing.pop(name, None)
        if entry is None or held != {each: set(values) for each, values in attributes_of(entry).items()}:
            different.add(name)
    return different | missing.keys()


def call(slapd: Slapd, program: str, *arguments: str, stdout: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
    """Start ldapadd or its like as the provisioner; what it says goes nowhere."""
    account, tool = slapd.accounts["provisioner"], slapd.tool(program)
    secret = slapd.folder / "provisioner.secret"
    secret.touch(mode=0o600)
    secret.write_text(account.password)
    command = [*tool.argv, "-x", "-D", account.dn, "-y", str(secret), *arguments]
    return subprocess.Popen(command, env=dict(tool.environment), stdout=stdout, text=True)


def _line(name: str, value: str) -> str:
    if value.isascii() and value.isprintable() and not value.startswith((" ", ":", "<")) and not value.endswith(" "):
        return f"{name}: {value}\n"
    return f"{name}:: {base64.b64encode(value.encode()).decode()}\n"


def _held(slapd: Slapd) -> Iterator[Attributes]:
    """Yield all that each entry under ou=people holds and the provisioner may write."""
    base = people_of(slapd.suffix)
    wanted = ("-LLL", "-o", "ldif-wrap=no", "-b", base, "-s", "one", "(objectClass=*)", "*", LOCK, END)
    with call(slapd, "ldapsearch", *wanted, stdout=subprocess.PIPE) as search:
        held: Attributes = defaultdict(set)
        for line in search.stdout or ():
            if line == "\n":
                yield dict(held)
                held = defaultdict(set)
                continue
            name, _, value = line.rstrip("\n").partition(":")
            held[name].add(_read(value))
    if search.returncode:
        raise RuntimeError("ldapsearch failed")


def _read(value: str) -> str:
    return base64.b64decode(value[1:]).decode() if value.startswith(":") else value.removeprefix(" ")
