"""Let a student who is signed in choose another password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from estudent.domain.outcome import Result
from estudent.domain.student import Student
from estudent.ports import UNJUDGED, Attempts, FarSideError, Journal, JournalEntry, Messages, Passwords, Sessions
from estudent.services.sign_in import DOOR, SYSTEM, WRONG_PASSWORD

REFUSAL, CHANGED = "password change", "password changed"


@dataclass(frozen=True, slots=True)
class NotChanged:
    """The old password is wrong; or, with `until`, too many wrong ones came before."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangePassword:
    """Whoever finds an open session cannot guess on here: the tries count together with those at the sign-in."""

    passwords: Passwords
    attempts: Attempts
    sessions: Sessions
    messages: Messages
    journal: Journal

    def __call__(self, student: Student, old: str, new: str, source: str) -> NotChanged | None:
        """Store the new password, end all sessions and write to the student; return why not, if not."""
        login = student.album.login
        turn = self.attempts.take_turn(DOOR, login, source, WRONG_PASSWORD, student.key)
        if turn.until or turn.spared:
            return NotChanged(turn.until)
        try:
            accepted = self.passwords.verify(login, old).accepted
        except FarSideError:
            self.attempts.settle(turn, UNJUDGED)
            raise
        if not accepted:
            self._note(student, REFUSAL, Result.REFUSED, WRONG_PASSWORD)
            return NotChanged()
        self.attempts.settle(turn, "")
        self._store(student, new)
        return None

    def _store(self, student: Student, new: str) -> None:
        # Before the password is stored, so that no failure afterwards leaves a stranger's session alive.
        self.sessions.end_all(student.key)
        self.passwords.set(student.album, new)
        self._note(student, CHANGED, Result.DONE)
        self.messages.queue(student.key, "password_changed")

    def _note(self, student: Student, step: str, result: Result, detail: str = "") -> None:
        self.journal.note([JournalEntry(student.key, SYSTEM, step, result, detail)])
