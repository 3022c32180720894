"""The university's directory behind the port `Directory`: students' entries in an OpenLDAP server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ldap3 import Connection

from estudent.adapters.ldap import reading
from estudent.adapters.ldap.attributes import ALBUM, Found, entry_of, texts
from estudent.adapters.ldap.carrying import Carrier
from estudent.adapters.ldap.check import check
from estudent.adapters.ldap.connection import Access
from estudent.adapters.ldap.escaping import people_of
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.steps import Steps
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome
from estudent.domain.plan import Step

AT_ONCE = 100
"""How many album numbers one search asks for."""


class LdapDirectory:
    """The directory at the first of `uris` that answers; more than `scan_above` students are found by reading all."""

    def __init__(
        self,
        uris: Sequence[str],
        bind_dn: str,
        password: str,
        suffix: str,
        ca_file: Path | None = None,
        *,
        connect_seconds: int = 5,
        answer_seconds: int = 30,
        scan_above: int = 2000,
    ) -> None:
        self._access = Access(tuple(uris), bind_dn, password, ca_file, connect_seconds, answer_seconds)
        self._suffix = suffix
        self._people = people_of(suffix)
        self._scan_above = scan_above
        self._pool = Pool(self._access)
        self._steps = Steps(self._pool, suffix)

    def find(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist of these students."""
        wanted = {album.digits: album for album in albums}
        if len(wanted) > self._scan_above:
            return self._pool.ask(partial(self._scan, wanted=wanted))
        return self._look_up(wanted)

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Take the steps, yielding an outcome for each; once the directory is out of reach, the rest have failed."""
        return Carrier(self._steps).carry_out(steps)

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""
        return check(self._access, self._suffix)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _look_up(self, wanted: Mapping[str, AlbumNumber]) -> dict[AlbumNumber, Entry]:
        digits = list(wanted)
        found: dict[AlbumNumber, Entry] = {}
        for start in range(0, len(digits), AT_ONCE):
            some = digits[start : start + AT_ONCE]
            found |= _entries(self._pool.ask(partial(reading.with_albums, people=self._people, digits=some)), wanted)
        return found

    def _scan(self, connection: Connection, wanted: Mapping[str, AlbumNumber]) -> dict[AlbumNumber, Entry]:
        return _entries(reading.all_with_albums(connection, self._people), wanted)


def _entries(found: Iterable[Found], wanted: Mapping[str, AlbumNumber]) -> dict[AlbumNumber, Entry]:
    """Return what was found of whom we want; should two entries claim one number, the one named after it counts."""
    entries: dict[AlbumNumber, Entry] = {}
    for attributes in found:
        for digits in texts(attributes, ALBUM):
            album = wanted.get(digits)
            if album and (album not in entries or album.login in texts(attributes, "uid")):
                entries[album] = entry_of(album, attributes)
    return entries
