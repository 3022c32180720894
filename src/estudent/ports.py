"""What we ask of the world, in the university's words, and the few ways in which it may fail."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from estudent.domain.album_number import AlbumNumber
from estudent.domain.allowance import Budget, Portion
from estudent.domain.application import Application, Row
from estudent.domain.asked_for import AskedFor, RowFault
from estudent.domain.asked_for import Taken as TakenIn
from estudent.domain.booking_rules import Owner, Unmatched, Verdict
from estudent.domain.claim import Record
from estudent.domain.deployment import Happening, HostRecap, Order
from estudent.domain.desk import Card, Found, StaffLine, Today
from estudent.domain.directory_entry import Entry
from estudent.domain.enablement import LinkSight
from estudent.domain.fault import Fault
from estudent.domain.fees import Ledger
from estudent.domain.funnel import Circle, Stage, Waiting
from estudent.domain.letter import Letter, Notice
from estudent.domain.mailbox import Mailbox
from estudent.domain.mailbox_life import CloudUser, Deed, Parting
from estudent.domain.mailbox_rename import RenameState
from estudent.domain.nrb import Nrb
from estudent.domain.one_time_code import Purpose
from estudent.domain.outcome import Outcome, Result, Tally
from estudent.domain.plan import Lock, Step
from estudent.domain.progress import Seen
from estudent.domain.shard import Shard, ShardSight
from estudent.domain.statement import Statement, StatementLine
from estudent.domain.statement_chain import StatementEnds
from estudent.domain.student import MailboxState, Student
from estudent.domain.throttle import Recent, Turn
from estudent.domain.told_before import OtherStatement
from estudent.domain.unmatched_line import DeskLine, Suggestion
from estudent.domain.usos_link import UsosLink, UsosPerson
from estudent.domain.whom import Whom


class FarSideError(Exception):
    """Something outside said no or nothing; its text holds no personal data and says what to do next."""


class Unavailable(FarSideError):
    """The far side does not answer, or asks to wait; the same call may work later: retry."""


class Refused(FarSideError):
    """The far side understood and will not do it: skip this one, report it, go on."""


class AlreadyExists(Refused):
    """What should be made is there already, or its name belongs to somebody else."""


class TooAlike(AlreadyExists):
    """An address could be mistaken for one that somebody else has."""


class PasswordRefused(Refused):
    """The far side's own rules refuse this password; another one may be taken."""


class NotFound(Refused):
    """What should be changed is not there."""


class Expired(Refused):
    """What one went by is too old to go on with: begin anew."""


class Misconfigured(FarSideError):
    """Nothing can work until somebody changes a setting or a permission: stop."""


# Recruitment


class FeedProblem(StrEnum):
    """Why a whole file is left alone."""

    STILL_WRITTEN = "still being written"
    EMPTY = "empty"
    UNREADABLE = "unreadable"
    HEADERS_MISSING = "headers missing"


@dataclass(frozen=True, slots=True)
class Feed:
    """One file, or one answer, of recruitment. `rows` may be called again; each call reads from the start.

    With `changes_only` it holds what has changed since the last time, and says nothing of whom it leaves out.
    """

    name: str
    digest: str
    modified_at: datetime
    rows: Callable[[], Iterator[Row]]
    problem: FeedProblem | None = None
    detail: str = ""
    changes_only: bool = False


class Recruitment(Protocol):
    """The recruitment office (eRekrutacja, IRK)."""

    def feeds(self) -> Iterator[Feed]:
        """Yield all feeds that are there, oldest first, those that cannot be read with their problem."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


# Registry


# The next three are made for each row of a feed; making frozen ones would take three times as long.
@dataclass(slots=True)
class Identity:
    """All by which a row may be recognised as somebody's; hashes are those of `Fingerprints`."""

    candidate: str
    pesel: str | None
    document: str | None
    usos_id: int | None
    album: str | None
    account_number: str | None


@dataclass(frozen=True, slots=True)
class KnownStudent:
    """What of a student must not change, and by which of an identity's parts they were found."""

    key: int
    album: str | None
    usos_id: int | None
    account_number: str | None
    pesel: str | None
    found_by: frozenset[str]


@dataclass(slots=True)
class Admission:
    """An application that was accepted: whose it is (`student` is None for somebody new) and the row's hash."""

    application: Application = field(repr=False)
    identity: Identity = field(repr=False)
    row_hash: bytes
    student: int | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was refused, one for each fault; `feed` is the file's name, `line` as in `estudent.domain.place`."""

    feed: str
    line: int
    fault: Fault
    candidate: str = ""


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """What became of a feed's rows."""

    read: int = 0
    new: int = 0
    changed: int = 0
    refused: int = 0
    missing: tuple[str, ...] = ()


