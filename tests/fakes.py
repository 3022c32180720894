"""Fakes of the outside systems: small, in memory, and held to the same contracts as the real adapters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import Row
from estudent.domain.directory_entry import Entry
from estudent.domain.fees import Ledger
from estudent.domain.letter import Letter
from estudent.domain.mailbox import Mailbox
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Lock, Step, StepKind
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.ports import (
    NO_SEATS,
    Barrier,
    Entrance,
    EntryChanges,
    FarSideError,
    Feed,
    FeedProblem,
    NamedAccount,
    NotFound,
    Refused,
    Role,
    StaffMember,
)


class FakeMailboxes:
    """Microsoft 365 in memory: `open_mailboxes` is Exchange catching up, `taken` are other people's addresses."""

    def __init__(self, seats: int = 5000) -> None:
        self.users: dict[AlbumNumber, Mailbox] = {}
        self.taken: set[str] = set()
        self.seats = seats
        self.problem: FarSideError | None = None

    def find(self, mailboxes: Sequence[Mailbox]) -> dict[AlbumNumber, Mailbox]:
        self._answer()
        return {each.album: self.users[each.album] for each in mailboxes if each.album in self.users}

    def carry_out(self, steps: Iterable[Step[Mailbox]]) -> Iterator[Outcome]:
        self._answer()
        for step in steps:
            outcome = self._add(step) if step.kind is StepKind.ADD else self._change(step)
            if outcome is not None:
                yield outcome

    def free_seats(self) -> int:
        self._answer()
        return self.seats - sum(user.licensed for user in self.users.values())

    def check(self) -> str:
        return f"the fake answers with {self.free_seats()} free seats"

    def open_mailboxes(self) -> None:
        """Let Exchange make all mailboxes that are owed."""
        self.users = {album: replace(user, ready=user.licensed) for album, user in self.users.items()}

    def _add(self, step: Step[Mailbox]) -> Outcome:
        wanted = step.wanted
        if wanted.album not in self.users and self.free_seats() < 1:
            return Outcome(step, Result.REFUSED, NO_SEATS)
        others = (user.primary for user in self.users.values() if user.album != wanted.album)
        if wanted.primary in self.taken.union(others):
            return Outcome(step, Result.REFUSED, "address taken: the student must choose another name")
        new = replace(wanted, identifier=f"id-{wanted.album}", licensed=False, ready=False, aliased=False)
        user = self.users.setdefault(wanted.album, new)
        return self._license(step, user)

    def _change(self, step: Step[Mailbox]) -> Outcome | None:
        user = self.users[step.album]
        names = {name: getattr(step.wanted, name) for name in step.fields if name.endswith("name")}
        if names:
            user = self.users[step.album] = replace(user, **names)
        if "licensed" in step.fields:
            return self._license(step, user)
        if "aliased" in step.fields and user.ready:
            self.users[step.album] = replace(user, aliased=True)
            return Outcome(step, Result.DONE)
        return Outcome(step, Result.DONE) if names else None

    def _license(self, step: Step[Mailbox], user: Mailbox) -> Outcome:
        if not user.licensed and self.free_seats() < 1:
            return Outcome(step, Result.REFUSED, NO_SEATS)
        self.users[user.album] = replace(user, licensed=True)
        return Outcome(step, Result.DONE)

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem


