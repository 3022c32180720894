"""The registrar's office: recruitment in memory, the real registry, and what one may ask it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from estudent.adapters.registry.admissions import SqlAdmissions
from estudent.adapters.registry.corrections import SqlCorrections
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
from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import Row, texts_of
from estudent.domain.fault import FaultKind
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.letter import activation_token
from estudent.domain.outcome import Tally
from estudent.domain.student import Student
from estudent.domain.whom import Whom
from estudent.services.admit import Admit
from estudent.services.same_file import key_of
from tests.builders import DOMAIN, TODAY, WORDS
from tests.fakes import FakeRecruitment

FINGERPRINTS = Fingerprints(b"0123456789abcdef0123456789abcdef")


class Registrar:
    """One office with its clock, which stands still until somebody calls `later`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = datetime(2026, 9, 15, 5, 0, tzinfo=UTC)
        author = self.author = Author("test", "run", lambda: self.now)
        self.recruitment = FakeRecruitment()
        self.admissions = SqlAdmissions(database, author, People(author, DOMAIN, "tuition"))
        self.students = SqlStudents(database, author.clock, "tuition")
        self.journal = SqlJournal(database, author)
        self.entries_seen = SqlEntriesSeen(database, DOMAIN)
        self.mailboxes = SqlMailboxRegister(database, author, SqlMessages(database, author, DOMAIN))
        self.outbox = SqlOutbox(database, author.clock)
        self.numbers = SqlAccountNumbers(database, author)
        self.letters = SqlLetters(
            database,
            author,
            self.students,
            identify=lambda student: f"<{student.key}@{DOMAIN}>",
            token=lambda message_id: activation_token(FINGERPRINTS, message_id),
        )
        self.admit = Admit(self.recruitment, self.admissions, FINGERPRINTS, WORDS, lambda: TODAY)

    def sync(self, *rows: Row, name: str = "rekrutacja.csv") -> Tally:
        """Let recruitment export these rows, and take them in."""
        self.recruitment.export(*rows, name=name)
        return self.admit.run()

    def later(self, **how_long: float) -> None:
        """Let time pass."""
        self.now += timedelta(**how_long)

    def albums(self) -> list[str]:
        """Return the album numbers of all students, sorted."""
        return sorted(str(student.album) for student in self.students.load(self.students.keys(Whom())))

    def student(self, album: str) -> Student:
        """Return one student."""
        return self.students.by_album(AlbumNumber(album))

    def everybody(self) -> list[int]:
        """Return the keys of everybody with an album number."""
        return self.students.keys(Whom())

    def open_faults(self) -> list[tuple[int, str, FaultKind]]:
        """Return the line, field and kind of what recruitment must correct."""
        return sorted((each.line, each.fault.field, each.fault.kind) for each in self.admissions.rejections())

    def correct_email(self, album: str, email: str) -> None:
        """Correct somebody's address as the desk does."""
        corrections = SqlCorrections(self.database, self.author, lambda: "", lambda _message: "")
        corrections.correct_email(self.student(album), email, "told at the desk")

    def as_before_the_upgrade(self, *rows: Row) -> None:
        """Give these rows the hashes that the releases before sets made of them."""
        hashes = {key_of(texts_of(row)): FINGERPRINTS.of("row", *row.values.values()) for row in rows}
        self.admissions.renew_hashes({key: bytes.fromhex(digest) for key, digest in hashes.items()})

    def people(self) -> int:
        """Return how many people the registry knows, with or without an album number."""
        return len(self.rows("student"))

    def rows(self, *tables: str) -> list[object]:
        """Return all that stands in these tables."""
        with self.database.reading() as connection:
            return [tuple(row) for name in tables for row in connection.execute(select(metadata.tables[name]))]

    def everything(self) -> list[object]:
        """Return all that stands in the registry but for the list of feeds."""
        return self.rows(*sorted(set(metadata.tables) - {"feed"}))
