"""Students' accounts, receivables and bookings as they stand in the registry."""

from __future__ import annotations

from sqlalchemy import Connection, select

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import booking, payment_account, receivable
from estudent.adapters.registry.till import amount_of, money_of, stands
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
    query = select(*columns, amount_of(receivable)).where(
        receivable.c.student_id == student, receivable.c.state == "owed"
    )
    return [
        Receivable(key, title, money_of(amount), currency, due, account)
        for key, title, currency, due, account, amount in connection.execute(query.order_by(receivable.c.id))
    ]


def _bookings(connection: Connection, accounts: list[Account]) -> list[Booking]:
    columns = booking.c["booking_date", "currency", "payment_account_id"]
    ours = booking.c.payment_account_id.in_([account.key for account in accounts])
    query = select(*columns, amount_of(booking)).where(ours, stands()).order_by(booking.c.id)
    return [
        Booking(day, money_of(amount), currency, account)
        for day, currency, account, amount in connection.execute(query)
    ]
