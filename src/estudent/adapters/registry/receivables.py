"""Receivables in the registry: taken in, corrected and cancelled under their number, and who was reminded of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, literal, or_, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.tables import Moment, fee_file, fee_reminder, payment_account, receivable, student
from estudent.adapters.registry.till import amount_of, booking_turn, money_of
from estudent.domain.asked_for import AskedFor, RowFault, Taken
from estudent.domain.outcome import Result
from estudent.ports import JournalEntry, ReceivableFile

SYSTEM = "receivables"
REMINDER = "fee_reminder"
AT_ONCE = 1000
FOR_A_PURPOSE = "a purpose for which accounts are numbered (see docs/fees.md), empty for the main one"
FIELDS = ("payment_account_id", "title", "amount", "currency", "due_date", "state", "instalment", "instalments")
Kept = dict[str, Any]


class SqlReceivables:
    """Port `Receivables` on the registry; what names no purpose goes to the account for `purpose`."""

    def __init__(self, database: Database, author: Author, purpose: str) -> None:
        self.database, self.author, self.purpose = database, author, purpose

    def knows(self, digest: str) -> bool:
        """Tell whether exactly this file was taken in before."""
        with self.database.reading() as connection:
            return connection.scalar(select(fee_file.c.id).where(fee_file.c.digest == digest)) is not None

    def take(self, file: ReceivableFile, rows: Sequence[AskedFor]) -> Taken:
        """Store a file's rows in one transaction: new ones, corrected ones, cancelled ones; the rest is a fault.

        A file with a fault is not known afterwards, since what the row waits for may come; read again, it overrules
        nothing that a later file has said.
        """
        taken, now = Taken(), self.author.clock()
        values = {"kind": "receivables", "name": file.name[:255], "bank": "", "digest": file.digest, "read_at": now}
        with booking_turn(self.database) as connection:
            begun = insert_if_new(connection, fee_file).values(values).returning(fee_file.c.id)
            key = connection.scalar(begun)
            if key is not None:
                for at in range(0, len(rows), AT_ONCE):
                    self._take(connection, rows[at : at + AT_ONCE], file.written, taken)
                if taken.faults:
                    connection.execute(delete(fee_file).where(fee_file.c.id == key))
        return taken

    def _take(self, connection: Connection, rows: Sequence[AskedFor], written: datetime, taken: Taken) -> None:
        students, accounts = _whose(connection, rows)
        kept = _kept(connection, rows)
        entries: list[JournalEntry] = []
        for row in rows:
            owner = students.get(str(row.album))
            if owner is None:
                right = "an album number of the registry; recruitment sends it first"
                taken.faults.append(RowFault(row.line, "album", "no student has this album number", right))
                continue
            account = accounts.get((owner, row.purpose or self.purpose))
            if account is None and row.purpose not in {"", self.purpose}:
                taken.faults.append(RowFault(row.line, "purpose", "the student has no account for it", FOR_A_PURPOSE))
                continue
            wanted = _row(row, account) | {"seen_at": written}
            before = kept.get(row.source)
            if before and before["student_id"] != owner:
                right = "a number of its own for each receivable"
                taken.faults.append(RowFault(row.line, "source", "this number is another student's receivable", right))
                continue
            if before and before["seen_at"] and before["seen_at"] > written:
                taken.unchanged += 1
                continue
            wanted["student_id"] = owner
            entries += self._store(connection, row, wanted, before, taken)
            kept[row.source] = wanted
        said = (receivable.c.source_id.in_(list(kept)), receivable.c.seen_at < written)
        connection.execute(update(receivable).where(*said).values(seen_at=written))
        self.author.write(connection, entries)

    def _store(
        self, connection: Connection, row: AskedFor, wanted: Kept, before: Kept | None, taken: Taken
    ) -> Iterator[JournalEntry]:
        owner, told = wanted["student_id"], f"{row.amount} {row.currency}, due {row.due}"
        if before is None:
            connection.execute(insert(receivable).values(wanted | {"source_id": row.source}))
            taken.new += 1
            yield JournalEntry(owner, SYSTEM, "receivable new", Result.DONE, told)
            return
        change = {name: wanted[name] for name in FIELDS if wanted[name] != before[name]}
        if not change:
            taken.unchanged += 1
            return
        connection.execute(CHANGE.values(change | {"seen_at": wanted["seen_at"]}), {"source": row.source})
        cancels = change.get("state") == "cancelled"
        taken.cancelled += cancels
        taken.changed += not cancels
        earlier = f"{before['amount']} {before['currency']}, due {before['due_date']}"
        step = "receivable cancelled" if cancels else "receivable corrected"
        yield JournalEntry(owner, SYSTEM, step, Result.DONE, f"{earlier} → {told}")


REMINDED = (
    select(fee_reminder.c.receivable_id)
    .where(fee_reminder.c.receivable_id == receivable.c.id, fee_reminder.c.due_date == receivable.c.due_date)
    .exists()
)
CHANGE = update(receivable).where(receivable.c.source_id == bindparam("source"))


def _whose(connection: Connection, rows: Sequence[AskedFor]) -> tuple[dict[str, int], dict[tuple[int, str], int]]:
    albums = {str(row.album) for row in rows}
    found = connection.execute(select(student.c.album_number, student.c.id).where(student.c.album_number.in_(albums)))
    students: dict[str, int] = {row.album_number: row.id for row in found}
    columns = payment_account.c["student_id", "purpose", "id"]
    theirs = payment_account.c.student_id.in_(list(students.values()))
    accounts = {(row.student_id, row.purpose): row.id for row in connection.execute(select(*columns).where(theirs))}
    return students, accounts


def _kept(connection: Connection, rows: Sequence[AskedFor]) -> dict[str, Kept]:
    names = [name for name in ("source_id", "student_id", "seen_at", *FIELDS) if name != "amount"]
    query = select(*(receivable.c[name] for name in names), amount_of(receivable))
    found = connection.execute(query.where(receivable.c.source_id.in_([row.source for row in rows])))
    return {row.source_id: dict(row._mapping) | {"amount": money_of(row.amount)} for row in found}


def _row(row: AskedFor, account: int | None) -> Kept:
    return {
        "payment_account_id": account,
        "title": row.title,
        "amount": row.amount,
        "currency": row.currency,
        "due_date": row.due,
        "state": "cancelled" if row.cancelled else "owed",
        "instalment": row.instalment,
        "instalments": row.instalments,
    }


class SqlReminders:
    """Port `Reminders` on the registry."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages) -> None:
        self.database, self.author, self.messages = database, author, messages

    def due(self, until: date) -> list[tuple[int, int, date]]:
        """Return receivables due by this day of which nobody was reminded: their key, the student's, the due date.

        One whose due date has changed since is there again: nobody was reminded of that day.
        """
        columns = receivable.c["id", "student_id", "due_date"]
        open_ = (receivable.c.state == "owed", ~REMINDED, receivable.c.due_date <= until)
        query = select(*columns).where(*open_, receivable.c.amount > Decimal(0)).order_by(columns[1], columns[0])
        with self.database.reading() as connection:
            return [(row.id, row.student_id, row.due_date) for row in connection.execute(query)]

    def remind(self, whose: int, receivables: Mapping[int, date]) -> bool:
        """Queue one letter for receivables that are owed on these due dates, once for each.

        False when there is none: another run has done it, or they were cancelled or put off meanwhile.
        """
        with self.database.writing() as connection:
            command = insert_if_new(connection, fee_reminder).from_select(
                fee_reminder.c.keys(), self._still_owed(receivables)
            )
            if not connection.scalars(command.returning(fee_reminder.c.receivable_id)).all():
                return False
            self.messages.write(connection, whose, REMINDER)
            entry = JournalEntry(whose, SYSTEM, "reminder queued", Result.DONE, "")
            self.author.write(connection, [entry])
        return True

    def _still_owed(self, receivables: Mapping[int, date]) -> Select[Any]:
        columns = receivable.c["id", "due_date"]
        as_they_were = or_(*(and_(columns[0] == key, columns[1] == due) for key, due in receivables.items()))
        query = select(*columns, literal(self.author.clock(), Moment).label("made_at"))
        return query.where(receivable.c.state == "owed", as_they_were)
