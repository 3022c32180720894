"""The student office's accounts behind the port `Staff`: entries under ou=staff, roles from groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from estudent.adapters.ldap import reading
from estudent.adapters.ldap.attributes import Found, texts
from estudent.adapters.ldap.binding import Candidate, Doorkeeper
from estudent.adapters.ldap.connection import Access
from estudent.adapters.ldap.escaping import escaped
from estudent.adapters.ldap.locks import CHANGED, STATE, barrier_of
from estudent.adapters.ldap.pool import Pool
from estudent.ports import StaffMember, role_in

LONGEST_USER = 60
READ = ("uid", "cn", "displayName", *STATE)


class LdapStaff:
    """Staff in the directory at the first of `uris` that answers."""

    def __init__(
        self,
        uris: Sequence[str],
        bind_dn: str,
        password: str,
        suffix: str,
        ca_file: Path | None = None,
        *,
        connect_seconds: int = 5,
        answer_seconds: int = 10,
    ) -> None:
        access = Access(tuple(uris), bind_dn, password, ca_file, connect_seconds, answer_seconds)
        self._suffix = suffix
        self._pool = Pool(access)
        self._doorkeeper = Doorkeeper(access, self._pool, suffix)

    def enter(self, user: str, password: str) -> StaffMember | None:
        """Return who signs in, or None for a wrong password or somebody in none of the desk's groups."""
        found = self._find(user)
        if found is None:
            self._doorkeeper.compare(None, password)
            return None
        name = self._name(found)
        barrier = barrier_of(found, self._pool, self._suffix, datetime.now(UTC))
        candidate = Candidate(name, barrier is not None, CHANGED in found)
        return self._member(name, found) if self._doorkeeper.compare(candidate, password).accepted else None

    def look_up(self, user: str) -> StaffMember | None:
        """Return whose user name this is, with the role of this moment, or None for whoever has left the desk."""
        found = self._find(user)
        if found is None:
            return None
        barrier = barrier_of(found, self._pool, self._suffix, datetime.now(UTC))
        if barrier is not None and barrier.until is None:
            return None
        return self._member(self._name(found), found)

    def close(self) -> None:
        """Close the connections."""
        self._doorkeeper.close()
        self._pool.close()

    def _name(self, found: Found) -> str:
        return f"uid={escaped(texts(found, 'uid')[0])},ou=staff,{self._suffix}"

    def _find(self, user: str) -> Found | None:
        typed = user.strip()
        if not typed or len(typed) > LONGEST_USER or not (typed.isascii() and typed.isprintable()):
            return None
        ask = partial(reading.with_user, staff=f"ou=staff,{self._suffix}", user=typed, attributes=READ)
        found = self._pool.ask(ask)
        return found[0] if len(found) == 1 and len(texts(found[0], "uid")) == 1 else None

    def _member(self, name: str, found: Found) -> StaffMember | None:
        names = set(self._pool.ask(partial(reading.groups_with, groups=f"ou=groups,{self._suffix}", member=name)))
        role = role_in(names)
        shown = next(iter((*texts(found, "displayName"), *texts(found, "cn"))), "")
        return StaffMember(texts(found, "uid")[0], shown, role) if role else None
