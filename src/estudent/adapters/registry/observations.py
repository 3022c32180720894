"""The account numbers given, one of each purpose for every student."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import payment_account, study
from estudent.adapters.registry.tables import student as student_
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.ports import JournalEntry


class SqlAccountNumbers:
    """Port `AccountNumbers` on the registry."""

    def __init__(self, database: Database, author: Author) -> None:
        self.database, self.author = database, author

    def give(self, student: int, purpose: str, number: Nrb, origin: str) -> bool:
        """Store a number for a student who has none; False when the number is somebody else's."""
        given = {"student_id": student, "purpose": purpose, "nrb": str(number), "origin": origin}
        with self.database.writing() as connection:
            command = insert_if_new(connection, payment_account).values(given | {"given_at": self.author.clock()})
            # PostgreSQL's driver has no row count to tell here; what comes back is what was stored.
            if connection.scalar(command.returning(payment_account.c.id)) is None:
                return _has_one(connection, student, purpose)
            entry = JournalEntry(student, "payment_accounts", f"number from {origin}", Result.DONE, purpose)
            self.author.write(connection, [entry])
        return True

    def held(self, students: Sequence[int], purpose: str) -> dict[int, Nrb]:
        """Return the numbers that these students have for this purpose."""
        theirs = (payment_account.c.student_id.in_(students), payment_account.c.purpose == purpose)
        query = select(payment_account.c.student_id, payment_account.c.nrb).where(*theirs)
        with self.database.reading() as connection:
            return {key: Nrb(number) for key, number in connection.execute(query)}

    def wanting(self, students: Sequence[int], purpose: str) -> dict[int, frozenset[str]]:
        """Return those of these students who have no number for this purpose, each with their programmes."""
        theirs = (payment_account.c.student_id == student_.c.id, payment_account.c.purpose == purpose)
        nobody = ~select(payment_account.c.id).where(*theirs).exists()
        query = select(student_.c.id, study.c.programme).select_from(student_.outerjoin(study))
        query = query.where(student_.c.id.in_(students), nobody).order_by(student_.c.id)
        found: dict[int, frozenset[str]] = {}
        with self.database.reading() as connection:
            for key, programme in connection.execute(query):
                found[key] = found.get(key, frozenset()) | ({programme} if programme else set())
        return found

    def count(self, start: str, since: datetime) -> tuple[int, int]:
        """Return how many numbers have this after their check digits, and how many of these were given since then."""
        lately = func.count(payment_account.c.id).filter(payment_account.c.given_at >= since)
        query = select(func.count(), lately).select_from(payment_account)
        with self.database.reading() as connection:
            many, late = connection.execute(query.where(payment_account.c.nrb.like(f"__{start}%"))).one()
        return many, late


def _has_one(connection: Connection, student: int, purpose: str) -> bool:
    mine = (payment_account.c.student_id == student, payment_account.c.purpose == purpose)
    return connection.scalar(select(payment_account.c.id).where(*mine)) is not None