class Admissions(Protocol):
    """The registry's door for recruitment."""

    def knows(self, feed: Feed) -> bool:
        """Tell whether exactly this file was taken in to its end."""

    def open(self, feed: Feed) -> int:
        """Note that reading begins; return the feed's number."""

    def last_read(self, name: str, digest: str) -> datetime | None:
        """Return the latest `modified_at` of the feeds of this name and digest that were taken in to their end."""

    def close(self, feed: int, counts: FeedCounts, candidates: Collection[str] | None = None) -> None:
        """Note that the feed was taken in to its end, and resolve what earlier feeds of its name had refused.

        With `candidates`, only what was refused of them: the others were not read this time.
        """

    def row_hashes(self) -> dict[str, bytes]:
        """Return the hash of every row taken in so far by its application's key."""

    def renew_hashes(self, hashes: Mapping[str, bytes]) -> None:
        """Store other hashes for rows that say what they said, by their applications' keys; nothing else changes."""

    def matches(self, identities: Sequence[Identity]) -> list[list[KnownStudent]]:
        """Return for each identity the students whom any part of it fits."""

    def begin_to_admit(self, feed: int, admissions: Sequence[Admission]) -> Callable[[], None]:
        """Begin to store persons, students and studies in one transaction, and resolve their earlier rejections.

        What is returned ends it, in whatever thread, and must be called: until then nobody else may write.
        """

    def refuse(self, feed: int, rejections: Sequence[Rejection]) -> None:
        """Store refused rows."""

    def rejections(self) -> list[Rejection]:
        """Return the open rejections, newest feed first."""

    def candidates_of(self, applications: Iterable[str], intakes: Iterable[str]) -> list[str]:
        """Return the candidate numbers of those of the `applications` that belong to one of the `intakes`."""

    def awaiting_numbers(self) -> list[tuple[str, datetime]]:
        """Return the candidates whose album number has not come yet, and since when it is awaited."""


class Students(Protocol):
    """Students with album numbers, as the services see them."""

    def keys(self, whom: Whom) -> list[int]:
        """Return the registry's keys of the students meant, ascending."""

    def load(self, keys: Sequence[int]) -> list[Student]:
        """Return the students of these keys, ascending."""

    def by_album(self, album: AlbumNumber) -> Student:
        """Return one student, or raise NotFound."""

    def observe_activations(self, keys: Sequence[int]) -> None:
        """Note that the directory was seen to let these students in, so they have activated their accounts."""

    def observe_entries(self, keys: Sequence[int]) -> None:
        """Note that the directory was seen to hold these students' entries."""


class EntriesSeen(Protocol):
    """Of whom the directory was seen to hold the very entry that is wanted."""

    def unsettled(self) -> list[int]:
        """Return the keys, ascending, of those of whom it was not yet, or of whom another entry is wanted since."""

    def settle(self, looked_at: Sequence[Student], otherwise: Collection[AlbumNumber]) -> None:
        """Note that it was, but for those whose entries are otherwise than wanted, or not there."""

    def owners(self, albums: Collection[str]) -> list[int]:
        """Return who has these album numbers, ascending; others' numbers are nobody's."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One thing that happened to one student."""

    student: int
    system: str
    step: str
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A journal entry as it is read back: with when, by whom, in which run."""

    at: datetime
    system: str
    step: str
    result: str
    detail: str
    actor: str
    run: str


class Journal(Protocol):
    """Who or what did which step for whom, when, with what outcome."""

    def note(self, entries: Iterable[JournalEntry]) -> None:
        """Store entries under this journal's actor and run."""

    def of(self, student: int) -> list[JournalLine]:
        """Return a student's history, oldest first."""

    def tells(self, student: int, system: str, step: str) -> bool:
        """Tell whether a student's history has such a step."""

    def done(self, shard: Shard) -> dict[str, int]:
        """Return how many steps of a shard are done, by their first words, whoever had it in hand."""

    def owed(self, whom: Whom) -> dict[str, list[AlbumNumber]]:
        """Return for each thing owed the students who do not have it yet."""


class Shards(Protocol):
    """The shards of runs: how far each is, what became of it, and which process has it in hand.

    A holder that gives no sign of life for a while has lost its shard, which anybody may take up then.
    """

    def lay_out(self, shards: Sequence[Shard]) -> None:
        """Store a run's shards of one system, once: those that it has already stay as they are."""

    def of(self, run: str, system: str) -> list[ShardSight]:
        """Return a run's shards of one system, by number; none where they were not laid out."""

    def take(self, run: str, system: str, number: int, holder: str) -> ShardSight | None:
        """Take a shard in hand; None when it is finished, somebody has it, or there is none."""

    def breathe(self, shard: Shard, holder: str) -> None:
        """Give a sign of life; raise Expired when the shard is somebody else's by now."""

    def keep(self, shard: Shard, holder: str, reached: int, tally: Tally) -> None:
        """Store how far a shard is, as a sign of life; raise Expired when it is somebody else's by now."""

    def finish(self, shard: Shard, holder: str, tally: Tally) -> None:
        """Store that nothing of a shard is left for its run; raise Expired when it is somebody else's by now."""

    def reopen(self, run: str, system: str) -> None:
        """Let the finished shards in which something failed be done once more, from their beginning."""


