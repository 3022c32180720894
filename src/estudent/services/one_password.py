"""One password where Microsoft keeps it too (a managed domain): written there and here in the student's own request.

Nothing stores the password on its way: what could not be written is asked for again, at the door or on the page of the
mailbox, and until then the registry knows that the two may differ.
"""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Result
from estudent.domain.student import Student
from estudent.ports import (
    UNJUDGED,
    Attempts,
    Barrier,
    CloudPasswords,
    Entrance,
    FarSideError,
    Journal,
    JournalEntry,
    MailboxPasswords,
    NamedAccount,
    PasswordRefused,
    Passwords,
    Students,
    Turnover,
)
from estudent.services.change_password import REFUSAL, NotChanged
from estudent.services.sign_in import DOOR, SYSTEM, WRONG_PASSWORD

WRITTEN = "mailbox password"


@dataclass(frozen=True, slots=True)
class OnePassword:
    """The port `Passwords` over both places; the directory alone is asked whether a password is right."""

    passwords: Passwords
    there: CloudPasswords
    register: MailboxPasswords
    students: Students
    attempts: Attempts
    journal: Journal

    def set(self, album: AlbumNumber, password: str) -> None:
        """Write the password there, then here; raise PasswordRefused, with nothing written, where Microsoft refuses it.

        When Microsoft does not answer, the directory gets the password all the same, and `must_confirm` stays true.
        """
        student = self.students.by_album(album)
        if student.mailbox_id is None:
            self.passwords.set(album, password)
            return
        turnover = self.register.begin(student.key, student.mailbox_id)
        written = self._written(student, turnover, password)
        self.passwords.set(album, password)
        if written:
            self.register.agree(turnover)

    def must_confirm(self, student: Student) -> bool:
        """Tell whether Microsoft may have another password than the directory, so that the student is asked for it."""
        if student.mailbox_id is None or not student.is_owed(Owed.MAILBOX):
            return False
        return not self.register.agrees(student.key, student.mailbox_id)

    def confirm(self, student: Student, typed: str, source: str) -> NotChanged | None:
        """Write the password that the student has already, if it is the right one; return why not, if not.

        Tries count with those at the sign-in. Raises PasswordRefused, or whatever kept Microsoft from answering.
        """
        turn = self.attempts.take_turn(DOOR, student.album.login, source, WRONG_PASSWORD, student.key)
        if turn.until or turn.spared:
            return NotChanged(turn.until)
        # Before the password is compared: a change in another tab meanwhile is then seen to have come between.
        turnover = self.register.begin(student.key, student.mailbox_id or "")
        try:
            accepted = self.passwords.verify(student.album.login, typed).accepted
        except FarSideError:
            self.attempts.settle(turn, UNJUDGED)
            raise
        if not accepted:
            self.register.undo(turnover)
            self.journal.note([JournalEntry(student.key, SYSTEM, REFUSAL, Result.REFUSED, WRONG_PASSWORD)])
            return NotChanged()
        self.attempts.settle(turn, "")
        self._write(student, turnover, typed)
        self.register.agree(turnover)
        return None

    def look_up(self, name: str) -> NamedAccount | None:
        """Ask the directory."""
        return self.passwords.look_up(name)

    def compare(self, whose: NamedAccount | None, password: str) -> Entrance:
        """Ask the directory."""
        return self.passwords.compare(whose, password)

    def verify(self, name: str, password: str) -> Entrance:
        """Ask the directory."""
        return self.passwords.verify(name, password)

    def barrier(self, album: AlbumNumber) -> Barrier | None:
        """Ask the directory."""
        return self.passwords.barrier(album)

    def open(self, album: AlbumNumber) -> None:
        """Ask the directory."""
        self.passwords.open(album)

    def _written(self, student: Student, turnover: Turnover, password: str) -> bool:
        try:
            self._write(student, turnover, password)
        except PasswordRefused:
            raise
        except FarSideError:
            return False
        return True

    def _write(self, student: Student, turnover: Turnover, password: str) -> None:
        """Write it there; an answer that is lost leaves it open whether it was written."""
        try:
            self.there.set_password(student.mailbox_id or "", password)
        except PasswordRefused:
            self.register.undo(turnover)
            self.journal.note([JournalEntry(student.key, SYSTEM, WRITTEN, Result.REFUSED)])
            raise
        except FarSideError as error:
            self.journal.note([JournalEntry(student.key, SYSTEM, WRITTEN, Result.FAILED, str(error))])
            raise
        self.journal.note([JournalEntry(student.key, SYSTEM, WRITTEN, Result.DONE)])
