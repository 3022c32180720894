"""The account numbers given, one of each purpose for every student."""

from __future__ import annotations

from sqlalchemy import Connection, select

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import payment_account
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


def _has_one(connection: Connection, student: int, purpose: str) -> bool:
    mine = (payment_account.c.student_id == student, payment_account.c.purpose == purpose)
    return connection.scalar(select(payment_account.c.id).where(*mine)) is not None