class Letters(Protocol):
    """Which letters were prepared and sent."""

    def due(self, keys: Sequence[int]) -> list[Notice]:
        """Return the album number letters owed to these students and not known as sent."""

    def prepare(self, notices: Sequence[Notice]) -> list[Notice]:
        """Claim letters before the attempt and return those that no other run has in hand."""

    def release(self, notices: Sequence[Notice]) -> None:
        """Give claimed letters back that were not sent."""

    def sent(self, notice: Notice) -> None:
        """Note that the post took it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of one student's mailbox: how far it is, Microsoft's id of the user, and what is wrong with it.

    `held` tells that it will not get on before a person has seen to the problem. `address` is the one that was looked
    for, if it was: what was seen of it says nothing of a mailbox that has another one by now.
    """

    student: int
    state: MailboxState
    identifier: str | None = None
    problem: str = ""
    held: bool = False
    address: str | None = field(default=None, repr=False)


class MailboxRegister(Protocol):
    """Addresses and the state of mailboxes."""

    def reserve(self, student: Student, wanted: str, alias: str, *, waited_for: bool = True) -> None:
        """Give the address and, where the student waits for it, make the request in one transaction.

        Raises AlreadyExists when it was ever given, TooAlike when it looks like one that another student was given.
        """

    def taken(self, addresses: Sequence[str]) -> set[str]:
        """Return those of the addresses that were ever given to anybody."""

    def look_alikes(self, student: int, addresses: Sequence[str]) -> set[str]:
        """Return those of the addresses that look like one that somebody else than this student was given."""

    def observe(self, sights: Sequence[Sighting]) -> None:
        """Store what was seen at the far side, and when to look again, in one transaction.

        The journal tells of new states, and the student is written to when the mailbox works or needs another name.
        """

    def due(self, keys: Sequence[int]) -> list[int]:
        """Return the students without those whose mailbox need not be looked at yet."""

    def turns(self, keys: Sequence[int]) -> dict[int, datetime]:
        """Return when the mailboxes of these students are to be looked at next."""

    def unfinished(self, keys: Sequence[int]) -> list[int]:
        """Return those of the students whose mailbox was requested and is still on its way."""


class Partings(Protocol):
    """How far the mailboxes of those who have left are closed; what somebody else changed meanwhile stays."""

    def announce(self, student: Student, parting: Parting) -> None:
        """Store the day of the next step and let the student be told."""

    def observe(self, student: Student, parting: Parting) -> None:
        """Store what was seen; the addresses of somebody who is gone stay blocked."""

    def reopen(self, student: Student) -> None:
        """Forget the end of a mailbox, tell the student, and let the mailbox be looked at again from where it is."""

    def with_mailbox(self, keys: list[int]) -> int:
        """Return how many of these students have a mailbox, or had one."""


class Renames(Protocol):
    """How far mailboxes are on their way to other addresses."""

    def ask(self, student: Student, wanted: str) -> None:
        """Reserve the address, or take one of the student's own again.

        Raises AlreadyExists when it was ever given to anybody else, TooAlike when it looks like somebody else's.
        """

    def decline(self, student: Student) -> None:
        """Note that the student keeps the address in spite of another name."""

    def observe(self, student: Student, state: RenameState, problem: str = "") -> Student:
        """Store another state and which address is the mailbox's by it; return the student as it is then."""


class Watermarks(Protocol):
    """How far something was read elsewhere, by the token that goes on from there."""

    def of(self, name: str) -> str | None:
        """Return the token with which reading goes on, None before the first time."""

    def keep(self, name: str, token: str) -> None:
        """Store a token in place of the one before; an empty one is forgotten."""

    def owners(self, identifiers: Collection[str]) -> list[int]:
        """Return whose mailboxes have these ids of Microsoft's, ascending."""


class Trail(Protocol):
    """When students' steps were seen to be done."""

    def of(self, whose: int) -> Seen:
        """Return when each of a student's steps was seen to be done."""


class UsosRegister(Protocol):
    """How far students are on their way into USOS."""

    def learn(self, ids: Mapping[int, int]) -> list[int]:
        """Store USOS ids, by student key, of students who have none; return whose id another student has already."""

    def observe(self, sights: Sequence[LinkSight]) -> None:
        """Store what was seen in USOS and what follows from it, in one transaction.

        The journal tells of new states, and the student is written to once USOSweb can let them in.
        """


@dataclass(frozen=True, slots=True)
class NumberedStudent:
    """A row of a list of account numbers that were given before there was eStudent."""

    line: int
    album: AlbumNumber
    number: Nrb = field(repr=False)
    purpose: str


class AccountNumbers(Protocol):
    """Individual payment accounts, each number given once."""

    def give(self, student: int, purpose: str, number: Nrb, origin: str) -> bool:
        """Store a number for a student who has none; False when the number is somebody else's."""

    def held(self, students: Sequence[int], purpose: str) -> dict[int, Nrb]:
        """Return the numbers that these students have for this purpose."""

    def wanting(self, students: Sequence[int], purpose: str) -> dict[int, frozenset[str]]:
        """Return those of these students who have no number for this purpose, each with their programmes."""

    def count(self, start: str, since: datetime) -> tuple[int, int]:
        """Return how many numbers have this after their check digits, and how many of these were given since then."""


class Fees(Protocol):
    """What students have to pay and have paid."""

    def of(self, student: int) -> Ledger:
        """Return a student's accounts, receivables and bookings, as they stood in one moment."""


# Banks


