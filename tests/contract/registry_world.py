"""The registry as a test sees it: all its ports on one database, a clock that can be turned, and people to admit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from sqlite3 import Connection as SqliteConnection
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Table, event, func, insert, select

from estudent.adapters.registry.admissions import SqlAdmissions
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.entries_seen import SqlEntriesSeen
from estudent.adapters.registry.journal import Author, SqlJournal
from estudent.adapters.registry.letters import SqlLetters
from estudent.adapters.registry.mailboxes import SqlMailboxRegister
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.observations import SqlAccountNumbers
from estudent.adapters.registry.outbox import SqlOutbox
from estudent.adapters.registry.people import People
from estudent.adapters.registry.students import SqlStudents
from estudent.adapters.registry.tables import metadata
from estudent.adapters.registry.trail import SqlTrail
from estudent.adapters.registry.usos_links import SqlUsosRegister
from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import Application
from estudent.domain.enablement import LinkSight
from estudent.domain.fault import Fault, FaultKind
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.identity_document import IdentityDocument
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb
from estudent.domain.person_name import PersonName
from estudent.domain.pesel import Pesel
from estudent.domain.student import Language, LinkState, Student, Study
from estudent.domain.usos_migrations import Migrations
from estudent.domain.whom import Whom
from estudent.ports import Admission, Feed, FeedCounts, Identity, Rejection

DOMAIN = "student.example.pl"
PURPOSE = "tuition"
SORT_CODE = "10500031"
START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
FINGERPRINTS = Fingerprints(b"a key of the tests, long enough for it")
T = TypeVar("T")


@dataclass
class Clock:
    """A clock that stands still until it is turned."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        """Let time pass."""
        self.now += timedelta(**by)


@dataclass
class Registry:
    """The ports on one database, under one author."""

    url: str
    clock: Clock = field(default_factory=Clock)
    actor: str = "tests"
    run: str = "run 1"
    migrations: Migrations = field(default_factory=Migrations)

    def __post_init__(self) -> None:
        author = Author(self.actor, self.run, self.clock)
        self.database = Database(self.url)
        if self.database.engine.dialect.name == "sqlite":
            event.listen(self.database.engine, "connect", _do_not_flush)
        self.admissions = SqlAdmissions(self.database, author, People(author, DOMAIN, PURPOSE))
        self.students = SqlStudents(self.database, self.clock, PURPOSE)
        self.journal = SqlJournal(self.database, author)
        self.entries_seen = SqlEntriesSeen(self.database, DOMAIN)
        self.letters = SqlLetters(self.database, author, self.students, message_id, token)
        self.messages = SqlMessages(self.database, author, DOMAIN)
        self.mailboxes = SqlMailboxRegister(self.database, author, self.messages)
        self.usos = SqlUsosRegister(self.database, author, self.messages, self.migrations)
        self.numbers = SqlAccountNumbers(self.database, author)
        self.outbox = SqlOutbox(self.database, self.clock)
        self.trail = SqlTrail(self.database)

    def another(self, actor: str = "tests", run: str = "run 1") -> Registry:
        """Return the same registry as another process sees it, with connections of its own."""
        return Registry(self.url, self.clock, actor, run, self.migrations)

    def take_in(self, *applications: Application, feed: Feed | None = None) -> int:
        """Take in a file with these applications, each recognised by any part that fits; return its number."""
        number = self.admissions.open(feed or a_feed())
        self.admit(number, *applications)
        self.admissions.close(number, FeedCounts(read=len(applications)))
        return number

    def admit(self, number: int, *applications: Application) -> None:
        """Admit within an open feed."""
        found = self.admissions.matches([identity_of(each) for each in applications])
        whose = [known[0].key if known else None for known in found]
        pairs = zip(applications, whose, strict=True)
        self.admissions.begin_to_admit(number, [an_admission(each, key) for each, key in pairs])()

    def a_student(self, album: str = "100001", **changes: Any) -> Student:
        """Admit one student with this number and return them."""
        self.take_in(an_application(album, **changes), feed=a_feed(digest=f"only {album}"))
        return self.by_album(album)

    def by_album(self, album: str) -> Student:
        """Return a student."""
        return self.students.by_album(AlbumNumber(album))

    def ask_for_mailbox(self, student: Student, name: str) -> str:
        """Reserve a name."""
        self.mailboxes.reserve(student, f"{name}@{DOMAIN}", f"{student.album.login}@{DOMAIN}")
        return f"{name}@{DOMAIN}"

    def link(self, student: Student, address: str = "") -> None:
        """Let USOS be seen to hold the student's address."""
        self.usos.observe([LinkSight(student.key, LinkState.LINKED, "usosapi", address or student.mailbox)])

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return a table."""
        with self.database.reading() as connection:
            return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key))]

    def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        with self.database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def insert(self, table: Table, **values: Any) -> None:
        """Write a row past all our code."""
        with self.database.writing() as connection:
            connection.execute(insert(table).values(values))

    def dump(self) -> str:
        """Return everything that any column of any table holds."""
        return "\n".join(repr(row) for table in metadata.sorted_tables for row in self.rows(table))

    def owed(self, whom: Whom | None = None) -> dict[str, list[str]]:
        """Return who lacks what, without the things that nobody lacks."""
        return {what: [str(each) for each in who] for what, who in self.journal.owed(whom or Whom()).items() if who}


def _do_not_flush(connection: SqliteConnection, _record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def at_once(registry: Registry, many: int, act: Callable[[Registry, int], T]) -> list[T]:
    """Let `many` threads act in the same moment, each with connections of its own, as processes have."""
    barrier = Barrier(many)

    def one(at: int) -> T:
        mine = registry.another()
        with closing(mine.database):
            mine.outbox.waiting()  # so that all are connected
            barrier.wait(timeout=20)
            return act(mine, at)

    with ThreadPoolExecutor(many) as pool:
        return list(pool.map(one, range(many)))


def message_id(student: Student) -> str:
    return f"<{FINGERPRINTS.of('letter', str(student.album))[:32]}@{DOMAIN}>"


def token(message_id: str) -> str:
    return FINGERPRINTS.of("activation", message_id)


def nrb(number: int) -> Nrb:
    return Nrb.build(SORT_CODE, f"{number:016d}")


def pesel(number: int, born: date = date(2007, 3, 14)) -> Pesel:
    """Return the PESEL of the person of this number, under 10,000, among those born that day."""
    digits = f"{born.year % 100:02d}{born.month + 20:02d}{born.day:02d}{number:04d}"
    weighted = sum(weight * int(digit) for weight, digit in zip((1, 3, 7, 9) * 3, digits, strict=False))
    return Pesel(f"{digits}{-weighted % 10}")


def an_application(number: str | None = "100001", of: int = 0, **changes: Any) -> Application:
    """An admitted Pole's application to one programme; another album number, or `of` without one, is another person."""
    of = int(number or of)
    application = Application(
        candidate=f"K{of}",
        intake="2026Z",
        standing=Standing.ADMITTED,
        name=PersonName("Żak", "Łucja"),
        birth_date=date(2007, 3, 14),
        email=f"k{of}@example.org",
        language=Language.POLISH,
        study=Study("INF-1", "Informatyka", date(2026, 10, 1)),
        pesel=pesel(of % 10_000),
        document=None,
        album=AlbumNumber(number) if number else None,
        usos_id=None,
        account_number=None,
    )
    return replace(application, **changes)


def identity_of(application: Application) -> Identity:
    document: IdentityDocument | None = application.document
    return Identity(
        candidate=application.candidate,
        pesel=FINGERPRINTS.of_pesel(application.pesel) if application.pesel else None,
        document=FINGERPRINTS.of_document(document) if document else None,
        usos_id=application.usos_id,
        album=str(application.album) if application.album else None,
        account_number=str(application.account_number) if application.account_number else None,
    )


def an_admission(application: Application, student: int | None = None, row_hash: bytes = b"\x01" * 32) -> Admission:
    return Admission(application, identity_of(application), row_hash, student)


def a_feed(name: str = "przyjeci.csv", digest: str = "d1", modified_at: datetime = START) -> Feed:
    return Feed(name, digest, modified_at, lambda: iter(()))


def a_rejection(candidate: str = "K9", line: int = 2, feed: str = "przyjeci.csv", **changes: str) -> Rejection:
    fault = Fault("pesel", FaultKind.BAD_PESEL, changes.get("detail", ""), changes.get("masked", "9… (11)"))
    return Rejection(feed, line, fault, candidate)


def keys_of(students: Sequence[Student]) -> list[int]:
    return [student.key for student in students]
