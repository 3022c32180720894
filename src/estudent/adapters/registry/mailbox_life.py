"""How far the mailboxes of those who have left are closed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.mailboxes import BLOCKED, PRIMARY
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import address, mailbox, mailbox_parting, message
from estudent.domain.mailbox_life import LETTERS, NEXT, Leaving, Parting
from estudent.domain.outcome import Result
from estudent.domain.student import MailboxState, Student
from estudent.ports import JournalEntry

SYSTEM = "mailbox_life"
BACK = "mailbox_back"
BEGINS_ANEW = {
    Leaving.UNLICENSED: MailboxState.CREATED,
    Leaving.DELETED: MailboxState.CREATED,
    Leaving.GONE: MailboxState.REQUESTED,
}
"""How far a mailbox that comes back is, where something of it is missing until it was seen again."""


class SqlPartings:
    """Port `Partings` on the registry; each change is one transaction with its letter and its line in the journal."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages) -> None:
        self.database, self.author, self.messages = database, author, messages

    def announce(self, student: Student, parting: Parting) -> None:
        """Store the day of the next step and let the student be told."""
        with self.database.writing() as connection:
            if not _is_as_known(connection, student):
                return
            self._store(connection, student, parting)
            self.messages.write(connection, student.key, LETTERS[NEXT[parting.state]])
            self._journal(connection, student, f"{NEXT[parting.state].value} announced", f"for {parting.due}")

    def observe(self, student: Student, parting: Parting) -> None:
        """Store what was seen; the addresses of somebody who is gone stay blocked."""
        with self.database.writing() as connection:
            if not _is_as_known(connection, student):
                return
            self._store(connection, student, parting)
            self._journal(connection, student, f"mailbox {parting.state.value}", "")
            if parting.state is Leaving.GONE:
                _mark(connection, student, BLOCKED)

    def reopen(self, student: Student) -> None:
        """Forget the end of a mailbox, tell the student, and let the mailbox be looked at again from where it is."""
        with self.database.writing() as connection:
            if student.parting is None or not _is_as_known(connection, student):
                return
            connection.execute(delete(mailbox_parting).where(mailbox_parting.c.student_id == student.key))
            _take_back_letters(connection, student)
            self._look_again(connection, student, student.parting.state)
            # Who was never seen to be shut out is not told of a return.
            if student.parting.state is not Leaving.ANNOUNCED:
                self.messages.write(connection, student.key, BACK)
            self._journal(connection, student, "mailbox reopened", "")

    def with_mailbox(self, keys: list[int]) -> int:
        """Return how many of these students have a mailbox, or had one."""
        query = select(func.count()).select_from(mailbox)
        with self.database.reading() as connection:
            some = in_portions(keys)
            return sum(connection.scalar(query.where(mailbox.c.student_id.in_(each))) or 0 for each in some)

    def _look_again(self, connection: Connection, student: Student, closed: Leaving) -> None:
        now = self.author.clock()
        values: dict[str, object] = {"next_look_at": now, "looks": 0, "waits_since": None}
        if closed in BEGINS_ANEW:
            values |= {"state": BEGINS_ANEW[closed].value, "requested_at": now, "problem": ""}
        if closed is Leaving.GONE:
            values["object_id"] = None
            _mark(connection, student, PRIMARY)
        connection.execute(update(mailbox).where(mailbox.c.student_id == student.key).values(values))

    def _store(self, connection: Connection, student: Student, parting: Parting) -> None:
        values = {
            "state": parting.state.value, "since": parting.since, "reached": parting.reached, "due": parting.due,
        }  # fmt: skip
        mine = mailbox_parting.c.student_id == student.key
        if student.parting is None:
            connection.execute(insert(mailbox_parting).values(values | {"student_id": student.key}))
        else:
            connection.execute(update(mailbox_parting).where(mine).values(values))

    def _journal(self, connection: Connection, student: Student, step: str, detail: str) -> None:
        self.author.write(connection, [JournalEntry(student.key, SYSTEM, step, Result.DONE, detail)])


def _is_as_known(connection: Connection, student: Student) -> bool:
    """Tell whether nobody else changed this since it was read, and keep others from it until the end."""
    # The student's row is what two runs meet at while there is no parting yet.
    connection.execute(select(mailbox.c.student_id).where(mailbox.c.student_id == student.key).with_for_update())
    stored = select(mailbox_parting).where(mailbox_parting.c.student_id == student.key)
    row = connection.execute(stored).one_or_none()
    known = Parting(Leaving(row.state), row.since, row.reached, row.due) if row else None
    return known == student.parting


def _mark(connection: Connection, student: Student, kind: str) -> None:
    theirs = select(mailbox.c.address).where(mailbox.c.student_id == student.key).scalar_subquery()
    connection.execute(update(address).where(address.c.address == theirs).values(kind=kind))


def _take_back_letters(connection: Connection, student: Student) -> None:
    """Drop the announcements that have not gone out yet."""
    unsent = (message.c.kind.in_(LETTERS.values()), message.c.sent_at.is_(None))
    connection.execute(delete(message).where(message.c.student_id == student.key, *unsent))