@dataclass(frozen=True, slots=True)
class StatementFile:
    """A file of a bank; `read` raises Refused, naming file, line, field and what would be right, or Unavailable.

    The first half of `digest` is a mark of the bytes alone, the second of how they are read.
    """

    name: str
    bank: str
    digest: str
    read: Callable[[], list[Statement]] = field(repr=False)


class Banks(Protocol):
    """The university's banks, as far as their statements go."""

    def files(self) -> Iterator[StatementFile]:
        """Yield all files that are there, oldest first."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


class Fate(StrEnum):
    """What became of a statement's line; every line has one."""

    BOOKED = "booked"
    UNMATCHED = "unmatched"
    KNOWN = "known"
    ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class Judged:
    """A line and what becomes of it; `key` is None for a line that is known, so that it stays unique."""

    line: StatementLine
    content: str
    key: str | None
    fate: Fate
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a kept line says as it is read now; `key` is None where another line has it."""

    kept: int
    line: StatementLine
    key: str | None
    content: str


class Till(Protocol):
    """One transaction in which money is booked; no other is open at the same time, in any process."""

    def owners(self, numbers: Collection[str], reversed_: Collection[str]) -> dict[str, Owner]:
        """Return whose these account numbers are and how their books stand; amounts only for those `reversed_`."""

    def seen(self, keys: Collection[str]) -> dict[str, str]:
        """Return the content of the lines that are kept under these keys."""

    def begin(self, file: StatementFile) -> int | None:
        """Note that a file is read; return its number, None where exactly this file was read before."""

    def read_otherwise(self, file: StatementFile) -> dict[int, dict[int, int]]:
        """Return the lines kept of the same bytes as they were first read in another way.

        They are given by the place of their statement in the file and by their own in the statement, both from 1.
        """

    def tell_anew(self, told: Sequence[Told]) -> list[tuple[int, StatementLine]]:
        """Store the keys of kept lines, and what they say, of those that nobody has booked or decided; return these."""

    def wait(self, reasons: Sequence[tuple[int, Unmatched]]) -> None:
        """Store why lines wait."""

    def told_by_others(self, file: StatementFile, statement: Statement) -> list[OtherStatement]:
        """Return what other files have told of the days of a statement's lines on its account."""

    def begin_statement(self, file: int, statement: Statement) -> int:
        """Note a statement of the file; return its number."""

    def keep(self, statement: int, judged: Sequence[Judged]) -> None:
        """Store lines, and book those that are to be booked."""

    def doubtful(self, after: int, most: int) -> list[tuple[int, StatementLine]]:
        """Return unmatched lines whose reason may have gone by itself, those after the line of this key first."""

    def book(self, settled: Sequence[tuple[int, StatementLine, Verdict]]) -> None:
        """Book lines that were unmatched."""


class PaymentDesk(Protocol):
    """What a clerk sees and decides of statements' lines; `told` says who decided why, for the journal."""

    def counts(self) -> dict[Fate, int]:
        """Return how many lines there are of each fate."""

    def lines(self, fate: Fate, most: int) -> list[DeskLine]:
        """Return lines of one fate, the newest first."""

    def line(self, key: int) -> DeskLine | None:
        """Return one line."""

    def suggestions(self, line: StatementLine) -> list[Suggestion]:
        """Return whose account the line might be meant for, the likeliest first."""

    def accounts_of(self, album: AlbumNumber, line: StatementLine) -> list[Suggestion]:
        """Return the accounts of the student with this album number."""

    def assign(self, key: int, account: int, day: date | None, told: str) -> bool:
        """Book an unmatched line on an account; False when it is not unmatched any more, or has no booking date."""

    def set_aside(self, key: int, told: str) -> bool:
        """Say of an unmatched line that it is no student's; False when it is not unmatched any more."""

    def undo(self, key: int, told: str) -> bool:
        """Let a line wait again, and take its booking back; False when it is neither booked nor set aside."""


class Tills(Protocol):
    """Where money is booked."""

    def open(self) -> AbstractContextManager[Till]:
        """Open a till; what is done in it is stored whole or, when it is left by an exception, not at all."""

    def knows(self, digest: str) -> bool:
        """Tell whether exactly this file was read before."""

    def forget_payers(self, after: timedelta) -> int:
        """Delete what payers wrote on lines of files that were read longer ago; return on how many there was any."""

    def ends(self, since: date) -> list[StatementEnds]:
        """Return where the statements begin and end that have balances and were closed since then."""


@dataclass(frozen=True, slots=True)
class ExportedBooking:
    """A booking as USOS or FK is told of it; `undoes` is the booking that it takes back."""

    booking: int
    album: str
    account: str = field(repr=False)
    purpose: str
    amount: Decimal
    currency: str
    booking_date: date
    reference: str
    undoes: int | None


@dataclass(frozen=True, slots=True)
class BookingExport:
    """Bookings that go out together."""

    key: int
    bookings: tuple[ExportedBooking, ...]

    @property
    def total(self) -> Decimal:
        """The sum of its amounts."""
        return sum((each.amount for each in self.bookings), Decimal("0.00"))


class BookingExports(Protocol):
    """Which bookings were handed on."""

    def gather(self) -> int:
        """Put all bookings that are in no export into a new one; return how many there are."""

    def open(self) -> list[BookingExport]:
        """Return the exports that nobody has acknowledged, oldest first, with their bookings."""

    def acknowledge(self, key: int, by: str) -> None:
        """Note that an export has arrived."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the other side says it has taken in; None for what cannot be read."""

    export: int
    name: str
    bookings: int | None
    total: Decimal | None


