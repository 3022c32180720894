"""Which bookings were handed to USOS or the bursar's office (FK), and which of them were acknowledged."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Numeric, func, insert, select, type_coerce, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import booking, booking_export, payment_account, statement_line, student
from estudent.adapters.registry.till import amount_of, booking_turn, money_of
from estudent.ports import BookingExport, ExportedBooking


class SqlBookingExports:
    """Port `BookingExports` on the registry."""

    def __init__(self, database: Database, author: Author) -> None:
        self.database, self.author = database, author

    def gather(self) -> int:
        """Put all bookings that are in no export into a new one; return how many there are."""
        new = (booking.c.booking_export_id.is_(None), booking.c.payment_account_id.is_not(None))
        with booking_turn(self.database) as connection:
            total = func.sum(type_coerce(booking.c.amount, Numeric(14, 2, asdecimal=False)))
            many, amount = connection.execute(select(func.count(), total).select_from(booking).where(*new)).one()
            if many:
                row = {"made_at": self.author.clock(), "bookings": many, "total": money_of(amount)}
                command = insert(booking_export).values(row | {"acknowledgement": ""}).returning(booking_export.c.id)
                key = connection.execute(command).scalar_one()
                connection.execute(update(booking).where(*new).values(booking_export_id=key))
        return int(many)

    def open(self) -> list[BookingExport]:
        """Return the exports that nobody has acknowledged, oldest first, with their bookings."""
        query = select(booking_export.c.id).where(booking_export.c.acknowledged_at.is_(None))
        with self.database.reading() as connection:
            keys = connection.scalars(query.order_by(booking_export.c.id)).all()
            return [BookingExport(key, tuple(_bookings(connection, key))) for key in keys]

    def acknowledge(self, key: int, by: str) -> None:
        """Note that an export has arrived."""
        values = {"acknowledged_at": self.author.clock(), "acknowledgement": by[:100]}
        open_ = (booking_export.c.id == key, booking_export.c.acknowledged_at.is_(None))
        with self.database.writing() as connection:
            connection.execute(update(booking_export).where(*open_).values(values))


def _bookings(connection: Connection, key: int) -> list[ExportedBooking]:
    where = booking.join(payment_account).join(student)
    where = where.outerjoin(statement_line, booking.c.statement_line_id == statement_line.c.id)
    columns: tuple[Any, ...] = (
        *booking.c["id", "booking_date", "currency", "undoes"],
        *payment_account.c["nrb", "purpose"],
        student.c.album_number,
        func.coalesce(statement_line.c.reference, "").label("reference"),
        amount_of(booking),
    )
    query = select(*columns).select_from(where).where(booking.c.booking_export_id == key).order_by(booking.c.id)
    return [
        ExportedBooking(
            row.id,
            row.album_number or "",
            row.nrb,
            row.purpose,
            money_of(row.amount),
            row.currency,
            row.booking_date,
            row.reference,
            row.undoes,
        )
        for row in connection.execute(query)
    ]
