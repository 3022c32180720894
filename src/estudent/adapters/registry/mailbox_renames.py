"""Mailboxes on their way to another primary address; every address stays the student's for good."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.mailboxes import PRIMARY, likeness_of, one_at_a_time
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import FORMER, SqlStudents
from estudent.adapters.registry.tables import address, mailbox, mailbox_rename, person, student
from estudent.domain.mailbox_name import WHY, NameFault
from estudent.domain.mailbox_rename import AT_NEW, LETTERS, ON_OFFER, UNDER_WAY, RenameState
from estudent.domain.outcome import Result
from estudent.domain.person_name import PersonName
from estudent.domain.student import MailboxState, Student
from estudent.ports import AlreadyExists, JournalEntry, Refused, TooAlike, Unavailable

SYSTEM = "mailbox_life"
RESERVED = "reserved"
"""The kind of an address that is a student's and leads nowhere yet."""

MEANWHILE = "somebody else has changed this meanwhile; look at it again"


class SqlRenames:
    """Port `Renames` on the registry; each change is one transaction with its line in the journal."""

    def __init__(self, database: Database, author: Author, students: SqlStudents, messages: SqlMessages) -> None:
        self.database, self.author, self.students, self.messages = database, author, students, messages

    def ask(self, student: Student, wanted: str) -> None:
        """Reserve the address, or take one of the student's own again.

        Raises AlreadyExists when it was ever given to anybody else, TooAlike when it looks like somebody else's.
        """
        with self.database.writing() as connection:
            if _state(connection, student) in UNDER_WAY or _primary(connection, student) != student.mailbox:
                raise Refused(MEANWHILE)
            self._reserve(connection, student, wanted)
            values = {"before": student.mailbox, "wanted": wanted, "problem": ""}
            _store(connection, self.author, student.key, RenameState.ASKED, **values)
            _write(connection, self.author, student.key, RenameState.ASKED)

    def decline(self, student: Student) -> None:
        """Note that the student keeps the address, in spite of another name or since Microsoft refused the new one."""
        with self.database.writing() as connection:
            if _state(connection, student) in ON_OFFER:
                _store(connection, self.author, student.key, RenameState.DECLINED)
                _write(connection, self.author, student.key, RenameState.DECLINED)

    def observe(self, student: Student, state: RenameState, problem: str = "") -> Student:
        """Store another state and which address is the mailbox's by it; return the student as it is then."""
        rename = student.rename
        if rename is None or rename.before is None or rename.wanted is None:
            raise Refused(MEANWHILE)
        with self.database.writing() as connection:
            if _state(connection, student) is not rename.state:
                raise Unavailable(MEANWHILE)
            _store(connection, self.author, student.key, state, problem=problem[:LONGEST_DETAIL])
            ours, other = (rename.wanted, rename.before) if state in AT_NEW else (rename.before, rename.wanted)
            connection.execute(update(mailbox).where(mailbox.c.student_id == student.key).values(address=ours))
            _mark(connection, ours, PRIMARY)
            _mark(connection, other, RESERVED if state is RenameState.REFUSED else FORMER)
            _write(connection, self.author, student.key, state, problem)
            if state in LETTERS:
                self.messages.write(connection, student.key, LETTERS[state])
        return self.students.by_album(student.album)

    def _reserve(self, connection: Connection, student: Student, wanted: str) -> None:
        """Give the address; one that the student was given before may be had again."""
        look = likeness_of(wanted)
        one_at_a_time(connection, look)
        owner = connection.scalar(select(address.c.student_id).where(address.c.address == wanted))
        if owner == student.key:
            return
        if owner is not None:
            raise AlreadyExists(WHY[NameFault.TAKEN])
        of_others = (address.c.likeness == look, address.c.student_id != student.key)
        if connection.scalar(select(address.c.address).where(*of_others).limit(1)):
            raise TooAlike(WHY[NameFault.LIKE_TAKEN])
        given = {"address": wanted, "student_id": student.key, "kind": RESERVED, "likeness": look}
        connection.execute(insert(address).values(given | {"given_at": self.author.clock()}))


def offer_addresses(connection: Connection, author: Author, names: Mapping[int, PersonName]) -> None:
    """Offer another address to those whose name changes and who have a working mailbox; no address changes by itself.

    It is called before the new names are stored.
    """
    # As for every change of a rename; in this order, so that two never wait for each other.
    theirs = select(mailbox.c.student_id).where(mailbox.c.student_id.in_(list(names)))
    connection.execute(theirs.order_by(mailbox.c.student_id).with_for_update())
    query = (
        select(student.c.id, person.c.given_name, person.c.family_name, mailbox_rename.c.state)
        .select_from(student.join(person).join(mailbox, mailbox.c.student_id == student.c.id).outerjoin(mailbox_rename))
        .where(student.c.id.in_(list(names)), mailbox.c.state == MailboxState.VERIFIED.value)
    )
    stays = {state.value for state in (*UNDER_WAY, RenameState.OFFERED)}
    found = [row for row in connection.execute(query) if row.state not in stays]
    _offer(connection, author, {row.id: row.state for row in found if _is_another(row, names[row.id])})


def _offer(connection: Connection, author: Author, states: Mapping[int, str | None]) -> None:
    """Offer it to all in a few commands: a feed may spell everybody's name anew, and others who write wait for it."""
    offered = {"state": RenameState.OFFERED.value, "changed_at": author.clock(), "problem": ""}
    again = [key for key, state in states.items() if state is not None]
    first = [key for key, state in states.items() if state is None]
    if again:
        theirs = mailbox_rename.c.student_id.in_(again)
        connection.execute(update(mailbox_rename).where(theirs).values(offered))
    if first:
        connection.execute(insert(mailbox_rename), [offered | {"student_id": key} for key in first])
    author.write(connection, [_told(key, RenameState.OFFERED) for key in states])


def _is_another(row: Row[Any], new: PersonName) -> bool:
    return (row.given_name, row.family_name) != (new.given, new.family)


def _state(connection: Connection, whose: Student) -> RenameState | None:
    """Return the stored state, and keep others from changing it until the end of the transaction."""
    connection.execute(select(mailbox.c.student_id).where(mailbox.c.student_id == whose.key).with_for_update())
    stored = connection.scalar(select(mailbox_rename.c.state).where(mailbox_rename.c.student_id == whose.key))
    return RenameState(stored) if stored else None


def _primary(connection: Connection, whose: Student) -> str | None:
    return connection.scalar(select(mailbox.c.address).where(mailbox.c.student_id == whose.key))


def _store(connection: Connection, author: Author, key: int, state: RenameState, **values: str | None) -> None:
    changed = {"state": state.value, "changed_at": author.clock(), **values}
    mine = mailbox_rename.c.student_id == key
    if connection.scalar(select(mailbox_rename.c.student_id).where(mine)) is None:
        connection.execute(insert(mailbox_rename).values({"problem": "", **changed, "student_id": key}))
    else:
        connection.execute(update(mailbox_rename).where(mine).values(changed))


def _mark(connection: Connection, whose: str, kind: str) -> None:
    connection.execute(update(address).where(address.c.address == whose).values(kind=kind))


def _write(connection: Connection, author: Author, key: int, state: RenameState, problem: str = "") -> None:
    author.write(connection, [_told(key, state, problem)])


def _told(key: int, state: RenameState, problem: str = "") -> JournalEntry:
    result = Result.REFUSED if state is RenameState.REFUSED else Result.DONE
    return JournalEntry(key, SYSTEM, f"rename {state.value}", result, problem)
