"""The known ways of adding entries to a directory, which ours are measured against, and who they come as."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from typing import Any

from bench.asked import insist
from bench.ldif import call, write_ldif
from estudent.adapters.ldap.attributes import attributes_of
from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.escaping import dn_of
from estudent.domain.directory_entry import Entry
from sandbox.slapd import Slapd

LDIF = "entries.ldif"


def ldapadd(slapd: Slapd, entries: Sequence[Entry]) -> float:
    """Add them with OpenLDAP's own program and return the seconds; nobody watches it, which would take of its time."""
    write_ldif(slapd.folder / LDIF, entries, slapd.suffix)
    begun = time.monotonic()
    with call(slapd, "ldapadd", "-f", str(slapd.folder / LDIF)) as running:
        running.wait()
        seconds = time.monotonic() - begun
    insist(running.returncode == 0, "ldapadd failed")
    return seconds


def plain_ldap3(slapd: Slapd, entries: Sequence[Entry]) -> float:
    """Add them with ldap3, one after another over one connection, and return the seconds."""
    begun = time.monotonic()
    connection: Any = connect_to(slapd.ldaps_uri, access(slapd))
    done = [connection.add(dn_of(each.album, slapd.suffix), attributes=attributes_of(each))[0] for each in entries]
    hang_up(connection)
    insist(all(done), "not every entry was added")
    return time.monotonic() - begun


def ldapsearch(slapd: Slapd, *arguments: str) -> None:
    """Search, and throw away what comes."""
    with call(slapd, "ldapsearch", *arguments, stdout=subprocess.DEVNULL) as running:
        insist(running.wait() == 0, "ldapsearch failed")


def access(slapd: Slapd) -> Access:
    """Return the way in that the provisioner has."""
    account = slapd.accounts["provisioner"]
    return Access((slapd.ldaps_uri,), account.dn, account.password, slapd.ca_file, 5, 30)
