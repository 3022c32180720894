"""What a clerk sees and decides of statements' lines; each decision is one transaction with its line in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, insert, or_, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import (
    booking,
    fee_file,
    payment_account,
    person,
    statement,
    statement_line,
    student,
)
from estudent.adapters.registry.till import (
    amount_of,
    booking_turn,
    line_of,
    lines_of,
    money_of,
    owed_by_account,
    stands,
)
from estudent.domain.album_number import AlbumNumber
from estudent.domain.booking_rules import Unmatched
from estudent.domain.outcome import Result
from estudent.domain.statement import NOTHING, StatementLine
from estudent.domain.unmatched_line import Clue, DeskLine, Suggestion, album_numbers_in, mistyped, names_in
from estudent.ports import Fate, JournalEntry

SYSTEM = "desk"
SUGGESTED = 10
BOOKED_FOR = statement_line.outerjoin(booking, and_(booking.c.statement_line_id == statement_line.c.id, stands()))


class SqlPaymentDesk:
    """Port `PaymentDesk` on the registry; the account for `purpose` is a student's main one."""

    def __init__(self, database: Database, author: Author, purpose: str) -> None:
        self.database, self.author, self.purpose = database, author, purpose

    def counts(self) -> dict[Fate, int]:
        """Return how many lines there are of each fate."""
        query = select(statement_line.c.state, func.count()).group_by(statement_line.c.state)
        with self.database.reading() as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {fate: found.get(fate.value, 0) for fate in Fate}

    def lines(self, fate: Fate, most: int) -> list[DeskLine]:
        """Return lines of one fate, the newest first."""
        query = _lines().where(statement_line.c.state == fate.value).order_by(statement_line.c.id.desc()).limit(most)
        with self.database.reading() as connection:
            return [_desk_line(row) for row in connection.execute(query)]

    def line(self, key: int) -> DeskLine | None:
        """Return one line."""
        with self.database.reading() as connection:
            row = connection.execute(_lines().where(statement_line.c.id == key)).one_or_none()
        return _desk_line(row) if row else None

    def suggestions(self, line: StatementLine) -> list[Suggestion]:
        """Return whose account the line might be meant for, those with most clues and the right amount first."""
        with self.database.reading() as connection:
            clues: dict[int, list[Clue]] = {}
            for clue, condition in _conditions(line):
                for key in connection.scalars(_accounts(condition).limit(SUGGESTED)):
                    clues.setdefault(key, []).append(clue)
            found = [*self._suggested(connection, clues, line)]
        return sorted(found, key=lambda each: (-len(each.clues), each.owed != line.amount, each.album.digits))[
            :SUGGESTED
        ]

    def accounts_of(self, album: AlbumNumber, line: StatementLine) -> list[Suggestion]:
        """Return the accounts of the student with this album number."""
        with self.database.reading() as connection:
            keys = connection.scalars(_accounts(student.c.album_number == str(album)))
            return [*self._suggested(connection, {key: [] for key in keys}, line)]

    def assign(self, key: int, account: int, day: date | None, told: str) -> bool:
        """Book an unmatched line on an account; False when it is not unmatched any more, or has no booking date."""
        with booking_turn(self.database) as connection:
            row = connection.execute(_waiting(key)).one_or_none()
            booked_on = row and (row.booking_date or day)
            whose = connection.scalar(select(payment_account.c.student_id).where(payment_account.c.id == account))
            if row is None or booked_on is None or whose is None:
                return False
            line = line_of(row)
            values = {"booking_date": booked_on, "amount": line.amount, "currency": line.currency}
            source = {"source_line": _source(connection, key), "statement_line_id": key}
            where = {"payment_account_id": account, "made_at": self.author.clock()}
            connection.execute(insert(booking).values(values | source | where))
            self._settle(connection, key, Fate.BOOKED, "", told)
            detail = f"{line.amount} {line.currency}, booked on {booked_on}; {told}"
            self._journal(connection, whose, "payment assigned", detail)
        return True

    def set_aside(self, key: int, told: str) -> bool:
        """Say of an unmatched line that it is no student's; False when it is not unmatched any more."""
        with booking_turn(self.database) as connection:
            if connection.execute(_waiting(key)).one_or_none() is None:
                return False
            self._settle(connection, key, Fate.ASIDE, "", told)
        return True

    def undo(self, key: int, told: str) -> bool:
        """Let a line wait again, and take its booking back; False when it is neither booked nor set aside."""
        with booking_turn(self.database) as connection:
            state = connection.scalar(select(statement_line.c.state).where(statement_line.c.id == key))
            if state == Fate.BOOKED.value:
                self._take_back(connection, key, told)
            elif state != Fate.ASIDE.value:
                return False
            self._settle(connection, key, Fate.UNMATCHED, Unmatched.UNDONE, told)
        return True

    def _take_back(self, connection: Connection, key: int, told: str) -> None:
        columns = booking.c["id", "payment_account_id", "booking_date", "currency"]
        query = select(*columns, amount_of(booking)).where(booking.c.statement_line_id == key, stands())
        made = connection.execute(query).one()
        amount = money_of(made.amount)
        back = {
            "payment_account_id": made.payment_account_id,
            "booking_date": made.booking_date,
            "amount": -amount,
            "currency": made.currency,
            "source_line": _source(connection, key),
            "statement_line_id": key,
            "undoes": made.id,
            "made_at": self.author.clock(),
        }
        connection.execute(insert(booking).values(back))
        owner = select(payment_account.c.student_id).where(payment_account.c.id == made.payment_account_id)
        detail = f"{amount} {made.currency}; {told}"
        self._journal(connection, connection.execute(owner).scalar_one(), "payment taken back", detail)

    def _settle(self, connection: Connection, key: int, fate: Fate, reason: str, told: str) -> None:
        decision = f"{self.author.actor}: {told}"[:300]
        values = {"state": fate.value, "reason": str(reason), "decision": decision}
        connection.execute(update(statement_line).where(statement_line.c.id == key).values(values))

    def _journal(self, connection: Connection, whose: int, step: str, detail: str) -> None:
        self.author.write(connection, [JournalEntry(whose, SYSTEM, step, Result.DONE, detail)])

    def _suggested(
        self, connection: Connection, clues: dict[int, list[Clue]], line: StatementLine
    ) -> Iterable[Suggestion]:
        columns = (*payment_account.c["id", "student_id", "purpose"], student.c.album_number)
        names = (person.c.given_name, person.c.family_name)
        query = select(*columns, *names).select_from(payment_account.join(student).join(person))
        rows = connection.execute(query.where(payment_account.c.id.in_(list(clues)))).all()
        owed = owed_by_account(connection, {row.student_id for row in rows}, self.purpose)
        for row in rows:
            if row.album_number:
                sums = owed.get(row.student_id, {}).get(row.id, {})
                yield Suggestion(
                    row.id,
                    AlbumNumber(row.album_number),
                    f"{row.given_name} {row.family_name}".strip(),
                    row.purpose,
                    tuple(clues[row.id]),
                    sums.get(line.currency, NOTHING),
                )


