"""Addresses, each given once and for good, and the state of mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import address, mailbox, request, student
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.outcome import Result
from estudent.domain.student import MailboxState, Student
from estudent.ports import AlreadyExists, JournalEntry

MAILBOX = "mailbox"


class SqlMailboxRegister:
    """Port `MailboxRegister` on the registry."""

    def __init__(self, database: Database, author: Author) -> None:
        self.database, self.author = database, author

    def reserve(self, student: Student, wanted: str, alias: str) -> None:
        """Give the address and make the request in one transaction; raise AlreadyExists when it was ever given."""
        try:
            with self.database.writing() as connection:
                self._reserve(connection, student, wanted, alias)
        except AlreadyExists:
            raise AlreadyExists("this address was given to somebody already; choose another name") from None

    def taken(self, addresses: Sequence[str]) -> set[str]:
        """Return those of the addresses that were ever given to anybody."""
        query = select(address.c.address).where(address.c.address.in_([each.lower() for each in addresses]))
        with self.database.reading() as connection:
            return set(connection.scalars(query))

    def observe(self, student: int, state: MailboxState, identifier: str | None, problem: str = "") -> None:
        """Store what was seen at the far side; the journal tells of it when the state is a new one."""
        values = {"state": state.value, "problem": problem[:LONGEST_DETAIL], "observed_at": self.author.clock()}
        known = {"object_id": identifier} if identifier else {}
        same = mailbox.c.student_id == student
        with self.database.writing() as connection:
            before = connection.scalar(select(mailbox.c.state).where(same))
            connection.execute(update(mailbox).where(same).values(values | known))
            if before != state.value:
                self._journal(connection, student, f"mailbox {state.value}", problem)

    def unfinished(self, keys: Sequence[int]) -> list[int]:
        """Return those of the students whose mailbox was requested and is still on its way."""
        owed = [standing.value for standing in standings_owed(Owed.MAILBOX)]
        on_the_way = (MailboxState.REQUESTED.value, MailboxState.AWAITED.value)
        query = select(mailbox.c.student_id).join(student, student.c.id == mailbox.c.student_id)
        query = query.where(mailbox.c.state.in_(on_the_way), student.c.standing.in_(owed))
        with self.database.reading() as connection:
            return [
                key
                for some in in_portions(keys)
                for key in connection.scalars(query.where(mailbox.c.student_id.in_(some)))
            ]

    def _reserve(self, connection: Connection, student: Student, wanted: str, alias: str) -> None:
        now = self.author.clock()
        given = {"address": wanted.lower(), "student_id": student.key, "kind": "primary", "given_at": now}
        connection.execute(insert(address).values(given))
        # A request in conflict is replaced; any other second one meets the unique constraint.
        in_conflict = mailbox.c.state == MailboxState.CONFLICT.value
        connection.execute(delete(mailbox).where(mailbox.c.student_id == student.key, in_conflict))
        connection.execute(insert(mailbox).values(self._requested(student, wanted.lower(), alias)))
        waiting = {"student_id": student.key, "kind": MAILBOX, "made_at": now, "not_before": now}
        connection.execute(insert(request).values(waiting | {"attempts": 0, "problem": ""}))
        self._journal(connection, student.key, "mailbox requested", "")

    def _requested(self, student: Student, wanted: str, alias: str) -> dict[str, Any]:
        return {
            "student_id": student.key,
            "address": wanted,
            "alias": alias,
            "state": MailboxState.REQUESTED.value,
            "problem": "",
            "requested_at": self.author.clock(),
        }

    def _journal(self, connection: Connection, student: int, step: str, detail: str) -> None:
        self.author.write(connection, [JournalEntry(student, "mailboxes", step, Result.DONE, detail)])
