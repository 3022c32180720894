"""What was used once, noted beside the tries at the portal's doors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select, text

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import attempt
from estudent.domain.fingerprint import Fingerprints

DOOR = "captcha"
KEPT = timedelta(hours=1)
"""Longer than anything that is spent here is good for."""


SPENT = select(attempt.c.id).where(attempt.c.subject_hash == bindparam("mark"), attempt.c.door == DOOR).limit(1)
SPEND = insert(attempt)


@dataclass(frozen=True, slots=True)
class SqlSingleUse:
    """Port `SingleUse` on the registry; names are kept as keyed hashes, for an hour."""

    database: Database
    clock: Callable[[], datetime]
    fingerprints: Fingerprints

    def spend(self, name: str) -> bool:
        """Note the use of the thing with this name; return False when it was used before."""
        mark, now = self.fingerprints.of("single use", name), self.clock()
        row = {"at": now, "door": DOOR, "subject_hash": mark, "source_hash": "", "cause": ""}
        with self.database.writing() as connection:
            _one_at_a_time(connection, mark)
            if connection.execute(SPENT, {"mark": mark}).first():
                return False
            connection.execute(SPEND, row)
            if mark.startswith("00"):
                _sweep(connection, now)
        return True


def _one_at_a_time(connection: Connection, mark: str) -> None:
    """Let others with the same mark wait for the end of this transaction; on SQLite every writer waits already."""
    if connection.dialect.name == "postgresql":
        number = int(mark[:15], 16)
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def _sweep(connection: Connection, now: datetime) -> None:
    """Forget what cannot be used any more; one use in 256 does it, so no job has to."""
    connection.execute(delete(attempt).where(attempt.c.door == DOOR, attempt.c.at < now - KEPT))
