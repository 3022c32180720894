"""Students' passwords behind the port `Passwords`: set by the portal's own account, compared by binding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from argon2 import PasswordHasher
from ldap3 import MODIFY_DELETE, MODIFY_REPLACE

from estudent.adapters.ldap import reading
from estudent.adapters.ldap.attributes import ALBUM, LOCK, LOCKED, Found, texts
from estudent.adapters.ldap.binding import Candidate, Doorkeeper, sendable
from estudent.adapters.ldap.connection import Access
from estudent.adapters.ldap.escaping import dn_of, people_of
from estudent.adapters.ldap.locks import CHANGED, STATE, barrier_of
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.writing import Modify, write
from estudent.domain.album_number import AlbumNumber
from estudent.domain.plan import Lock
from estudent.ports import Barrier, Entrance, NamedAccount, Refused

LONGEST_NAME = 254
READ = ("uid", ALBUM, *STATE)
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
"""argon2id with the parameters that slapd's module is loaded with; a verification takes about 25 ms."""


class LdapPasswords:
    """Passwords in the directory at the first of `uris` that answers."""

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

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""
        self._doorkeeper.look_for_decoy()
        return "the portal's account (ESTUDENT_PORTAL__BIND_DN) sees the directory and its decoy"

    def look_up(self, name: str) -> NamedAccount | None:
        """Return to whose account a user name, mail address or album alias leads, as it is now."""
        found = self._find(name)
        album = _album(found) if found else None
        return NamedAccount(album, self._barrier(found), CHANGED in found) if found and album else None

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        """Try a password; what is nobody's, a wrong password and a lock take the same time and look the same."""
        if whose is None:
            return Entrance(None, self._doorkeeper.compare(None, password).accepted)
        candidate = Candidate(dn_of(whose.album, self._suffix), whose.barrier is not None, whose.has_password)
        answer = self._doorkeeper.compare(candidate, password)
        return Entrance(whose.album, answer.accepted, answer.must_change, whose.barrier)

    def verify(self, name: str, password: str) -> Entrance:
        """Look a name up and try a password."""
        return self.compare(self.look_up(name), password)

    def set(self, album: AlbumNumber, password: str) -> None:
        """Hash the password with argon2id and store it, which ends a lock; raise NotFound without an entry."""
        sent = sendable(password)
        if not sent:
            raise Refused("a password has at least one character and not thousands of them")
        # Nothing else is written: with every change of userPassword slapd itself drops the lock and pwdReset.
        self._change(album, "userPassword", MODIFY_REPLACE, "{ARGON2}" + HASHER.hash(sent))

    def barrier(self, album: AlbumNumber) -> Barrier | None:
        """Return what keeps a student out, or None; without an entry an account is not activated."""
        found = self._read(album)
        return Barrier(Lock.UNTIL_ACTIVATED) if found is None else self._barrier(found)

    def open(self, album: AlbumNumber) -> None:
        """End a lock that wrong passwords have caused; nothing else is opened."""
        for value in texts(self._read(album) or {}, LOCK):
            if value != LOCKED:
                self._change(album, LOCK, MODIFY_DELETE, value)

    def close(self) -> None:
        """Close the connections."""
        self._doorkeeper.close()
        self._pool.close()

    def _find(self, name: str) -> Found | None:
        """Return the entry of a name; a name that fits two students is nobody's."""
        names = _names(name)
        if not names:
            return None
        ask = partial(reading.with_names, base=people_of(self._suffix), names=names, attributes=READ)
        found = [entry for entry in self._pool.ask(ask) if _album(entry)]
        return found[0] if len(found) == 1 else None

    def _read(self, album: AlbumNumber) -> Found | None:
        return self._pool.ask(partial(reading.one, name=dn_of(album, self._suffix), attributes=READ))

    def _barrier(self, found: Found) -> Barrier | None:
        return barrier_of(found, self._pool, self._suffix, datetime.now(UTC))

    def _change(self, album: AlbumNumber, attribute: str, how: str, value: str) -> None:
        request = Modify(dn_of(album, self._suffix), {attribute: [(how, [value])]})
        self._pool.ask(partial(write, request=request))


def _names(typed: str) -> list[str]:
    """Return how what was typed may stand in an entry; album numbers are user names without their s."""
    visible = "".join(letter for letter in typed[: 2 * LONGEST_NAME] if unicodedata.category(letter) != "Cf").strip()
    if not visible or len(visible) > LONGEST_NAME or not visible.isprintable():
        return []
    return [f"s{visible}"] if re.fullmatch("[0-9]{3,7}", visible) else [visible]


def _album(found: Found) -> AlbumNumber | None:
    """Return whose entry this is, if its number and its user name agree."""
    numbers = texts(found, ALBUM)
    try:
        album = AlbumNumber(*numbers)
    except (TypeError, ValueError):
        return None
    return album if album.login in texts(found, "uid") else None
