"""The registry's ports in memory, as strict about uniqueness as its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.mailbox_name import likeness
from estudent.domain.mailbox_watch import ON_THE_WAY
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.domain.shard import Shard
from estudent.domain.student import AccountState, MailboxState, Student
from estudent.domain.whom import Whom
from estudent.ports import AlreadyExists, JournalEntry, JournalLine, NotFound, Sighting, TooAlike


class StudentsInMemory:
    """Port `Students`; `by_key` holds them."""

    def __init__(self, *students: Student) -> None:
        self.by_key = {student.key: student for student in students}
        self.seen: set[int] = set()

    def put(self, student: Student) -> None:
        """Add a student."""
        assert all(student.album != other.album for other in self.by_key.values())
        self.by_key[student.key] = student

    def change(self, key: int, **changes: Any) -> None:
        """Change a student who is there."""
        if key in self.by_key:
            self.by_key[key] = replace(self.by_key[key], **changes)

    def keys(self, whom: Whom) -> list[int]:
        """Return all keys."""
        assert whom.everyone
        return sorted(self.by_key)

    def load(self, keys: Sequence[int]) -> list[Student]:
        """Return students, ascending."""
        return [self.by_key[key] for key in sorted(keys) if key in self.by_key]

    def by_album(self, album: AlbumNumber) -> Student:
        """Return one student."""
        found = [student for student in self.by_key.values() if student.album == album]
        if not found:
            raise NotFound(f"no student has the album number {album}")
        return found[0]

    def observe_entries(self, keys: Sequence[int]) -> None:
        """Note whose entries were seen."""
        self.seen |= set(keys)

    def observe_activations(self, keys: Sequence[int]) -> None:
        """Note whose accounts were seen to be active."""
        for key in keys:
            self.change(key, account=AccountState.ACTIVE)


class EntriesSeenInMemory:
    """Port `EntriesSeen`; `wanted` holds, by key, the entry that was wanted when it was seen."""

    def __init__(self, students: StudentsInMemory, domain: str) -> None:
        self.students, self.domain = students, domain
        self.wanted: dict[int, Entry] = {}

    def unsettled(self) -> list[int]:
        """Return of whom another entry is wanted since, or none was seen."""
        everybody = sorted(self.students.by_key.items())
        return [key for key, student in everybody if self.wanted.get(key) != entry_of(student, self.domain)]

    def settle(self, looked_at: Sequence[Student], otherwise: Collection[AlbumNumber]) -> None:
        """Note what was seen."""
        for student in looked_at:
            self.wanted.pop(student.key, None)
            if student.album not in otherwise:
                self.wanted[student.key] = entry_of(student, self.domain)

    def owners(self, albums: Collection[str]) -> list[int]:
        """Return whose the numbers are."""
        return sorted(key for key, student in self.students.by_key.items() if str(student.album) in albums)


class MailboxesInMemory:
    """Port `MailboxRegister`; `given` are the addresses and whose they are, `seen_late` hides them from look-ups."""

    def __init__(self, students: StudentsInMemory) -> None:
        self.students, self.seen_late = students, False
        self.given: dict[str, int] = {}

    def reserve(self, student: Student, wanted: str, alias: str, *, waited_for: bool = True) -> None:
        """Give an address."""
        assert alias.startswith(f"{student.album.login}@")
        if wanted in self.given:
            raise AlreadyExists("this address was given to somebody already; choose another name")
        if self._alike(student.key, wanted):
            raise TooAlike("this name looks like somebody else's; choose another one")
        self.given[wanted] = student.key
        self.students.change(student.key, mailbox=wanted, mailbox_state=MailboxState.REQUESTED)

    def taken(self, addresses: Sequence[str]) -> set[str]:
        """Return which addresses were given."""
        return set() if self.seen_late else set(addresses) & set(self.given)

    def look_alikes(self, student: int, addresses: Sequence[str]) -> set[str]:
        """Return which addresses look like another student's."""
        return set() if self.seen_late else {each for each in addresses if self._alike(student, each)}

    def _alike(self, student: int, address: str) -> bool:
        looks = {likeness(given.partition("@")[0]) for given, owner in self.given.items() if owner != student}
        return likeness(address.partition("@")[0]) in looks

    def observe(self, sights: Sequence[Sighting]) -> None:
        """Store what was seen; here nobody waits, so nothing gets stuck by time."""
        for sight in sights:
            state = MailboxState.STUCK if sight.held else sight.state
            self.students.change(sight.student, mailbox_state=state, mailbox_id=sight.identifier)

    def due(self, keys: Sequence[int]) -> list[int]:
        """Return all of them."""
        return list(keys)

    def turns(self, keys: Sequence[int]) -> dict[int, datetime]:
        """Let requests have their own turns."""
        return {}

    def unfinished(self, keys: Sequence[int]) -> list[int]:
        """Return whose mailbox is on its way."""
        return [key for key in keys if self.students.by_key[key].mailbox_state in ON_THE_WAY]


class AccountNumbersInMemory:
    """Port `AccountNumbers`; `refusals` counts the draws that met somebody else's number."""

    def __init__(self, students: StudentsInMemory) -> None:
        self.students, self.refusals = students, 0
        self.given: dict[Nrb, int] = {}
        self.origins: dict[int, str] = {}

    def give(self, student: int, purpose: str, number: Nrb, origin: str) -> bool:
        """Store a number."""
        if student in self.origins:
            return True
        if number in self.given:
            self.refusals += 1
            return False
        self.given[number], self.origins[student] = student, origin
        self.students.change(student, account_number=number)
        return True

    def held(self, students: Sequence[int], purpose: str) -> dict[int, Nrb]:
        """Not needed here."""
        raise NotImplementedError(students, purpose)

    def wanting(self, students: Sequence[int], purpose: str) -> dict[int, frozenset[str]]:
        """Not needed here: there is one purpose."""
        raise NotImplementedError(students, purpose)

    def count(self, start: str, since: datetime) -> tuple[int, int]:
        """Not needed here."""
        raise NotImplementedError(start, since)


class JournalInMemory:
    """Port `Journal`; `entries` are what was noted."""

    def __init__(self) -> None:
        self.entries: list[JournalEntry] = []

    def note(self, entries: Iterable[JournalEntry]) -> None:
        """Store entries."""
        self.entries += entries

    def of(self, student: int) -> list[JournalLine]:
        """Not kept here."""
        raise NotImplementedError(student)

    def tells(self, student: int, system: str, step: str) -> bool:
        """Tell whether such a step was noted."""
        return (student, system, step) in {(each.student, each.system, each.step) for each in self.entries}

    def done(self, shard: Shard) -> dict[str, int]:
        """Return how many steps of a shard's students are done; they are all of one run here."""
        theirs = [each for each in self.entries if shard.holds(each.student) and each.system == shard.system]
        return Counter(each.step.partition(" ")[0] for each in theirs if each.result is Result.DONE)

    def owed(self, whom: Whom) -> dict[str, list[AlbumNumber]]:
        """Not kept here."""
        raise NotImplementedError(whom)
