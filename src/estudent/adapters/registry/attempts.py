"""Tries at the portal's doors: the registry keeps hashes of what was typed and of where it came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    or_,
    select,
    union_all,
    update,
)

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import attempt
from estudent.domain import throttle
from estudent.domain.fingerprint import Fingerprints
from estudent.domain.throttle import SOURCE_WINDOW, SUBJECT_WINDOW, Recent, Turn
from estudent.ports import SPARED, THROTTLED, UNJUDGED, Attempt

KEPT = timedelta(days=30)
SWEPT_EVERY = 500
NO_FAILURES = ("", THROTTLED, UNJUDGED)
FORGOTTEN = ""
"""What stands for both hashes of a failure that no longer counts; the student office still sees it."""

SUBJECT, SOURCE, STUDENT = "subject", "source", "student"
WINDOWS = {SUBJECT: SUBJECT_WINDOW, SOURCE: SOURCE_WINDOW, STUDENT: SUBJECT_WINDOW}
MARKS = attempt.c.subject_hash, attempt.c.source_hash, attempt.c.student_id
MINE, AT_DOOR = attempt.c.id == bindparam("number"), attempt.c.door == bindparam("at_door")
OF_SUBJECT = attempt.c.subject_hash == bindparam("subject")
OF_STUDENT = attempt.c.student_id == bindparam("student")
"""Nobody's, where no student is given."""


def _failures(what: str, *conditions: ColumnElement[bool]) -> Select[Any]:
    since, fails = attempt.c.at > bindparam(f"{what}_since"), (attempt.c.cause != each for each in NO_FAILURES)
    counted: Select[Any] = select(literal_column(f"'{what}'"), func.count(), func.max(attempt.c.at))
    return counted.where(*conditions, since, AT_DOOR, *fails)


# Of a statement that is made for each try, making it and finding it compiled is most of the work.
NOTE = insert(attempt)
FAILURES = union_all(
    _failures(SUBJECT, OF_SUBJECT),
    _failures(SOURCE, attempt.c.source_hash == bindparam("source")),
    _failures(STUDENT, OF_STUDENT, attempt.c.subject_hash != FORGOTTEN, attempt.c.cause != SPARED),
)
"""Counted apart, since each has an index of its own."""

SETTLE = update(attempt).where(MINE).values(cause=bindparam("found")).returning(attempt.c.door, *MARKS)
FORGET = (
    update(attempt).where(AT_DOOR, or_(OF_SUBJECT, OF_STUDENT)).values(subject_hash=FORGOTTEN, source_hash=FORGOTTEN)
)


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
        with self.database.writing() as connection:
            row = connection.execute(SETTLE, {"number": turn.number, "found": cause}).one_or_none()
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
        row = connection.execute(NOTE, {"at": self.clock(), "cause": cause, **marks})
        number: int = row.inserted_primary_key[0] if row.inserted_primary_key else 0
        if number % SWEPT_EVERY == 0:
            self._sweep(connection)
        return number

    def _recent(self, connection: Connection, marks: dict[str, str | int | None]) -> Recent:
        now = self.clock()
        asked = {
            "at_door": marks["door"],
            "subject": marks["subject_hash"],
            "source": marks["source_hash"],
            "student": marks["student_id"],
            **{f"{what}_since": now - window for what, window in WINDOWS.items()},
        }
        found = {what: (many, last) for what, many, last in connection.execute(FAILURES, asked)}
        (by_subject, last), (by_source, last_by_source) = found[SUBJECT], found[SOURCE]
        return Recent(by_subject, by_source, last, last_by_source, *found[STUDENT])

    def _sweep(self, connection: Connection) -> int:
        return connection.execute(delete(attempt).where(attempt.c.at < self.clock() - KEPT)).rowcount


def _forget(connection: Connection, door: str, subject_hash: str, student: int | None) -> None:
    connection.execute(FORGET, {"at_door": door, "subject": subject_hash, "student": student})


def _queue_up(connection: Connection, marks: dict[str, str | int | None]) -> None:
    """Let tries of one subject, or at one account, go one by one; on SQLite all writers do."""
    if connection.dialect.name != "postgresql":
        return
    whose = (str(marks["subject_hash"]), f"student {marks['student_id']}")
    for name in whose if marks["student_id"] is not None else whose[:1]:
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
