"""The university's directory behind the port `Directory`: students' entries in an OpenLDAP server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from ldap3 import Connection

from estudent.adapters.ldap import reading
from estudent.adapters.ldap.answers import texts_found
from estudent.adapters.ldap.attributes import ALBUM, entry_of
from estudent.adapters.ldap.carrying import Carrier
from estudent.adapters.ldap.changes import changes_since
from estudent.adapters.ldap.check import check
from estudent.adapters.ldap.connection import Access
from estudent.adapters.ldap.errors import Operation, speaking
from estudent.adapters.ldap.escaping import people_of
from estudent.adapters.ldap.likeness import Likeness
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.steps import Steps
from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome
from estudent.domain.plan import Step
from estudent.ports import EntryChanges

AT_ONCE = 1000
"""How many album numbers are looked up together."""

Look = Callable[[Connection], Iterator[bytes]]


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
        return self._read(albums, Likeness([]))

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist of these students; one that is as wanted is the wanted one itself."""
        return self._read([entry.album for entry in wanted], Likeness(wanted))

    def changes(self, token: str) -> EntryChanges:
        """Return whose entries have changed since a token was given; with an empty one, a first one to ask with."""
        return self._pool.ask(partial(changes_since, people=self._people, token=token))

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Take the steps, yielding an outcome for each; once the directory is out of reach, the rest have failed."""
        return Carrier(self._steps).carry_out(steps)

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""
        return check(self._access, self._suffix)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _read(self, albums: Sequence[AlbumNumber], likeness: Likeness) -> dict[AlbumNumber, Entry]:
        wanted = {album.digits: album for album in albums}
        found: dict[str, Entry] = {}
        for look in self._looks(list(wanted)):
            found |= self._pool.ask(partial(_entries, look=look, wanted=wanted, likeness=likeness))
        return {wanted[digits]: entry for digits, entry in found.items()}

    def _looks(self, digits: Sequence[str]) -> Iterator[Look]:
        """Yield the searches that find all of these students."""
        if len(digits) > self._scan_above:
            yield partial(reading.all_with_albums, people=self._people)
            return
        for start in range(0, len(digits), AT_ONCE):
            yield partial(reading.with_albums, people=self._people, digits=digits[start : start + AT_ONCE])


@speaking(Operation.FIND)
def _entries(
    connection: Connection, look: Look, wanted: Mapping[str, AlbumNumber], likeness: Likeness
) -> dict[str, Entry]:
    """Return what was found of whom we want; should two entries claim one number, the one named after it counts."""
    entries: dict[str, Entry] = {}
    for operation in look(connection):
        if same := likeness.of(operation):
            entries[same.album.digits] = same
            continue
        attributes = texts_found(operation)
        for digits in attributes.get(ALBUM, ()):
            album = wanted.get(digits)
            if album and (digits not in entries or album.login in attributes.get("uid", ())):
                entries[digits] = entry_of(album, attributes)
    return entries
