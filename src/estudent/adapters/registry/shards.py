"""The shards of runs, each in the hands of one process at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update

from estudent.adapters.registry.database import Database, insert_if_new
from estudent.adapters.registry.tables import shard as table
from estudent.domain.outcome import Remark, Tally
from estudent.domain.shard import Shard, ShardSight
from estudent.ports import Expired

KEPT = timedelta(days=30)
"""After so long nobody takes a run up again, and its shards are forgotten with their remarks."""


@dataclass(frozen=True, slots=True)
class SqlShards:
    """Port `Shards` on the registry; whoever is silent for longer than `silent` has lost what it had in hand."""

    database: Database
    clock: Callable[[], datetime]
    silent: timedelta

    def lay_out(self, shards: Sequence[Shard]) -> None:
        """Store a run's shards of one system, once: those that it has already stay as they are."""
        now = self.clock()
        rows = [{**asdict(each), **_untouched(each.system, each.first), "heard_at": now} for each in shards]
        with self.database.writing() as connection:
            connection.execute(delete(table).where(table.c.heard_at < now - KEPT))
            for row in rows:
                connection.execute(insert_if_new(connection, table).values(row))

    def of(self, run: str, system: str) -> list[ShardSight]:
        """Return a run's shards of one system, by number; none where they were not laid out."""
        query = select(table).where(table.c.run == run, table.c.system == system).order_by(table.c.number)
        with self.database.reading() as connection:
            return [self._sight(row) for row in connection.execute(query)]

    def take(self, run: str, system: str, number: int, holder: str) -> ShardSight | None:
        """Take a shard in hand; None when it is finished, somebody has it, or there is none."""
        silent = or_(table.c.holder == "", table.c.heard_at < self.clock() - self.silent)
        there = and_(table.c.run == run, table.c.system == system, table.c.number == number)
        command = update(table).where(there, table.c.finished_at.is_(None), silent)
        taken = {"holder": holder, "heard_at": self.clock(), "takes": table.c.takes + 1}
        with self.database.writing() as connection:
            row = connection.execute(command.values(taken).returning(table)).one_or_none()
        return None if row is None else self._sight(row)

    def breathe(self, shard: Shard, holder: str) -> None:
        """Give a sign of life; raise Expired when the shard is somebody else's by now."""
        self._store(shard, holder, {})

    def keep(self, shard: Shard, holder: str, reached: int, tally: Tally) -> None:
        """Store how far a shard is, as a sign of life; raise Expired when it is somebody else's by now."""
        self._store(shard, holder, {"reached": reached, "tally": _written(tally)})

    def finish(self, shard: Shard, holder: str, tally: Tally) -> None:
        """Store that nothing of a shard is left for its run; raise Expired when it is somebody else's by now."""
        done = {"reached": shard.last, "tally": _written(tally), "finished_at": self.clock(), "holder": ""}
        self._store(shard, holder, done)

    def reopen(self, run: str, system: str) -> None:
        """Let the finished shards in which something failed be done once more, from their beginning."""
        with self.database.writing() as connection:
            there = and_(table.c.run == run, table.c.system == system, table.c.finished_at.is_not(None))
            for row in connection.execute(select(table).where(there)).all():
                if _read(row.tally).failed:
                    again = update(table).where(_is(_shard(row)))
                    connection.execute(again.values(_untouched(system, row.first, takes=row.takes)))

    def _store(self, shard: Shard, holder: str, values: dict[str, Any]) -> None:
        mine = (_is(shard), table.c.holder == holder, table.c.finished_at.is_(None))
        command = update(table).where(*mine).values({"heard_at": self.clock(), **values})
        with self.database.writing() as connection:
            if connection.scalar(command.returning(table.c.number)) is None:
                raise Expired(f"{shard.name} was taken up by another process, since this one was silent for too long")

    def _sight(self, row: Row[Any]) -> ShardSight:
        finished = row.finished_at is not None
        free = not finished and (row.holder == "" or row.heard_at < self.clock() - self.silent)
        return ShardSight(_shard(row), row.reached, _read(row.tally), row.takes, free, finished)


def _is(shard: Shard) -> ColumnElement[bool]:
    return and_(table.c.run == shard.run, table.c.system == shard.system, table.c.number == shard.number)


def _untouched(system: str, first: int, takes: int = 0) -> dict[str, Any]:
    tally = _written(Tally(system))
    return {"reached": first - 1, "tally": tally, "takes": takes, "holder": "", "finished_at": None}


def _shard(row: Row[Any]) -> Shard:
    return Shard(row.run, row.system, row.number, row.of, row.first, row.last, row.allowed)


def _written(tally: Tally) -> str:
    return json.dumps(asdict(tally), ensure_ascii=False)


def _read(text: str) -> Tally:
    values = json.loads(text)
    return Tally(**values | {"remarks": [Remark(**each) for each in values["remarks"]]})
