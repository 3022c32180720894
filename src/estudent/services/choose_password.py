"""Choose a password: the last step of activation and of recovery, all of it or nothing."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.claim import Record
from estudent.domain.lifecycle import Owed
from estudent.domain.student import Student
from estudent.ports import Accounts, Attempts, NotFound, Outbox, Passwords, Proof, Sessions, Taken
from estudent.services.serve_requests import ACCOUNT
from estudent.services.sign_in import DOOR as SIGN_IN
from estudent.services.turned_away import TurnedAway, Why


@dataclass(frozen=True, slots=True)
class ChoosePassword:
    """The registry is claimed first, so that a proof works once; the directory alone keeps the password."""

    accounts: Accounts
    passwords: Passwords
    sessions: Sessions
    outbox: Outbox
    attempts: Attempts

    def __call__(self, proof: Proof, password: str) -> Student:
        """Store a password and end the student's other sessions; a directory that is down leaves everything as it was.

        Raises TurnedAway for a proof that was used, for a student without an entry yet, or for one who has left.
        """
        record = self.may_choose(proof)
        taken = self.accounts.take(proof)
        if taken is None:
            raise TurnedAway(Why.USED)
        # Before the password is stored, so that no failure afterwards leaves a stranger's session alive.
        self.sessions.end_all(record.student.key)
        self._store(record.student, taken, password)
        # Whoever guessed at the old password keeps nobody waiting any more.
        self.attempts.forget(SIGN_IN, record.student.album.login, record.student.key)
        self.accounts.confirm(taken)
        return record.student

    def may_choose(self, proof: Proof) -> Record:
        """Return whose password is to be chosen; whoever has no entry yet gets one asked for."""
        record = self.accounts.by_key(proof.student)
        if record is None or not record.student.is_owed(Owed.SIGN_IN):
            raise TurnedAway(Why.LEFT)
        if not record.has_entry:
            self._ask_for_entry(record.student)
        return record

    def _store(self, student: Student, taken: Taken, password: str) -> None:
        try:
            self.passwords.set(student.album, password)
        except NotFound:
            self.accounts.give_back(taken)
            self._ask_for_entry(student)
        except BaseException:
            self.accounts.give_back(taken)
            raise

    def _ask_for_entry(self, student: Student) -> None:
        self.outbox.ask(student.key, ACCOUNT)
        raise TurnedAway(Why.NO_ENTRY)
