"""Tries at the portal's doors: the registry keeps hashes of what was typed and of where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, insert, or_, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import attempt
from estudent.domain import throttle
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.throttle import SOURCE_WINDOW, SUBJECT_WINDOW, Recent, Turn
from estudent.ports import SPARED, THROTTLED, UNJUDGED, Attempt

KEPT = timedelta(days=30)
SWEPT_EVERY = 500
FORGOTTEN = ""
"""What stands for both hashes of a failure that no longer counts; the student office still sees it."""


@dataclass(frozen=True, slots=True)
class SqlAttempts:
    """Port `Attempts` on the registry."""

    database: Database
    clock: Callable[[], datetime]
    fingerprints: Fingerprints

    def note(self, door: str, subject: str, source: str, cause: str, student: int | None = None) -> None:
        """Remember a try that failed for `cause`, or succeeded ("")."""
        with self.database.writing() as connection:
            self._insert(connection, self._marks(door, subject, source, student), cause)

    def recent(self, door: str, subject: str, source: str, student: int | None = None) -> Recent:
        """Return the failures that still count."""
        with self.database.reading() as connection:
            return self._recent(connection, self._marks(door, subject, source, student))

    def take_turn(self, door: str, subject: str, source: str, cause: str, student: int | None = None) -> Turn:
        """Judge a try and count it as failed for `cause` in one step, so that many at once gain nothing."""
        marks = self._marks(door, subject, source, student)
        with self.database.writing() as connection:
            _queue_up(connection, marks)
            turn = throttle.turn(self._recent(connection, marks), self.clock())
            if turn.until:
                return turn
            return replace(turn, number=self._insert(connection, marks, SPARED if turn.spared else cause))

    def settle(self, turn: Turn, cause: str) -> None:
        """Put right for what a turn failed; "" says that it succeeded, and what failed before counts no more."""
        mine = attempt.c.id == turn.number
        with self.database.writing() as connection:
            row = connection.execute(update(attempt).where(mine).values(cause=cause).returning(attempt)).one_or_none()
            if row is not None and not cause:
                _forget(connection, row.door, row.subject_hash, row.student_id)

    def of(self, student: int, most: int) -> list[Attempt]:
        """Return the latest tries at a student's account, newest first."""
        columns = attempt.c.at, attempt.c.door, attempt.c.cause
        query = select(*columns).where(attempt.c.student_id == student).order_by(attempt.c.id.desc()).limit(most)
        with self.database.reading() as connection:
            return [Attempt(*row) for row in connection.execute(query)]

    def forget(self, door: str, subject: str, student: int | None = None) -> None:
        """Let the failures under this subject, and at this student's account, count no more."""
        with self.database.writing() as connection:
            _forget(connection, door, self.fingerprints.of("attempt", subject), student)

    def sweep(self) -> int:
        """Drop what is older than a month; return how many tries it was."""
        with self.database.writing() as connection:
            return self._sweep(connection)

    def _marks(self, door: str, subject: str, source: str, student: int | None) -> dict[str, str | int | None]:
        return {
            "door": door,
            "subject_hash": self.fingerprints.of("attempt", subject),
            "source_hash": self.fingerprints.of("attempt source", source),
            "student_id": student,
        }

    def _insert(self, connection: Connection, marks: dict[str, str | int | None], cause: str) -> int:
        row = connection.execute(insert(attempt).values(at=self.clock(), cause=cause, **marks))
        number: int = row.inserted_primary_key[0] if row.inserted_primary_key else 0
        if number % SWEPT_EVERY == 0:
            self._sweep(connection)
        return number

    def _recent(self, connection: Connection, marks: dict[str, str | int | None]) -> Recent:
        """Count three times, since each has an index of its own."""

        def failures(condition: ColumnElement[bool], window: timedelta) -> tuple[int, datetime | None]:
            since = attempt.c.at > self.clock() - window
            query = select(func.count(), func.max(attempt.c.at))
            here = and_(attempt.c.door == marks["door"], attempt.c.cause.not_in(["", THROTTLED, UNJUDGED]))
            many, last = connection.execute(query.where(condition, since, here)).one()
            return many, last

        by_subject, last = failures(attempt.c.subject_hash == marks["subject_hash"], SUBJECT_WINDOW)
        by_source, last_by_source = failures(attempt.c.source_hash == marks["source_hash"], SOURCE_WINDOW)
        asked = and_(attempt.c.subject_hash != FORGOTTEN, attempt.c.cause != SPARED)
        by_student, last_by_student = failures(and_(_at_account(marks["student_id"]), asked), SUBJECT_WINDOW)
        return Recent(by_subject, by_source, last, last_by_source, by_student, last_by_student)

    def _sweep(self, connection: Connection) -> int:
        return connection.execute(delete(attempt).where(attempt.c.at < self.clock() - KEPT)).rowcount


def _forget(connection: Connection, door: str, subject_hash: str, student: int | None) -> None:
    counted = and_(attempt.c.door == door, or_(attempt.c.subject_hash == subject_hash, _at_account(student)))
    connection.execute(update(attempt).where(counted).values(subject_hash=FORGOTTEN, source_hash=FORGOTTEN))


def _at_account(student: str | int | None) -> ColumnElement[bool]:
    return false() if student is None else attempt.c.student_id == student


def _queue_up(connection: Connection, marks: dict[str, str | int | None]) -> None:
    """Let tries of one subject, or at one account, go one by one; on SQLite all writers do."""
    if connection.dialect.name != "postgresql":
        return
    whose = (str(marks["subject_hash"]), f"student {marks['student_id']}")
    for name in whose if marks["student_id"] is not None else whose[:1]:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
