"""Taking one step on one entry, so that taking it twice does no harm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from estudent.adapters.ldap import reading
from estudent.adapters.ldap.attributes import (
    ALBUM,
    READ,
    Changes,
    Found,
    attributes_of,
    changes_against,
    changes_of,
    decoded,
    entry_of,
    lock_changes,
    texts,
)
from estudent.adapters.ldap.errors import GONE, Incomplete, taken
from estudent.adapters.ldap.escaping import STUDENT_UID, dn_of, people_of
from estudent.adapters.ldap.pool import Pool
from estudent.adapters.ldap.writing import Add, Modify, write
from estudent.domain.directory_entry import Entry
from estudent.domain.plan import Step, StepKind
from estudent.ports import AlreadyExists, NotFound, Refused

WHOLE = (*READ, "objectClass")
READ_FIRST = {"uid", "personal_unique_code"}
"""Fields that are not simply replaced: an entry is not renamed, and codes that are not ours are kept."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Takes steps on the entries under ou=people."""

    pool: Pool
    suffix: str

    def request(self, step: Step[Entry]) -> Add | Modify | None:
        """Return the one request that takes a step if all goes well, None where more must be looked at."""
        wanted, name = step.wanted, dn_of(step.album, self.suffix)
        match step.kind:
            case StepKind.ADD:
                return Add(name, attributes_of(wanted))
            case StepKind.CHANGE if not READ_FIRST.intersection(step.fields):
                return Modify(name, changes_of(wanted, step.fields))
            case StepKind.LOCK | StepKind.UNLOCK:
                return Modify(name, lock_changes(wanted.lock))
        return None

    def take(self, step: Step[Entry]) -> None:
        """Take one step, or raise what the directory has against it."""
        match step.kind:
            case StepKind.ADD:
                self._add(step.wanted)
            case StepKind.CHANGE:
                self._change(step.wanted, step.fields)
            case StepKind.LOCK | StepKind.UNLOCK:
                self._modify(step.wanted, lock_changes(step.wanted.lock))

    def _add(self, wanted: Entry) -> None:
        """Add an entry; one that is there already, perhaps from an attempt whose answer was lost, becomes as wanted."""
        request = Add(dn_of(wanted.album, self.suffix), attributes_of(wanted))
        try:
            self.pool.ask(partial(write, request=request))
        except AlreadyExists:
            found = self._read(wanted)
            if found is None:
                raise taken(self._holders(wanted)) from None
            self._adopt(wanted, found)

    def _adopt(self, wanted: Entry, found: Found) -> None:
        if texts(found, ALBUM) != (wanted.album.digits,):
            raise AlreadyExists(f"{wanted.uid} is there without this album number; correct its {ALBUM} or rename it")
        present = entry_of(wanted.album, decoded(found))
        if fields := wanted.differences(present):
            self._change(wanted, fields)
        if wanted.lock is not present.lock:
            self._modify(wanted, lock_changes(wanted.lock))

    def _change(self, wanted: Entry, fields: Iterable[str]) -> None:
        if "uid" in fields:
            raise Refused(f"the entry with this album number is not {wanted.uid}; rename it or correct its {ALBUM}")
        try:
            self._change_fields(wanted, fields)
        except AlreadyExists:
            raise taken(self._holders(wanted)) from None

    def _change_fields(self, wanted: Entry, fields: Iterable[str]) -> None:
        """Replace the values; what else an entry holds is only looked at where that matters."""
        if "personal_unique_code" in fields:
            self._change_whole(wanted, fields)
            return
        try:
            self._modify(wanted, changes_of(wanted, fields))
        except Incomplete:
            self._change_whole(wanted, fields)

    def _change_whole(self, wanted: Entry, fields: Iterable[str]) -> None:
        found = self._read(wanted)
        if found is None:
            raise NotFound(GONE)
        self._modify(wanted, changes_against(wanted, fields, found))

    def _modify(self, wanted: Entry, changes: Changes) -> None:
        request = Modify(dn_of(wanted.album, self.suffix), changes)
        self.pool.ask(partial(write, request=request))

    def _read(self, wanted: Entry) -> Found | None:
        name = dn_of(wanted.album, self.suffix)
        return self.pool.ask(partial(reading.one, name=name, attributes=WHOLE))

    def _holders(self, wanted: Entry) -> list[str]:
        """Return which other students have one of these addresses, by their uids; other names are not for reports."""
        addresses = [*wanted.mail, *wanted.local_addresses]
        ask = partial(reading.uids_with_addresses, people=people_of(self.suffix), addresses=addresses)
        return [uid for uid in self.pool.ask(ask) if STUDENT_UID.fullmatch(uid) and uid != wanted.uid]
