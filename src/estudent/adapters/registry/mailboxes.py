"""Addresses, each given once and for good, and the state of mailboxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import address, mailbox, message, request, student
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.mailbox_name import WHY, NameFault, likeness
from estudent.domain.mailbox_watch import ON_THE_WAY, Watched, onward
from estudent.domain.outcome import Result
from estudent.domain.student import MailboxState, Student
from estudent.ports import AlreadyExists, JournalEntry, Sighting, TooAlike

MAILBOX, READY, OTHER_NAME = "mailbox", "mailbox_ready", "mailbox_name_taken"
PRIMARY, BLOCKED = "primary", "blocked"
LETTER = {MailboxState.VERIFIED: READY, MailboxState.CONFLICT: OTHER_NAME}
SEEN_IN = {
    MailboxState.CREATED: "created_at",
    MailboxState.AWAITED: "licensed_at",
    MailboxState.OPENED: "opened_at",
    MailboxState.ALIASED: "aliased_at",
    MailboxState.VERIFIED: "verified_at",
}
"""The columns that tell when each state was first seen."""

SEEN_COLUMNS = ("state", "looks", "next_look_at", "waits_since", "problem", "observed_at", *SEEN_IN.values())
SEEN = (
    update(mailbox)
    .where(mailbox.c.student_id == bindparam("whose"))
    .values({name: bindparam(f"seen_{name}") for name in SEEN_COLUMNS})
    .values(object_id=func.coalesce(bindparam("seen_object_id"), mailbox.c.object_id))
)
"""Stores one sight; an object id that is not seen is kept."""

OVERDUE = (
    "two days after the licence the mailbox still does not work; "
    "look the user up in Microsoft's admin centre, then retry"
)


class SqlMailboxRegister:
    """Port `MailboxRegister` on the registry."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages) -> None:
        self.database, self.author, self.messages = database, author, messages

    def reserve(self, student: Student, wanted: str, alias: str, *, waited_for: bool = True) -> None:
        """Give the address and, where the student waits for it, make the request in one transaction.

        Raises AlreadyExists when it was ever given, TooAlike when it looks like one that another student was given.
        """
        try:
            with self.database.writing() as connection:
                self._reserve(connection, student, wanted.lower(), alias)
                if waited_for:
                    self._request(connection, student)
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

    def observe(self, sights: Sequence[Sighting]) -> None:
        """Store what was seen at the far side, and when to look again, in one transaction.

        The journal tells of new states, and the student is written to when the mailbox works or needs another name.
        """
        for some in in_portions(sights):
            with self.database.writing() as connection:
                known = _watched(connection, {sight.student: sight.address for sight in some})
                self._observe(connection, known, [sight for sight in some if sight.student in known])

    def due(self, keys: Sequence[int]) -> list[int]:
        """Return the students without those whose mailbox need not be looked at yet."""
        later = select(mailbox.c.student_id).where(mailbox.c.next_look_at > self.author.clock())
        with self.database.reading() as connection:
            resting = set(connection.scalars(later))
        return [key for key in keys if key not in resting]

    def turns(self, keys: Sequence[int]) -> dict[int, datetime]:
        """Return when the mailboxes of these students are to be looked at next."""
        query = select(mailbox.c.student_id, mailbox.c.next_look_at).where(mailbox.c.next_look_at.is_not(None))
        with self.database.reading() as connection:
            return {
                row.student_id: row.next_look_at
                for some in in_portions(keys)
                for row in connection.execute(query.where(mailbox.c.student_id.in_(some)))
            }

    def unfinished(self, keys: Sequence[int]) -> list[int]:
        """Return those of the students whose mailbox was requested and is still on its way."""
        owed = [standing.value for standing in standings_owed(Owed.MAILBOX)]
        query = select(mailbox.c.student_id).join(student, student.c.id == mailbox.c.student_id)
        query = query.where(mailbox.c.state.in_([state.value for state in ON_THE_WAY]), student.c.standing.in_(owed))
        with self.database.reading() as connection:
            return [
                key
                for some in in_portions(keys)
                for key in connection.scalars(query.where(mailbox.c.student_id.in_(some)))
            ]

    def _observe(self, connection: Connection, known: Mapping[int, Watched], sights: Sequence[Sighting]) -> None:
        """Store them by few statements: nobody else can write meanwhile on SQLite, not even for who waits."""
        now = self.author.clock()
        rows, entries, news = [], [], []
        for sight in sights:
            before = known[sight.student]
            after = onward(before, sight.state, now, held=sight.held)
            problem = sight.problem or (OVERDUE if after.state is MailboxState.STUCK else "")
            seen = {"problem": problem[:LONGEST_DETAIL], "observed_at": now, "object_id": sight.identifier}
            rows.append(_as_seen(sight.student, _columns(after) | seen))
            if after.state is not before.state:
                entries.append(_entry(sight.student, f"mailbox {after.state.value}", problem))
                news.append((sight.student, after.state))
        if rows:
            connection.execute(SEEN, rows)
        self.author.write(connection, entries)
        self._tell(connection, news)

    def _tell(self, connection: Connection, news: Sequence[tuple[int, MailboxState]]) -> None:
        """Queue the letters that go with new states; an address in conflict is blocked for good."""
        in_conflict = [student for student, state in news if state is MailboxState.CONFLICT]
        if in_conflict:
            theirs = select(mailbox.c.address).where(mailbox.c.student_id.in_(in_conflict))
            connection.execute(update(address).where(address.c.address.in_(theirs)).values(kind=BLOCKED))
        letters = [(student, LETTER[state]) for student, state in news if state in LETTER]
        if letters:
            told = told_since_request(connection, [student for student, _ in letters])
            self.messages.write_all(connection, [each for each in letters if each not in told])

    def _reserve(self, connection: Connection, student: Student, wanted: str, alias: str) -> None:
        now, look = self.author.clock(), likeness_of(wanted)
        given = {"address": wanted, "student_id": student.key, "kind": PRIMARY, "given_at": now, "likeness": look}
        one_at_a_time(connection, look)
        connection.execute(insert(address).values(given))
        of_others = (address.c.likeness == look, address.c.student_id != student.key)
        if connection.scalar(select(address.c.address).where(*of_others).limit(1)):
            raise TooAlike(WHY[NameFault.LIKE_TAKEN])
        # A request in conflict is replaced; any other second one meets the unique constraint.
        in_conflict = mailbox.c.state == MailboxState.CONFLICT.value
        connection.execute(delete(mailbox).where(mailbox.c.student_id == student.key, in_conflict))
        connection.execute(insert(mailbox).values(self._requested(student, wanted, alias)))
        self.author.write(connection, [_entry(student.key, "mailbox requested", "")])

    def _request(self, connection: Connection, student: Student) -> None:
        now = self.author.clock()
        waiting = {"student_id": student.key, "kind": MAILBOX, "made_at": now, "not_before": now}
        connection.execute(insert(request).values(waiting | {"attempts": 0, "problem": ""}))

    def _requested(self, student: Student, wanted: str, alias: str) -> dict[str, Any]:
        return {
            "student_id": student.key,
            "address": wanted,
            "alias": alias,
            "state": MailboxState.REQUESTED.value,
            "problem": "",
            "requested_at": self.author.clock(),
            "next_look_at": self.author.clock(),
            "looks": 0,
        }


