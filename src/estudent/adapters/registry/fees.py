"""Students' accounts, receivables and bookings as they stand in the registry."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import Column, Connection, Numeric, TypeCoerce, select, type_coerce

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import booking, payment_account, receivable
from estudent.adapters.registry.till import stands
from estudent.domain.fees import Account, Booking, Ledger, Receivable
from estudent.domain.nrb import Nrb


class SqlFees:
    """Port `Fees` on the registry; the account for `purpose` is a student's main one."""

    def __init__(self, database: Database, purpose: str) -> None:
        self.database, self.purpose = database, purpose

    def of(self, student: int) -> Ledger:
        """Return a student's accounts, receivables and bookings, as they stood in one moment."""
        with self.database.reading() as connection:
            accounts = self._accounts(connection, student)
            return Ledger(
                tuple(accounts), tuple(_receivables(connection, student)), tuple(_bookings(connection, accounts))
            )

    def _accounts(self, connection: Connection, student: int) -> list[Account]:
        mine = payment_account.c.student_id == student
        query = select(*payment_account.c["id", "purpose", "nrb"]).where(mine).order_by(payment_account.c.id)
        found = [Account(key, purpose, Nrb(number)) for key, purpose, number in connection.execute(query)]
        return sorted(found, key=lambda account: account.purpose != self.purpose)


def _receivables(connection: Connection, student: int) -> list[Receivable]:
    columns = receivable.c["id", "title", "currency", "due_date", "payment_account_id"]
    query = select(*columns, _amount(receivable.c.amount)).where(
        receivable.c.student_id == student, receivable.c.state == "owed"
    )
    return [
        Receivable(key, title, _money(amount), currency, due, account)
        for key, title, currency, due, account, amount in connection.execute(query.order_by(receivable.c.id))
    ]


def _bookings(connection: Connection, accounts: list[Account]) -> list[Booking]:
    columns = booking.c["booking_date", "currency", "payment_account_id"]
    ours = booking.c.payment_account_id.in_([account.key for account in accounts])
    query = select(*columns, _amount(booking.c.amount)).where(ours, stands()).order_by(booking.c.id)
    return [
        Booking(day, _money(amount), currency, account) for day, currency, account, amount in connection.execute(query)
    ]


def _amount(column: Column[Decimal]) -> TypeCoerce[float]:
    # SQLite has no decimals and SQLAlchemy warns of each; the 12 digits of an amount pass a float unharmed (15).
    return type_coerce(column, Numeric(12, 2, asdecimal=False))


def _money(amount: float) -> Decimal:
    return Decimal(f"{amount:.2f}")
