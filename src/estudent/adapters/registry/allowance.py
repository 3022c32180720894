"""The far side's quota, shared by all processes and hosts through the registry."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.tables import allowance, place
from estudent.domain.allowance import Bucket, Budget, Portion, full


@dataclass(frozen=True, slots=True)
class SqlAllowance:
    """Port `Allowance` on the registry.

    Tokens are taken in portions, one short transaction each; those of a process that dies are lost, never given twice.
    `clock` is in seconds since 1970; one that is behind another host's only waits a little longer.
    """

    database: Database
    clock: Callable[[], float] = time.time

    def take(self, budget: Budget, most: int, *, urgent: bool) -> Portion:
        """Take up to `most` tokens, of those that are kept only when somebody waits."""
        with self.database.writing() as connection:
            bucket = self._bucket(connection, budget)
            left, portion = bucket.take(budget, most, self.clock(), urgent=urgent)
            _store(connection, budget, left)
        return portion

    def pause(self, budget: Budget, seconds: float) -> None:
        """Let nobody take anything for so long, since the far side said so to one of us."""
        with self.database.writing() as connection:
            bucket = self._bucket(connection, budget)
            _store(connection, budget, bucket.paused(seconds, self.clock()))

    def enter(self, room: str, places: int, seconds: float) -> int | None:
        """Take one of the places in a room, free again after so many seconds at the latest; None when all are taken."""
        now = self.clock()
        with self.database.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(room, 0))))
            connection.execute(delete(place).where(place.c.room == room, place.c.until <= now))
            taken = set(connection.scalars(select(place.c.number).where(place.c.room == room)))
            free = next((number for number in range(places) if number not in taken), None)
            if free is not None:
                connection.execute(insert(place).values(room=room, number=free, until=now + seconds))
        return free

    def leave(self, room: str, number: int) -> None:
        """Give a place back."""
        with self.database.writing() as connection:
            connection.execute(delete(place).where(place.c.room == room, place.c.number == number))

    def _bucket(self, connection: Connection, budget: Budget) -> Bucket:
        """Return the bucket, kept from others until the end of the transaction."""
        known = select(allowance).where(allowance.c.name == budget.name).with_for_update()
        row = connection.execute(known).one_or_none()
        if row is None:
            fresh = full(budget, self.clock())
            values = {"name": budget.name, "level": fresh.level, "at": fresh.at, "paused_until": fresh.paused_until}
            connection.execute(insert_if_new(connection, allowance).values(values))
            row = connection.execute(known).one()
        return Bucket(row.level, row.at, row.paused_until)


def _store(connection: Connection, budget: Budget, bucket: Bucket) -> None:
    values = {"level": bucket.level, "at": bucket.at, "paused_until": bucket.paused_until}
    connection.execute(update(allowance).where(allowance.c.name == budget.name).values(values))