def _entry(student: int, step: str, detail: str) -> JournalEntry:
    return JournalEntry(student, "mailboxes", step, Result.DONE, detail)


def _as_seen(student: int, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what SEEN is given; its names must not be those of columns."""
    return {f"seen_{name}": value for name, value in values.items()} | {"whose": student}


def likeness_of(address: str) -> str:
    """Return what an address looks like at a glance; the domain is everybody's."""
    return likeness(address.partition("@")[0])


def one_at_a_time(connection: Connection, look: str) -> None:
    """Let look-alikes be given one after the other; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(look, 0))))


def _watched(connection: Connection, addresses: Mapping[int, str | None]) -> dict[int, Watched]:
    """Return what is known of these students' mailboxes, kept from others until the end of the transaction.

    Those that have another address by now, after a conflict or a rename, are left out.
    """
    theirs = mailbox.c.student_id.in_(addresses)
    rows = connection.execute(select(mailbox).where(theirs).order_by(mailbox.c.student_id).with_for_update())
    return {
        row["student_id"]: _read(row)
        for row in rows.mappings()
        if addresses[row["student_id"]] in (None, row["address"])
    }


def _read(row: RowMapping) -> Watched:
    reached = {state: row[column] for state, column in SEEN_IN.items() if row[column] is not None}
    return Watched(MailboxState(row["state"]), row["looks"], row["next_look_at"], row["waits_since"], reached)


def _columns(watched: Watched) -> dict[str, Any]:
    reached = {column: watched.reached.get(state) for state, column in SEEN_IN.items()}
    waits = {"next_look_at": watched.next_look_at, "waits_since": watched.waits_since}
    return {"state": watched.state.value, "looks": watched.looks} | waits | reached


def told_since_request(connection: Connection, students: Sequence[int]) -> set[tuple[int, str]]:
    """Return what these students were written since they asked for a mailbox; it may be seen to work more than once."""
    query = select(message.c.student_id, message.c.kind).join(mailbox, mailbox.c.student_id == message.c.student_id)
    since = (mailbox.c.student_id.in_(students), message.c.made_at >= mailbox.c.requested_at)
    return {(row.student_id, row.kind) for row in connection.execute(query.where(*since))}