class ExportFiles(Protocol):
    """Where exports are put and acknowledgements come back."""

    def put(self, export: BookingExport) -> bool:
        """Write an export's file unless it is there already; tell whether it was written."""

    def acknowledgements(self) -> Iterator[Acknowledgement]:
        """Yield what has come back."""


@dataclass(frozen=True, slots=True)
class ReceivableFile:
    """A file of receivables; `read` yields rows and faults, or raises Refused for a file that is no whole table.

    `written` is how old its word is: an earlier one never overrules a later one.
    """

    name: str
    digest: str
    written: datetime
    read: Callable[[], Iterator[AskedFor | RowFault]] = field(repr=False)


class ReceivableFiles(Protocol):
    """Where receivables come from, unless it is USOS's API."""

    def files(self) -> Iterator[ReceivableFile]:
        """Yield all files that are there, oldest first."""


class Receivables(Protocol):
    """What students are asked to pay, in the registry."""

    def knows(self, digest: str) -> bool:
        """Tell whether exactly this file was taken in before."""

    def take(self, file: ReceivableFile, rows: Sequence[AskedFor]) -> TakenIn:
        """Store a file's rows in one transaction: new ones, corrected ones, cancelled ones; the rest is a fault.

        A file with a fault is not known afterwards, since what the row waits for may come.
        """


class Reminders(Protocol):
    """Who was reminded of what."""

    def due(self, until: date) -> list[tuple[int, int, date]]:
        """Return receivables due by this day of which nobody was reminded: their key, the student's, the due date.

        One whose due date has changed since is there again: nobody was reminded of that day.
        """

    def remind(self, student: int, receivables: Mapping[int, date]) -> bool:
        """Queue one letter for receivables that are owed on these due dates, once for each.

        False when there is none: another run has done it, or they were cancelled or put off meanwhile.
        """


@dataclass(frozen=True, slots=True)
class Request:
    """A student's request in the outbox."""

    key: int
    kind: str
    student: int
    attempts: int


class Outbox(Protocol):
    """Requests that students made in the portal and that wait to be carried out."""

    def claim(self, most: int) -> list[Request]:
        """Take waiting requests, oldest first; no other consumer gets them until the claim runs out."""

    def finish(self, requests: Iterable[int]) -> None:
        """Note that requests are done."""

    def put_back(self, requests: Iterable[Request], problem: str, turns: Mapping[int, datetime] | None = None) -> None:
        """Let requests wait for another try: until the student's turn, or each a little longer than before."""

    def waiting(self) -> int:
        """Return how many requests are not finished."""

    def ask(self, student: int, kind: str) -> bool:
        """Make a request, unless the same one waits or was made a short while ago; tell whether it was made."""


# Far systems


@dataclass(frozen=True, slots=True)
class EntryChanges:
    """Whose entries have changed, by whomever, since a token was given, and the token to ask with next.

    Where `complete` is false entries were removed, or may have been, or the directory no longer knows: whose they are,
    only a comparison with everybody tells.
    """

    albums: frozenset[str]
    token: str
    complete: bool