class FakeUsos:
    """USOS in memory: `persons` by USOS id, `accounts` their payment accounts; changes show at once, unless `hides`."""

    source = "usosapi"

    def __init__(self, *persons: UsosPerson) -> None:
        self.hides = False
        self.permits = True
        self.asked: list[UsosLink] = []
        self.persons = {person.usos_id: person for person in persons}
        self.accounts: dict[int, Nrb] = {}
        self.problem: FarSideError | None = None

    def find(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        self._answer()
        return {each: self.persons[each] for each in usos_ids if each in self.persons}

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        self._answer()
        for step in steps:
            self.asked.append(step.wanted)
            yield self._take(step)

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:
        self._answer()
        owners = {person.album: person.usos_id for person in self.persons.values()}
        return {album: owners[album.digits] for album in albums if album.digits in owners}

    def takes_links(self) -> bool:
        self._answer()
        return self.permits

    def account_numbers(self, usos_ids: Sequence[int]) -> dict[int, Nrb]:
        self._answer()
        return {each: self.accounts[each] for each in usos_ids if each in self.accounts}

    def check(self) -> str:
        self._answer()
        return "the fake answers"

    def _take(self, step: Step[UsosLink]) -> Outcome:
        person = self.persons.get(step.wanted.usos_id)
        if step.kind not in (StepKind.ADD, StepKind.CHANGE) or step.wanted.email is None:
            return Outcome(step, Result.REFUSED, "this is no address")
        if person is None:
            return Outcome(step, Result.REFUSED, "USOS does not know this person")
        if not self.hides:
            self.persons[person.usos_id] = replace(person, email=step.wanted.email)
        return Outcome(step, Result.DONE)

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem


class FakePost:
    """A post office in memory: `sent` holds the letters, `refuses` the recipients it will not take."""

    def __init__(self, refuses: Iterable[str] = ()) -> None:
        self.sent: list[Letter] = []
        self.refuses = set(refuses)
        self.problem: FarSideError | None = None

    def send(self, letter: Letter) -> None:
        if self.problem is not None:
            raise self.problem
        if letter.recipient in self.refuses or "\n" in letter.recipient + letter.subject:
            raise Refused("the mail server refuses this letter or its recipient")
        self.sent.append(letter)

    def check(self) -> str:
        if self.problem is not None:
            raise self.problem
        return "the fake takes letters"


class FakeDirectory:
    """The directory in memory: `entries` by album number; no two of them share an address."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = {entry.album: entry for entry in entries}
        self.problem: FarSideError | None = None
        self.asked_before: dict[str, dict[AlbumNumber, Entry]] = {}
        """What there was when each token was given; it forgets everything when this is emptied, like a restart."""

    def find(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, Entry]:
        self._answer()
        return {album: self.entries[album] for album in albums if album in self.entries}

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        return self.find([entry.album for entry in wanted])

    def changes(self, token: str) -> EntryChanges:
        self._answer()
        before, new = self.asked_before.get(token), f"{len(self.asked_before) + 1:02}"
        self.asked_before[new] = dict(self.entries)
        if before is None:
            return EntryChanges(frozenset(map(str, self.entries)), new, complete=not token)
        changed = frozenset(str(album) for album, entry in self.entries.items() if entry != before.get(album))
        return EntryChanges(changed, new, complete=before.keys() <= self.entries.keys())

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        self._answer()
        for step in steps:
            yield self._take(step)

    def check(self) -> str:
        self._answer()
        return f"the fake holds {len(self.entries)} entries"

    def _take(self, step: Step[Entry]) -> Outcome:
        found = step.wanted if step.kind is StepKind.ADD else self.entries.get(step.album)
        if found is None:
            return Outcome(step, Result.REFUSED, "there is no such entry")
        changed = _after(step, found)
        if changed.uid != step.album.login:
            return Outcome(step, Result.REFUSED, "an entry is not renamed")
        if any(_share_address(changed, other) for other in self.entries.values()):
            return Outcome(step, Result.REFUSED, "another entry has this address")
        self.entries[step.album] = changed
        return Outcome(step, Result.DONE)

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem


def _after(step: Step[Entry], found: Entry) -> Entry:
    """Return what a step makes of an entry."""
    if step.kind is StepKind.ADD:
        return step.wanted
    if step.kind is StepKind.CHANGE:
        return replace(found, **{name: getattr(step.wanted, name) for name in step.fields})
    return replace(found, lock=step.wanted.lock)


def _share_address(one: Entry, other: Entry) -> bool:
    shared = {*one.mail} & {*other.mail} or {*one.local_addresses} & {*other.local_addresses}
    return one.album != other.album and bool(shared)


class FakeRecruitment:
    """The recruitment office in memory: each `export` replaces the file of that name."""

    def __init__(self) -> None:
        self._feeds: dict[str, Feed] = {}
        self._exports = 0

    def export(
        self,
        *rows: Row,
        name: str = "rekrutacja.csv",
        problem: FeedProblem | None = None,
        changes_only: bool = False,
    ) -> None:
        """Write a file; like an office that presses the button again, with a new time even for equal rows."""
        self._exports += 1
        written = datetime(2026, 9, 1, tzinfo=UTC).replace(minute=self._exports)
        self._feeds[name] = Feed(
            name, f"export {self._exports}", written, lambda: iter(rows), problem, changes_only=changes_only
        )

    def feeds(self) -> Iterator[Feed]:
        yield from sorted(self._feeds.values(), key=lambda feed: feed.modified_at)

    def check(self) -> str:
        return f"the fake holds {len(self._feeds)} files"


class FakeFees:
    """What students have to pay, in memory: `ledgers` by the student's key."""

    def __init__(self, ledgers: Mapping[int, Ledger] | None = None) -> None:
        self.ledgers = dict(ledgers or {})

    def of(self, student: int) -> Ledger:
        return self.ledgers.get(student, Ledger())


class FakePasswords:
    """Passwords of the students in a `directory` in memory; thirty wrong ones within 15 minutes lock for 15 minutes."""

    def __init__(self, directory: FakeDirectory, clock: Callable[[], datetime]) -> None:
        self.directory, self.clock = directory, clock
        self.stored: dict[AlbumNumber, str] = {}
        self.failures: dict[AlbumNumber, list[datetime]] = {}
        self.must_change: set[AlbumNumber] = set()
        self.problem: FarSideError | None = None

    def look_up(self, name: str) -> NamedAccount | None:
        self._answer()
        visible = "".join(letter for letter in name if unicodedata.category(letter) != "Cf").strip().casefold()
        typed = f"s{visible}" if visible.isdecimal() else visible
        found = [album for album, entry in self.directory.entries.items() if typed in _names(entry)]
        return NamedAccount(found[0], self.barrier(found[0]), found[0] in self.stored) if len(found) == 1 else None

    def verify(self, name: str, password: str) -> Entrance:
        return self.compare(self.look_up(name), password)

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        self._answer()
        if whose is None:
            return Entrance(None, accepted=False)
        album = whose.album
        if whose.barrier or self.barrier(album):
            return Entrance(album, accepted=False, barrier=whose.barrier)
        if not password or self.stored.get(album) != unicodedata.normalize("NFC", password):
            self.failures.setdefault(album, []).append(self.clock())
            return Entrance(album, accepted=False)
        self.failures.pop(album, None)
        return Entrance(album, True, album in self.must_change)

    def set(self, album: AlbumNumber, password: str) -> None:
        self._answer()
        if not password or len(password) > 1024:
            raise Refused("a password has at least one character and not thousands of them")
        entry = self.directory.entries.get(album)
        if entry is None:
            raise NotFound("there is no such entry")
        self.stored[album] = unicodedata.normalize("NFC", password)
        if entry.lock is Lock.UNTIL_ACTIVATED:
            self.directory.entries[album] = replace(entry, lock=Lock.OPEN)
        self.must_change.discard(album)
        self.failures.pop(album, None)

    def barrier(self, album: AlbumNumber) -> Barrier | None:
        self._answer()
        entry = self.directory.entries.get(album)
        lock = entry.lock if entry else Lock.UNTIL_ACTIVATED
        if lock is not Lock.OPEN:
            return Barrier(lock)
        recent = [at for at in self.failures.get(album, []) if at > self.clock() - timedelta(minutes=15)]
        return Barrier(lock, recent[-1] + timedelta(minutes=15)) if len(recent) >= 30 else None

    def open(self, album: AlbumNumber) -> None:
        self._answer()
        self.failures.pop(album, None)

    def _answer(self) -> None:
        if self.problem is not None:
            raise self.problem


def _names(entry: Entry) -> set[str]:
    return {name.casefold() for name in (entry.uid, *entry.mail, *entry.local_addresses, entry.principal_name)}


class FakeStaff:
    """The student office in memory: who has which password, by user name."""

    def __init__(self) -> None:
        self.members: dict[str, tuple[str, StaffMember | None]] = {}
        self.failures: dict[str, int] = {}
        self.problem: FarSideError | None = None

    def add(self, user: str, password: str, name: str, role: Role | None) -> None:
        """Let somebody in, or, without a role, know them only."""
        self.members[user] = password, StaffMember(user, name, role) if role else None

    def enter(self, user: str, password: str) -> StaffMember | None:
        if self.problem is not None:
            raise self.problem
        typed = user.strip().casefold()
        right, member = self.members.get(typed, ("", None))
        if not password or password != right or self.failures.get(typed, 0) >= 30:
            self.failures[typed] = self.failures.get(typed, 0) + 1
            return None
        self.failures.pop(typed, None)
        return member

    def look_up(self, user: str) -> StaffMember | None:
        if self.problem is not None:
            raise self.problem
        return self.members.get(user.strip().casefold(), ("", None))[1]
