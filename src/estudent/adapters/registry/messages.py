"""Letters that the portal caused: a row when they are due, claimed by one sender at a time; no secret is stored."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, insert, or_, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.outbox import wait_before
from estudent.adapters.registry.tables import message
from estudent.domain.letter import GIVEN_UP_AFTER, OUT_OF_DATE_AFTER
from estudent.domain.outcome import Result
from estudent.ports import JournalEntry, Message

CLAIM = timedelta(minutes=5)


class SqlMessages:
    """Port `Messages` on the registry; Message-IDs end in the mail domain."""

    def __init__(self, database: Database, author: Author, mail_domain: str) -> None:
        self.database, self.author, self.mail_domain = database, author, mail_domain

    def queue(self, student: int, kind: str) -> str:
        """Let a letter of this kind be sent; return its Message-ID."""
        with self.database.writing() as connection:
            return self.write(connection, student, kind)

    def write(self, connection: Connection, student: int, kind: str) -> str:
        """Queue a letter within a transaction that changes what it tells of; return its Message-ID."""
        (identifier,) = self.write_all(connection, [(student, kind)])
        return identifier

    def write_all(self, connection: Connection, letters: Iterable[tuple[int, str]]) -> list[str]:
        """Queue letters, each given by its student and kind, at once; return their Message-IDs."""
        now = self.author.clock()
        rows = [
            {
                "student_id": student,
                "kind": kind,
                "message_id": f"<{secrets.token_hex(16)}@{self.mail_domain}>",
                "made_at": now,
                "not_before": now,
                "attempts": 0,
                "problem": "",
            }
            for student, kind in letters
        ]
        if rows:
            connection.execute(insert(message), rows)
        return [str(row["message_id"]) for row in rows]

    def claim(self, most: int) -> list[Message]:
        """Take waiting letters that are not out of date, oldest first; a claim that is not finished runs out."""
        now = self.author.clock()
        ready = (
            select(message)
            .where(message.c.sent_at.is_(None), message.c.not_before <= now, _of_use(now))
            .order_by(message.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        if not self._anything_waits(now):
            return []
        with self.database.writing() as connection:
            taken = [
                Message(row.id, row.student_id, row.kind, row.message_id, row.attempts)
                for row in connection.execute(ready)
            ]
            claimed = message.c.id.in_([each.key for each in taken])
            connection.execute(update(message).where(claimed).values(not_before=now + CLAIM))
        return taken

    def sent(self, message_sent: Message) -> None:
        """Note that the post took it, in the row and in the journal at once."""
        done = {"sent_at": self.author.clock(), "attempts": message.c.attempts + 1, "problem": ""}
        step = f"sent {message_sent.kind}"
        entry = JournalEntry(message_sent.student, "letters", step, Result.DONE, message_sent.message_id)
        with self.database.writing() as connection:
            connection.execute(update(message).where(message.c.id == message_sent.key).values(done))
            self.author.write(connection, [entry])

    def put_back(self, messages: Iterable[Message], problem: str, at_least: timedelta = timedelta(0)) -> None:
        """Let letters wait for another try, each a little longer than before; their problem is kept."""
        now = self.author.clock()
        command = (
            update(message)
            .where(message.c.id == bindparam("key"))
            .values(attempts=message.c.attempts + 1, not_before=bindparam("later"), problem=problem[:LONGEST_DETAIL])
        )
        rows = [{"key": each.key, "later": now + max(at_least, wait_before(each.attempts))} for each in messages]
        if rows:
            with self.database.writing() as connection:
                connection.execute(command, rows)

    def waiting(self) -> int:
        """Return how many letters are neither sent nor out of date."""
        unsent = (message.c.sent_at.is_(None), _of_use(self.author.clock()))
        with self.database.reading() as connection:
            return connection.scalar(select(func.count()).select_from(message).where(*unsent)) or 0

    def _anything_waits(self, now: datetime) -> bool:
        """Look before taking the registry's only place for a writer, once a second in every process."""
        due = (message.c.sent_at.is_(None), message.c.not_before <= now, _of_use(now))
        with self.database.reading() as connection:
            return connection.scalar(select(message.c.id).where(*due).limit(1)) is not None


def _of_use(now: datetime) -> ColumnElement[bool]:
    """Return the condition under which a letter is still worth sending: codes run out, all else after two days."""
    short_lived = [
        and_(message.c.kind == kind, message.c.made_at > now - after) for kind, after in OUT_OF_DATE_AFTER.items()
    ]
    others = and_(message.c.kind.not_in(OUT_OF_DATE_AFTER), message.c.made_at > now - GIVEN_UP_AFTER)
    return or_(others, *short_lived)
