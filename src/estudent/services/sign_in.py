"""Sign students in: the directory compares the password, the registry counts the tries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Result
from estudent.domain.plan import Lock
from estudent.domain.student import AccountState, Student
from estudent.domain.throttle import Turn, wait_until
from estudent.ports import (
    SPARED,
    UNJUDGED,
    Attempts,
    Barrier,
    Entrance,
    FarSideError,
    Journal,
    JournalEntry,
    NamedAccount,
    NotFound,
    Passwords,
    Students,
)
from estudent.services.even_time import EvenTime

DOOR = "sign-in"
SYSTEM, REFUSAL, FIRST_TIME = "portal", "sign-in", "signed in"
UNKNOWN, WRONG_PASSWORD, BARRED, LOCKED, NOT_ACTIVATED = (
    "unknown",
    "wrong_password",
    "barred",
    "locked",
    "not_activated",
)
"""Why a try failed, as attempts and journal say it; the desk has words for each."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is in; `must_change` before anything else."""

    student: Student
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class NotSignedIn:
    """One refusal for all causes; `until` is when whoever tried too often may try again."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the portal's first page calls."""

    passwords: Passwords
    attempts: Attempts
    students: Students
    journal: Journal
    even_time: EvenTime
    clock: Callable[[], datetime]

    def __call__(self, name: str, password: str, source: str) -> SignedIn | NotSignedIn:
        """Try a name and a password; whoever must wait is told so before anything is looked up.

        A refusal takes the same time for all: the directory sees to most of it, the rest is what the registry needs to
        note a known student's failure.
        """
        typed = name.strip().casefold()
        if until := wait_until(self.attempts.recent(DOOR, typed, source), self.clock()):
            return NotSignedIn(until)
        end = self.even_time.end()
        outcome = self._try(name, typed, password, source)
        if isinstance(outcome, NotSignedIn):
            self.even_time.rest_until(end)
        return outcome

    def _try(self, name: str, typed: str, password: str, source: str) -> SignedIn | NotSignedIn:
        named = self.passwords.look_up(name)
        student = self._student(named)
        key = student.key if student else None
        turn = self.attempts.take_turn(DOOR, typed, source, WRONG_PASSWORD if student else UNKNOWN, key)
        if turn.until:
            return NotSignedIn(turn.until)
        entrance = self._compare(turn, named if student and not turn.spared else None, password)
        if student is None:
            return NotSignedIn()
        if cause := _cause(turn, student, entrance):
            return self._refuse(turn, student, cause)
        return self._let_in(turn, student, entrance)

    def _student(self, named: NamedAccount | None) -> Student | None:
        try:
            return self.students.by_album(named.album) if named else None
        except NotFound:
            return None

    def _compare(self, turn: Turn, whose: NamedAccount | None, password: str) -> Entrance:
        """Let the directory compare; what is nobody's takes as long."""
        try:
            return self.passwords.compare(whose, password)
        except FarSideError:
            self.attempts.settle(turn, UNJUDGED)
            raise

    def _refuse(self, turn: Turn, student: Student, cause: str) -> NotSignedIn:
        if cause not in (WRONG_PASSWORD, SPARED):
            self.attempts.settle(turn, cause)
        self.journal.note([JournalEntry(student.key, SYSTEM, REFUSAL, Result.REFUSED, cause)])
        return NotSignedIn()

    def _let_in(self, turn: Turn, student: Student, entrance: Entrance) -> SignedIn:
        self.attempts.settle(turn, "")
        if student.account is not AccountState.ACTIVE:
            self.students.observe_activations([student.key])
        if not self.journal.tells(student.key, SYSTEM, FIRST_TIME):
            self.journal.note([JournalEntry(student.key, SYSTEM, FIRST_TIME, Result.DONE)])
        return SignedIn(student, entrance.must_change)


def _cause(turn: Turn, student: Student, entrance: Entrance) -> str:
    """Return why somebody known is refused, in one word; nothing for whoever gets in."""
    if turn.spared:
        return SPARED
    if not student.is_owed(Owed.SIGN_IN):
        return BARRED
    if entrance.accepted and entrance.album == student.album:
        return ""
    return _kind(entrance.barrier) if entrance.barrier else WRONG_PASSWORD


def _kind(barrier: Barrier) -> str:
    return {Lock.BARRED: BARRED, Lock.UNTIL_ACTIVATED: NOT_ACTIVATED, Lock.OPEN: LOCKED}[barrier.lock]