def _conditions(line: StatementLine) -> Iterable[tuple[Clue, ColumnElement[bool]]]:
    text = f"{line.title} {line.payer}"
    if albums := album_numbers_in(line.title):
        yield Clue.ALBUM_NUMBER, student.c.album_number.in_(albums)
    if len(line.account) == 26:
        yield Clue.NEAR_ACCOUNT, or_(*(payment_account.c.nrb.like(pattern) for pattern in mistyped(line.account)))
    if names := names_in(text):
        yield Clue.NAME, and_(person.c.family_name.in_(names), person.c.given_name.in_(names))


def _accounts(condition: ColumnElement[bool]) -> Select[tuple[int]]:
    query = select(payment_account.c.id).select_from(payment_account.join(student).join(person))
    return query.where(condition).order_by(payment_account.c.id)


def _waiting(key: int) -> Select[Any]:
    waits = (statement_line.c.id == key, statement_line.c.state == Fate.UNMATCHED.value)
    return lines_of(statement_line).where(*waits).with_for_update()


def _source(connection: Connection, key: int) -> str:
    """Return a name that no booking of this line has had."""
    query = select(func.count()).select_from(booking).where(booking.c.statement_line_id == key)
    return f"statement line {key}, {connection.scalar(query)}"


def _lines() -> Select[Any]:
    where = BOOKED_FOR.join(statement, statement_line.c.statement_id == statement.c.id).join(fee_file)
    where = where.outerjoin(payment_account, booking.c.payment_account_id == payment_account.c.id).outerjoin(student)
    more = (fee_file.c.name.label("file"), statement.c.number.label("of"), student.c.album_number)
    return lines_of(statement_line).add_columns(*more).select_from(where)


def _desk_line(row: Any) -> DeskLine:
    album = AlbumNumber(row.album_number) if row.album_number else None
    return DeskLine(row.id, row.file, row.of, line_of(row), row.state, row.reason, row.decision, album)
