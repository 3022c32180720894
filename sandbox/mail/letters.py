"""Every letter the sink answered for, in one SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists letters (
    id integer primary key, received_at text not null, sender text not null, message_id text, content blob not null);
create table if not exists deliveries (
    letter integer not null references letters, recipient text not null collate nocase, message_id text not null);
create table if not exists mailboxes (
    letter integer not null references letters, mailbox text not null collate nocase);
create index if not exists mailboxes_by_name on mailboxes (mailbox);
create index if not exists mailboxes_of_letter on mailboxes (letter);
create index if not exists deliveries_of_recipient on deliveries (recipient, message_id);
create index if not exists deliveries_of_letter on deliveries (letter);
create index if not exists letters_by_time on letters (received_at);
"""
COUNT = """
select (select count(*) from letters) as accepted,
       (select count(*) from (
            select distinct recipient, deliveries.message_id from deliveries join letters on letters.id = letter
            where sender <> ?)) as "distinct",
       (select count(distinct recipient) from deliveries) as recipients
"""
FOUND = """
select letters.*, (select json_group_array(recipient) from deliveries where letter = letters.id) as recipients,
    (select json_group_array(mailbox) from mailboxes where letter = letters.id) as mailboxes
from letters where {} order by id desc limit ?
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which letters to show: to whom, in which mailbox, from which moment on, how many of the newest."""

    recipient: str = ""
    part_of_recipient: str = ""
    mailbox: str = ""
    since: datetime | None = None
    limit: int = 100

    def condition(self) -> tuple[str, list[object]]:
        """Return the SQL condition and its values."""
        wanted = list(self._conditions())
        return " and ".join(sql for sql, _ in wanted) or "true", [value for _, value in wanted]

    def _conditions(self) -> Iterator[tuple[str, object]]:
        to = "id in (select letter from deliveries where {})"
        if self.recipient:
            yield to.format("recipient = ?"), self.recipient
        if self.part_of_recipient:
            yield to.format("instr(lower(recipient), lower(?))"), self.part_of_recipient
        if self.mailbox:
            yield "id in (select letter from mailboxes where mailbox = ?)", self.mailbox
        if self.since:
            yield "received_at >= ?", stamp(self.since)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter as it came; `mailboxes` are those that its recipients' addresses lead to, where that is known."""

    sender: str
    recipients: Sequence[str]
    message_id: str | None
    content: bytes
    received_at: datetime
    mailboxes: Sequence[str] = ()


class Letters:
    """The kept letters; what `add` returned from outlives the process."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "mail.sqlite"
        self._writer = self._open()
        self._writer.executescript(SCHEMA)

    def add(self, new: Letter) -> None:
        """Keep a letter, committed on return (RFC 5321, 4.2.5: with 250 the receiver takes the responsibility)."""
        with self._transaction() as db:
            letter = db.execute(
                "insert into letters (received_at, sender, message_id, content) values (?, ?, ?, ?)",
                (stamp(new.received_at), new.sender, new.message_id, new.content),
            ).lastrowid
            rows = [(letter, recipient, new.message_id or f"letter {letter}") for recipient in new.recipients]
            db.executemany("insert into deliveries values (?, ?, ?)", rows)
            db.executemany("insert into mailboxes values (?, ?)", [(letter, each) for each in new.mailboxes])

    def found(self, wanted: Wanted) -> list[dict[str, Any]]:
        """Return the wanted letters as rows, the newest first."""
        condition, values = wanted.condition()
        return self._rows(FOUND.format(condition), *values, wanted.limit)

    def one(self, number: int) -> dict[str, Any] | None:
        """Return the letter of this number."""
        return next(iter(self._rows(FOUND.format("id = ?"), number, 1)), None)

    def count(self, without: str = "") -> dict[str, int]:
        """Count the letters, the different (recipient, Message-ID) pairs but one sender's, and the recipients."""
        return self._rows(COUNT, without)[0]

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def _rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Read on a connection of our own, so that any thread may ask."""
        with closing(self._open()) as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(sql, values)]

    def _open(self) -> sqlite3.Connection:
        """Open the file so that a commit outlives the process; it need not outlive a power cut, so the disk may lag."""
        db = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = off")
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._writer.execute("begin immediate")
        with self._writer:
            yield self._writer


def stamp(moment: datetime) -> str:
    """Return the moment as text that sorts by time: UTC, microseconds, Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
