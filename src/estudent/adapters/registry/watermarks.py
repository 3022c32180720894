"""How far something was read elsewhere, by the token that goes on from there."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import delete, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import mailbox, watermark


class SqlWatermarks:
    """Port `Watermarks` on the registry."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock

    def of(self, name: str) -> str | None:
        """Return the token with which reading goes on, None before the first time."""
        with self.database.reading() as connection:
            return connection.scalar(select(watermark.c.token).where(watermark.c.name == name))

    def keep(self, name: str, token: str) -> None:
        """Store a token in place of the one before; an empty one is forgotten."""
        with self.database.writing() as connection:
            values = {"token": token, "at": self.clock()}
            connection.execute(insert_if_new(connection, watermark).values(name=name, **values))
            connection.execute(update(watermark).where(watermark.c.name == name).values(values))
            connection.execute(delete(watermark).where(watermark.c.name == name, watermark.c.token == ""))

    def owners(self, identifiers: Collection[str]) -> list[int]:
        """Return whose mailboxes have these ids of Microsoft's, ascending."""
        query = select(mailbox.c.student_id)
        with self.database.reading() as connection:
            return sorted(
                key
                for some in in_portions(sorted(identifiers))
                for key in connection.scalars(query.where(mailbox.c.object_id.in_(some)))
            )