class Directory(Protocol):
    """The university's LDAP directory."""

    def find(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist of these students."""

    def compare(self, wanted: Sequence[Entry]) -> dict[AlbumNumber, Entry]:
        """Return the entries that exist of these students; one that is as wanted may be the wanted one itself."""

    def changes(self, token: str) -> EntryChanges:
        """Return what has changed since; with an empty token, a first one to ask with."""

    def carry_out(self, steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        """Take the steps, yielding an outcome for each; raise Misconfigured where none can work."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


ADDRESS_TAKEN = "address taken"
"""How the detail of a refused step begins when Microsoft has given the address to somebody else."""

NO_SEATS = "no licence is left"
"""How the detail of a refused step begins when seats must be freed or bought; no student can be helped before."""


class Allowance(Protocol):
    """What all our processes together may still ask of a far side that counts."""

    def take(self, budget: Budget, most: int, *, urgent: bool) -> Portion:
        """Take up to `most` tokens, of those that are kept only when somebody waits."""

    def pause(self, budget: Budget, seconds: float) -> None:
        """Let nobody take anything for so long, since the far side said so to one of us."""

    def enter(self, room: str, places: int, seconds: float) -> int | None:
        """Take one of the places in a room, free again after so many seconds at the latest; None when all are taken."""

    def leave(self, room: str, number: int) -> None:
        """Give a place back."""


class Mailboxes(Protocol):
    """Mailboxes in Microsoft 365."""

    def find(self, mailboxes: Sequence[Mailbox]) -> dict[AlbumNumber, Mailbox]:
        """Return what exists of these students, looked up by album number (employeeId)."""

    def carry_out(self, steps: Iterable[Step[Mailbox]]) -> Iterator[Outcome]:
        """Create users, assign licences, add aliases; a mailbox that is not there yet is simply not ready."""

    def free_seats(self) -> int:
        """Return how many licences are left."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


@dataclass(frozen=True, slots=True)
class Whose:
    """A student by whom a user at Microsoft is looked up, and our id of that user, where it is known."""

    album: AlbumNumber
    identifier: str | None = None


@dataclass(frozen=True, slots=True)
class LifeStep:
    """One step at the end of a mailbox or on its way back; `address` is the primary one that it should have."""

    deed: Deed
    user: CloudUser
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LifeOutcome:
    """What became of one step; `detail` says why, without personal data."""

    step: LifeStep
    result: Result
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """Whose users changed, by Microsoft's ids, and the token with which the next look goes on."""

    identifiers: frozenset[str]
    token: str = field(repr=False)


class CloudUsers(Protocol):
    """Students' users at Microsoft, beyond their mailboxes."""

    def look(self, some: Sequence[Whose]) -> dict[AlbumNumber, CloudUser]:
        """Return the users of these students, those in the bin too."""

    def take(self, steps: Iterable[LifeStep]) -> Iterator[LifeOutcome]:
        """Take steps, some at once; each may be taken again after an unknown outcome."""

    def make_primary(self, identifier: str, address: str) -> None:
        """Make an address a mailbox's primary one; the one before it stays as an alias."""

    def move_sign_in(self, identifier: str, name: str) -> None:
        """Write the name with which a user signs in."""

    def changes(self, token: str | None) -> Changes:
        """Return whose users changed since the token, or everybody's without one; raise Expired for an old token."""


class Usos(Protocol):
    """The university's USOS, by one of the ways into it."""

    @property
    def source(self) -> str:
        """The way, as it stands beside what was observed by it: usosapi, oracle or files."""

    def takes_links(self) -> bool:
        """Tell whether USOS lets us hand over addresses; where not, its own people enter them, and we look."""

    def ids_of(self, albums: Sequence[AlbumNumber]) -> dict[AlbumNumber, int]:
        """Return the USOS ids of those who have these album numbers, where this way into USOS can look for them."""

    def find(self, usos_ids: Sequence[int]) -> dict[int, UsosPerson]:
        """Return the persons who exist of these ids."""

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Ask USOS to hold our addresses; an accepted request proves nothing until `find` shows it."""

    def account_numbers(self, usos_ids: Sequence[int]) -> dict[int, Nrb]:
        """Return the payment accounts that USOS already has for these persons."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


class Post(Protocol):
    """Outgoing mail."""

    def send(self, letter: Letter) -> None:
        """Hand one letter over; raise Refused for this recipient, Unavailable for now."""

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""


# Passwords and staff


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account to which a name leads, with what kept its password from working when it was looked up."""

    album: AlbumNumber
    barrier: Barrier | None = None
    has_password: bool = True


@dataclass(frozen=True, slots=True)
class Entrance:
    """What became of a try to sign in; `album` says whose name was given, also when the try was refused."""

    album: AlbumNumber | None
    accepted: bool
    must_change: bool = False
    barrier: Barrier | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """What keeps a student's password from working; `until` is None for what does not end by itself.

    A lock that wrong passwords have caused is Lock.OPEN with `until`.
    """

    lock: Lock
    until: datetime | None = None


class Passwords(Protocol):
    """Students' passwords, which the directory alone keeps."""

    def look_up(self, name: str) -> NamedAccount | None:
        """Return to whose account a user name, mail address or album alias leads, as it is now."""

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        """Try a password; what is nobody's, a wrong password and a lock take the same time and look the same."""

    def verify(self, name: str, password: str) -> Entrance:
        """Look a name up and try a password."""

    def set(self, album: AlbumNumber, password: str) -> None:
        """Hash the password with argon2id and store it, which ends a lock; raise NotFound without an entry."""

    def barrier(self, album: AlbumNumber) -> Barrier | None:
        """Return what keeps a student out, or None; without an entry an account is not activated."""

    def open(self, album: AlbumNumber) -> None:
        """End a lock that wrong passwords have caused; nothing else is opened."""


class CloudPasswords(Protocol):
    """Where students sign in to their mailbox with a password that is kept there too: a managed domain."""

    def set_password(self, mailbox: str, password: str) -> None:
        """Write the password of the user with this object id; raise PasswordRefused where its own rules refuse it."""


@dataclass(frozen=True, slots=True)
class Turnover:
    """One change of a student's password at two places; `agreed_before` says whether both had the same one before."""

    student: int
    turn: int
    agreed_before: bool


class MailboxPasswords(Protocol):
    """The registry's knowledge whether Microsoft has the password that the directory has."""

    def agrees(self, student: int, mailbox: str) -> bool:
        """Tell whether the password was last written to this user of Microsoft's and to the directory alike."""

    def begin(self, student: int, mailbox: str) -> Turnover:
        """Note that both may differ from now on, and return which change this is."""

    def agree(self, turnover: Turnover) -> bool:
        """Note that both have the same password; when another change came between, nobody knows: return False."""

    def undo(self, turnover: Turnover) -> None:
        """Note that the change was refused, so that all is as it was before."""


class Role(StrEnum):
    """What somebody of the staff may do at the desk; each may do what those before it may."""

    READER = "reader"
    CLERK = "clerk"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Somebody of the student office."""

    user: str
    name: str = field(repr=False)
    role: Role


ROLES_OF_GROUPS = {
    "desk-administrators": Role.ADMINISTRATOR,
    "desk-clerks": Role.CLERK,
    "desk-readers": Role.READER,
}
"""What the university's groups may do at the desk, the highest role first."""


def role_in(groups: Collection[str]) -> Role | None:
    """Return the highest role that these groups give, or None when they give none."""
    return next((role for group, role in ROLES_OF_GROUPS.items() if group in groups), None)


class Staff(Protocol):
    """The staff's accounts and groups in the directory."""

    def enter(self, user: str, password: str) -> StaffMember | None:
        """Return who signs in, or None for a wrong password or somebody in none of the desk's groups."""

    def look_up(self, user: str) -> StaffMember | None:
        """Return whose user name this is, with the role of this moment, or None for whoever has left the desk.

        A lock that wrong passwords have caused changes nothing: whoever is in stays in.
        """


# The university's single sign-on


class NotProven(Refused):
    """What a browser brought from the single sign-on does not prove who is there."""


@dataclass(frozen=True, slots=True)
class Trip:
    """By what one sign-in elsewhere is known when its browser comes back; all three are secrets (RFC 9700)."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who has signed in at the single sign-on; `visit` is its own number of that session, empty if it gives none."""

    user: str
    name: str = field(repr=False)
    groups: frozenset[str]
    visit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Farewell:
    """A session at the single sign-on that has ended; without a `visit` all of that user's have."""

    notice: str
    user: str
    visit: str = field(repr=False)


class SingleSignOn(Protocol):
    """The university's single sign-on, where the staff sign in."""

    def way_in(self, trip: Trip, language: str) -> str:
        """Return the address at which the browser signs in."""

    def arrival(self, trip: Trip, answer: Mapping[str, str]) -> Arrival:
        """Return who is there by the `answer` that the browser brought; raise NotProven."""

    def way_out(self) -> str:
        """Return the address at which the browser signs out there too; it leads back to the desk's login page."""

    def farewell(self, notice: str) -> Farewell:
        """Return what the single sign-on says has ended; raise NotProven for what it did not say."""

    def check(self) -> str:
        """Return one sentence about it; raise when it cannot be used."""


# Tries


THROTTLED = "throttled"
"""The cause of a try that came during a wait; such tries do not count."""

UNJUDGED = "unjudged"
"""The cause of a try that nobody could judge, since the directory did not answer; such tries do not count either."""

SPARED = "spared"
"""The cause of a try that was refused without asking the account, to which too many others were made."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try at one of the portal's doors; `cause` is a word such as wrong_password, empty for success."""

    at: datetime
    door: str
    cause: str


class Attempts(Protocol):
    """Tries at the portal's doors, by what was typed (`subject`) and from where (`source`, already hashed)."""

    def note(self, door: str, subject: str, source: str, cause: str, student: int | None = None) -> None:
        """Remember a try that failed for `cause`, or succeeded ("")."""

    def recent(self, door: str, subject: str, source: str, student: int | None = None) -> Recent:
        """Return the failures that still count."""

    def take_turn(self, door: str, subject: str, source: str, cause: str, student: int | None = None) -> Turn:
        """Judge a try and count it as failed for `cause` in one step, so that many at once gain nothing."""

    def settle(self, turn: Turn, cause: str) -> None:
        """Put right for what a turn failed; "" says that it succeeded, and what failed before counts no more."""

    def of(self, student: int, most: int) -> list[Attempt]:
        """Return the latest tries at a student's account, newest first."""

    def forget(self, door: str, subject: str, student: int | None = None) -> None:
        """Let the failures under this subject, and at this student's account, count no more."""

    def sweep(self) -> int:
        """Drop what is older than a month; return how many tries it was."""


# Sessions


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session of the portal; `mark` names it without letting anybody use it."""

    mark: str
    opened_at: datetime
    seen_at: datetime
    agent: str


class Sessions(Protocol):
    """The portal's open sessions."""

    def of(self, student: int) -> list[OpenSession]:
        """Return a student's sessions, the most recently used first."""

    def end_one(self, student: int, mark: str) -> int:
        """Forget that session of a student whose `mark` this is; return 1, or 0 when there is none."""

    def end_all(self, student: int, but: str = "") -> int:
        """Forget all sessions of a student, but for the one of this id; return how many there were."""


class DeskSessions(Protocol):
    """The staff's sessions that began at the single sign-on."""

    def end_visits(self, staff: str, visit: str) -> int:
        """Forget the sessions of one visit, or of all visits of this user when `visit` is empty; return how many."""


# The desk


class Desk(Protocol):
    """What the student office may look up; nothing of it is a password, a code, a PESEL or a document's number."""

    def search(self, text: str) -> Found:
        """Find people by album number, candidate number, e-mail address, or the words of their name."""

    def card(self, album: AlbumNumber) -> Card:
        """Return all that is known of one student, or raise NotFound."""

    def refused_rows(self, candidates: Sequence[str]) -> list[Rejection]:
        """Return the open rejections of these candidate numbers."""

    def today(self, midnight: datetime) -> Today:
        """Return what happened since `midnight`, and what is open."""

    def staff_log(self, most: int, skip: int = 0) -> list[StaffLine]:
        """Return what the staff did, newest first."""


class Board(Protocol):
    """How far everybody has got."""

    def circles(self) -> list[Circle]:
        """Return the programmes of all intakes, newest intake first."""

    def counts(self, circle: Circle) -> dict[Stage, int]:
        """Return how many of a circle wait at each stage."""

    def waiting(self, circle: Circle, stage: Stage, most: int) -> list[Waiting]:
        """Return who waits at a stage, the longest waiting first."""


class Corrections(Protocol):
    """What the desk may put right; each change is one transaction with its line in the journal."""

    def correct_email(self, student: Student, email: str, told: str) -> bool:
        """Store another contact address and make worthless what was sent to the old one; False when it is the same."""

    def owe_letter_again(self, student: Student, told: str) -> bool:
        """Let the album number letter be due again; False when it is on its way or was sent moments ago."""

    def hurry_mailbox(self, student: Student, told: str) -> bool:
        """Let the request for a mailbox have its turn now, made anew where it is lost; False when it has already."""

    def retry_link(self, student: Student, told: str) -> bool:
        """Let a stuck way into USOS go on at once; False when it is not stuck any more."""


# Accounts, one-time codes and messages


@dataclass(frozen=True, slots=True)
class Proof:
    """What lets somebody choose a password: whose account, by what, and the registry's key of the code, if any."""

    student: int
    by: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A proof that was used up; `activated` tells whether the account was merely prepared before."""

    proof: Proof
    activated: bool


@dataclass(frozen=True, slots=True)
class Invitation:
    """The album number letter that a link comes from."""

    student: int
    sent_at: datetime


class Accounts(Protocol):
    """The registry's side of accounts: whose data fit a claim, and who may choose a password."""

    def by_album(self, album: AlbumNumber) -> Record | None:
        """Return what is known of the student with this album number."""

    def by_key(self, student: int) -> Record | None:
        """Return what is known of the student with this key."""

    def by_name(self, name: str) -> list[Record]:
        """Return whose user name, address, album number or recruitment e-mail this is; families may share the last."""

    def invitation(self, token: str) -> Invitation | None:
        """Return the letter whose link holds this secret."""

    def take(self, proof: Proof) -> Taken | None:
        """Use a proof up and note the account as active, at once; None when it was used before."""

    def give_back(self, taken: Taken) -> None:
        """Let a proof be used again, since the password could not be stored."""

    def confirm(self, taken: Taken) -> None:
        """Write into the journal that the password was stored, and tell the student, at once."""


class CodeFault(StrEnum):
    """Why a code or a link opens nothing; a code is spent by time, by its use, or by too many wrong tries."""

    WRONG = "wrong_code"
    SPENT = "expired_code"


class Codes(Protocol):
    """One-time codes and links; the registry keeps keyed hashes of them."""

    def send(self, student: int, kind: str) -> bool:
        """Make the codes of a letter of this kind and queue it, at once; False when there were many just now."""

    def issue(self, student: int, by: str) -> str:
        """Return a new code for the student office to hand out; the student's earlier ones end."""

    def try_code(self, student: int, purpose: Purpose, typed: str) -> Proof | CodeFault:
        """Compare what was typed with the student's codes; a wrong try counts against all of them."""

    def try_link(self, token: str) -> Proof | CodeFault:
        """Return what the secret of a letter's link opens."""


@dataclass(frozen=True, slots=True)
class Message:
    """A letter that waits to be sent."""

    key: int
    student: int
    kind: str
    message_id: str
    attempts: int


class Messages(Protocol):
    """Letters that the portal caused."""

    def queue(self, student: int, kind: str) -> str:
        """Let a letter of this kind be sent; return its Message-ID."""

    def claim(self, most: int) -> list[Message]:
        """Take waiting letters that are not out of date, oldest first; a claim that is not finished runs out."""

    def sent(self, message: Message) -> None:
        """Note that the post took it."""

    def put_back(self, messages: Iterable[Message], problem: str, at_least: timedelta = timedelta(0)) -> None:
        """Let letters wait for another try, each a little longer than before; their problem is kept."""

    def waiting(self) -> int:
        """Return how many letters are neither sent nor out of date."""


# Robots


class SingleUse(Protocol):
    """What is good for one use, in whichever of the portal's processes it turns up."""

    def spend(self, name: str) -> bool:
        """Note the use of the thing with this name; return False when it was used before."""


class Captcha(Protocol):
    """Somebody outside who tells people from robots."""

    def passed(self, answer: str) -> bool:
        """Tell whether the visitor's answer is good, fresh and not used before."""


# The hosts


class Playbooks(Protocol):
    """The plays that bring our hosts in line with what is written about them."""

    def alone(self) -> AbstractContextManager[None]:
        """Keep every other deployment off this host; raise Refused while there is one."""

    def play(
        self, order: Order, *, check: bool, tell: Callable[[Happening], None], stop: Callable[[], bool]
    ) -> tuple[HostRecap, ...]:
        """Carry out a play, or only look what it would change, and return each host's counts.

        No text holds a secret. Once `stop` says so, the play ends within seconds and leaves no process behind.
        """

    def check(self) -> str:
        """Return in one sentence what could be deployed, or raise Misconfigured."""
