"""Addresses, each given once and for good, and the state of mailboxes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import address, mailbox, message, request, student
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.mailbox_name import WHY, NameFault, likeness
from estudent.domain.outcome import Result
from estudent.domain.student import MailboxState, Student
from estudent.ports import AlreadyExists, JournalEntry, TooAlike

MAILBOX, READY, PRIMARY = "mailbox", "mailbox_ready", "primary"


class SqlMailboxRegister:
    """Port `MailboxRegister` on the registry."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages) -> None:
        self.database, self.author, self.messages = database, author, messages

    def reserve(self, student: Student, wanted: str, alias: str) -> None:
        """Give the address and make the request in one transaction.

        Raises AlreadyExists when it was ever given, TooAlike when it looks like one that another student was given.
        """
        try:
            with self.database.writing() as connection:
                self._reserve(connection, student, wanted.lower(), alias)
        except TooAlike:
            raise
        except AlreadyExists:
            raise AlreadyExists(WHY[NameFault.TAKEN]) from None

    def taken(self, addresses: Sequence[str]) -> set[str]:
        """Return those of the addresses that were ever given to anybody."""
        query = select(address.c.address).where(address.c.address.in_([each.lower() for each in addresses]))
        with self.database.reading() as connection:
            return set(connection.scalars(query))

    def look_alikes(self, student: int, addresses: Sequence[str]) -> set[str]:
        """Return those of the addresses that look like one that somebody else than this student was given."""
        looks = {each: likeness_of(each) for each in addresses}
        of_others = (address.c.likeness.in_(set(looks.values())), address.c.student_id != student)
        with self.database.reading() as connection:
            known = set(connection.scalars(select(address.c.likeness).where(*of_others)))
        return {each for each, look in looks.items() if look in known}

    def observe(self, student: int, state: MailboxState, identifier: str | None, problem: str = "") -> None:
        """Store what was seen at the far side; the journal tells of it when the state is a new one."""
        values = {"state": state.value, "problem": problem[:LONGEST_DETAIL], "observed_at": self.author.clock()}
        known = {"object_id": identifier} if identifier else {}
        same = mailbox.c.student_id == student
        with self.database.writing() as connection:
            before = connection.scalar(select(mailbox.c.state).where(same).with_for_update())
            connection.execute(update(mailbox).where(same).values(values | known))
            if before != state.value:
                self._journal(connection, student, f"mailbox {state.value}", problem)
                if state is MailboxState.VERIFIED and not _was_told(connection, student):
                    self.messages.write(connection, student, READY)

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
        now, look = self.author.clock(), likeness_of(wanted)
        given = {"address": wanted, "student_id": student.key, "kind": PRIMARY, "given_at": now, "likeness": look}
        _one_at_a_time(connection, look)
        connection.execute(insert(address).values(given))
        of_others = (address.c.likeness == look, address.c.student_id != student.key)
        if connection.scalar(select(address.c.address).where(*of_others).limit(1)):
            raise TooAlike(WHY[NameFault.LIKE_TAKEN])
        # A request in conflict is replaced; any other second one meets the unique constraint.
        in_conflict = mailbox.c.state == MailboxState.CONFLICT.value
        connection.execute(delete(mailbox).where(mailbox.c.student_id == student.key, in_conflict))
        connection.execute(insert(mailbox).values(self._requested(student, wanted, alias)))
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


def likeness_of(address: str) -> str:
    """Return what an address looks like at a glance; the domain is everybody's."""
    return likeness(address.partition("@")[0])


def _one_at_a_time(connection: Connection, look: str) -> None:
    """Let look-alikes be given one after the other; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(look, 0))))


def _was_told(connection: Connection, student: int) -> bool:
    """Tell whether the student was written to about this mailbox; it may be seen to work more than once."""
    mine = (message.c.student_id == student, message.c.kind == READY)
    since = select(mailbox.c.requested_at).where(mailbox.c.student_id == student).scalar_subquery()
    return connection.scalar(select(message.c.id).where(*mine, message.c.made_at >= since).limit(1)) is not None
