"""The portal's doors without the portal: the real registry, and a directory and passwords in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from anyascii import anyascii

from estudent.adapters.letter_texts import LetterTexts
from estudent.adapters.registry.accounts import SqlAccounts
from estudent.adapters.registry.attempts import SqlAttempts
from estudent.adapters.registry.codes import SqlCodes
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.tables import message
from estudent.domain.album_number import AlbumNumber
from estudent.domain.claim import Claim
from estudent.domain.letter import activation_token
from estudent.domain.one_time_code import Purpose, letter_code, letter_secret
from estudent.domain.pesel import Pesel
from estudent.domain.student import Student
from estudent.ports import Proof
from estudent.services.activate import Activate
from estudent.services.choose_password import ChoosePassword
from estudent.services.doorkeeper import Doorkeeper
from estudent.services.even_time import EvenTime
from estudent.services.issue_code import IssueCode
from estudent.services.keep_accounts import keep_accounts
from estudent.services.recover_password import RecoverPassword
from estudent.services.send_messages import SendMessages
from estudent.services.turned_away import TurnedAway
from tests.builders import DOMAIN, a_pesel, a_row
from tests.fakes import FakeDirectory, FakePasswords, FakePost
from tests.unit.services.registrar import FINGERPRINTS, Registrar

BRAND = {"university": "Politechnika Przykładowa", "office": "COS", "contact": "cos@uczelnia.example"}
BORN = date(2007, 3, 14)
PASSWORD = "correct horse battery staple"
HERE = "a visitor's address"


class FakeSessions:
    """Sessions in memory: whose were ended."""

    def __init__(self) -> None:
        self.ended: list[int] = []

    def of(self, student: int) -> list[object]:
        raise NotImplementedError(student)

    def end_one(self, student: int, mark: str) -> int:
        raise NotImplementedError(student, mark)

    def end_all(self, student: int, but: str = "") -> int:
        self.ended.append(student)
        return 1


class Doors:
    """All services around passwords, on one registry; nobody waits for even time."""

    def __init__(self, registrar: Registrar, least: float = 0.0) -> None:
        author = Author("visitor", "web", lambda: registrar.now)
        self.registrar, database = registrar, registrar.database
        self.messages = SqlMessages(database, author, DOMAIN)
        self.codes = SqlCodes(database, author, self.messages, FINGERPRINTS)
        self.accounts = SqlAccounts(database, author, self.messages, DOMAIN)
        self.attempts = SqlAttempts(database, author.clock, FINGERPRINTS)
        self.directory, self.sessions, self.post = FakeDirectory(), FakeSessions(), FakePost()
        self.passwords = FakePasswords(self.directory, author.clock)
        keeper = Doorkeeper(self.attempts, self.codes, registrar.journal, EvenTime(least))
        parts = (self.accounts, self.codes, registrar.outbox, self.attempts, keeper)
        self.activate = Activate(*parts, FINGERPRINTS, anyascii, author.clock)
        self.recover = RecoverPassword(*parts, FINGERPRINTS)
        self.choose = ChoosePassword(
            self.accounts,
            self.passwords,
            self.sessions,  # type: ignore[arg-type]
            registrar.outbox,
            self.attempts,
        )
        self.issue = IssueCode(registrar.students, self.codes)
        texts = LetterTexts(FINGERPRINTS, BRAND, "https://estudent.uczelnia.example", DOMAIN)
        self.send = SendMessages(self.messages, registrar.students, texts, self.post, registrar.journal)

    def admit(self, album: str = "100001", **columns: str) -> Student:
        """Admit somebody, by default with a PESEL of their own."""
        columns = {"pesel": a_pesel(BORN, int(album) % 10_000), **columns}
        self.registrar.sync(a_row(f"K{album}", album_number=album, **columns), name=f"{album}.csv")
        return self.registrar.student(album)

    def run_directory(self) -> None:
        """Let the directory's run do what it does every night."""
        registrar = self.registrar
        ports = (self.directory, registrar.students, registrar.entries_seen, registrar.journal)
        keep_accounts(*ports, DOMAIN).apply(registrar.everybody())

    def ready(self, album: str = "100001", **columns: str) -> Student:
        """Admit somebody whose entry is in the directory."""
        self.admit(album, **columns)
        self.run_directory()
        return self.registrar.student(album)

    def active(self, album: str = "100001") -> Student:
        """Admit somebody whose account has a password already."""
        student = self.ready(album)
        self.choose(self.invited(student), "the first password of all")
        return self.registrar.student(album)

    def letter_token(self, student: Student) -> str:
        """Send the album number letter and return the secret of its link."""
        (notice,) = self.registrar.letters.prepare(self.registrar.letters.due([student.key]))
        self.registrar.letters.sent(notice)
        return activation_token(FINGERPRINTS, notice.message_id)

    def invited(self, student: Student) -> Proof:
        """Return what the album number letter opens."""
        return self.activate.by_link(self.letter_token(student), HERE)

    def claim(self, album: str = "100001", name: str = "Żak", pesel: str = "") -> Claim:
        """Return what a student would type."""
        return Claim(AlbumNumber(album), name, Pesel(pesel or a_pesel(BORN, int(album) % 10_000)))

    def kinds(self) -> list[str]:
        """Return the kinds of all letters queued, oldest first."""
        return [kind for _, kind, _ in self._queued()]

    def code(self, purpose: Purpose, at: int = -1) -> str:
        """Return the typed code of a letter."""
        return letter_code(FINGERPRINTS, self._queued()[at][2], purpose)

    def secret(self, at: int = -1) -> str:
        """Return the secret of a letter's link."""
        return letter_secret(FINGERPRINTS, self._queued()[at][2])

    def causes(self, student: Student) -> list[str]:
        """Return why tries at a student's account failed, newest first."""
        return [attempt.cause for attempt in self.attempts.of(student.key, 100)]

    def _queued(self) -> list[tuple[int, str, str]]:
        with self.registrar.database.reading() as connection:
            query = message.select().order_by(message.c.id)
            return [(row.student_id, row.kind, row.message_id) for row in connection.execute(query)]


def turned_away(act: Callable[[], object]) -> TurnedAway:
    """Return how somebody was turned away."""
    try:
        act()
    except TurnedAway as no:
        return no
    raise AssertionError("let in")
