"""The journal: what happened to whom, and what is owed to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
)

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.students import meant
from estudent.adapters.registry.tables import (
    Moment,
    account,
    journal,
    letter,
    mailbox,
    payment_account,
    student,
    usos_link,
)
from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed, standings_owed
from estudent.domain.outcome import Result
from estudent.domain.shard import Shard
from estudent.domain.student import AccountState, LinkState, MailboxState
from estudent.domain.whom import Whom
from estudent.ports import JournalEntry, JournalLine

LONGEST_DETAIL = 500
ALBUM_NUMBER = "album_number"
"""The kind of the letter that is owed."""


@dataclass(frozen=True, slots=True)
class Author:
    """Under whose name a run writes its journal, and what time it is."""

    actor: str
    run: str
    clock: Callable[[], datetime]

    def write(self, connection: Connection, entries: Iterable[JournalEntry]) -> None:
        """Write entries within a transaction that changes what they tell of."""
        at = self.clock()
        rows = [
            {
                "student_id": entry.student,
                "at": at,
                "actor": self.actor,
                "run": self.run,
                "system": entry.system,
                "step": entry.step,
                "result": entry.result.value,
                "detail": entry.detail[:LONGEST_DETAIL],
            }
            for entry in entries
        ]
        if rows:
            connection.execute(insert(journal), rows)

    def entries(self, each: EntryForEach) -> Select[Any]:
        """Return the query for entries, one for each of the rows that it will be told to select from."""
        return select(
            each.student.label("student_id"),
            literal(self.clock(), Moment).label("at"),
            literal(self.actor).label("actor"),
            literal(self.run).label("run"),
            literal(each.system).label("system"),
            each.step.label("step"),
            literal(each.result.value).label("result"),
            each.detail.label("detail"),
        )


@dataclass(frozen=True, slots=True)
class EntryForEach:
    """What the journal says of each row of a query: an entry as the database itself makes it."""

    student: ColumnElement[int]
    system: str
    step: ColumnElement[str]
    result: Result
    detail: ColumnElement[str]


TOLD = (
    select(journal.c.id)
    .where(
        journal.c.student_id == bindparam("student"),
        journal.c.system == bindparam("system"),
        journal.c.step == bindparam("step"),
    )
    .limit(1)
)


class SqlJournal:
    """Port `Journal` on the registry."""

    def __init__(self, database: Database, author: Author) -> None:
        self.database, self.author = database, author

    def note(self, entries: Iterable[JournalEntry]) -> None:
        """Store entries under this journal's actor and run."""
        written = list(entries)
        if written:
            with self.database.writing() as connection:
                self.author.write(connection, written)

    def of(self, student: int) -> list[JournalLine]:
        """Return a student's history, oldest first."""
        columns = [journal.c[name] for name in ("at", "system", "step", "result", "detail", "actor", "run")]
        query = select(*columns).where(journal.c.student_id == student).order_by(journal.c.id)
        with self.database.reading() as connection:
            return [JournalLine(*row) for row in connection.execute(query)]

    def tells(self, student: int, system: str, step: str) -> bool:
        """Tell whether a student's history has such a step."""
        with self.database.reading() as connection:
            return connection.execute(TOLD, {"student": student, "system": system, "step": step}).first() is not None

    def done(self, shard: Shard) -> dict[str, int]:
        """Return how many steps of a shard are done, by their first words, whoever had it in hand."""
        theirs = journal.c.student_id.between(shard.first, shard.last)
        mine = (journal.c.run == shard.run, journal.c.system == shard.system, journal.c.result == Result.DONE.value)
        query = select(journal.c.step, func.count()).where(theirs, *mine).group_by(journal.c.step)
        done: Counter[str] = Counter()
        with self.database.reading() as connection:
            for step, many in connection.execute(query):
                done[step.partition(" ")[0]] += many
        return done

    def owed(self, whom: Whom) -> dict[str, list[AlbumNumber]]:
        """Return for each thing owed the students who do not have it yet."""
        with self.database.reading() as connection:
            return {what.value: _without(connection, what, whom) for what in Owed}


def _without(connection: Connection, what: Owed, whom: Whom) -> list[AlbumNumber]:
    query = (
        select(student.c.album_number)
        .select_from(student.join(account).outerjoin(mailbox).outerjoin(usos_link))
        .where(meant(whom), student.c.standing.in_([each.value for each in standings_owed(what)]), LACKING[what])
        .order_by(student.c.album_number)
    )
    return [AlbumNumber(row.album_number) for row in connection.execute(query)]


def _none_of(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = table.c.student_id == student.c.id
    return not_(select(table.c.id).where(mine, *conditions).exists())


LACKING: dict[Owed, ColumnElement[bool]] = {
    Owed.LETTER: _none_of(letter, letter.c.kind == ALBUM_NUMBER, letter.c.sent_at.is_not(None)),
    Owed.ENTRY: account.c.entry_seen_at.is_(None),
    Owed.SIGN_IN: account.c.state != AccountState.ACTIVE.value,
    Owed.MAILBOX: and_(mailbox.c.student_id.is_not(None), mailbox.c.state != MailboxState.VERIFIED.value),
    Owed.USOS_LINK: and_(
        mailbox.c.state == MailboxState.VERIFIED.value,
        or_(usos_link.c.email.is_distinct_from(mailbox.c.address), usos_link.c.state != LinkState.VERIFIED.value),
    ),
    Owed.PAYMENT_ACCOUNT: _none_of(payment_account),
}
"""For each thing owed, the condition under which a student lacks it; a mailbox is owed once it was asked for."""
