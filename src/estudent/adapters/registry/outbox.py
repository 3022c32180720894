"""The outbox: requests that students made, claimed by one consumer at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, insert, or_, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL
from estudent.adapters.registry.tables import request
from estudent.ports import Request

CLAIM = timedelta(minutes=5)
ASKED_AGAIN_AFTER = timedelta(minutes=10)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=2), timedelta(minutes=15)


class SqlOutbox:
    """Port `Outbox` on the registry; a claim that is not finished runs out, so a killed consumer loses nothing."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database, self.clock = database, clock

    def claim(self, most: int) -> list[Request]:
        """Take waiting requests, oldest first; no other consumer gets them until the claim runs out."""
        now = self.clock()
        ready = (
            select(request)
            .where(request.c.finished_at.is_(None), request.c.not_before <= now)
            .order_by(request.c.id)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        with self.database.writing() as connection:
            taken = [Request(row.id, row.kind, row.student_id, row.attempts) for row in connection.execute(ready)]
            claimed = request.c.id.in_([each.key for each in taken])
            connection.execute(update(request).where(claimed).values(not_before=now + CLAIM))
        return taken

    def finish(self, requests: Iterable[int]) -> None:
        """Note that requests are done."""
        with self.database.writing() as connection:
            done = request.c.id.in_(list(requests))
            connection.execute(update(request).where(done).values(finished_at=self.clock(), problem=""))

    def put_back(self, requests: Iterable[Request], problem: str, turns: Mapping[int, datetime] | None = None) -> None:
        """Let requests wait for another try: until the student's turn, or each a little longer than before."""
        now, known = self.clock(), turns or {}
        command = (
            update(request)
            .where(request.c.id == bindparam("key"))
            .values(attempts=request.c.attempts + 1, not_before=bindparam("later"), problem=problem[:LONGEST_DETAIL])
        )
        rows = [
            {"key": each.key, "later": known.get(each.student, now + wait_before(each.attempts))} for each in requests
        ]
        if rows:
            with self.database.writing() as connection:
                connection.execute(command, rows)

    def waiting(self) -> int:
        """Return how many requests are not finished."""
        query = select(func.count()).select_from(request).where(request.c.finished_at.is_(None))
        with self.database.reading() as connection:
            return connection.scalar(query) or 0

    def ask(self, student: int, kind: str) -> bool:
        """Make a request, unless the same one waits or was made a short while ago; tell whether it was made."""
        now = self.clock()
        recent = or_(request.c.finished_at.is_(None), request.c.made_at > now - ASKED_AGAIN_AFTER)
        same = select(request.c.id).where(request.c.student_id == student, request.c.kind == kind, recent)
        waiting = {"student_id": student, "kind": kind, "made_at": now, "not_before": now}
        with self.database.writing() as connection:
            if connection.scalar(same.limit(1)) is not None:
                return False
            connection.execute(insert(request).values(waiting | {"attempts": 0, "problem": ""}))
        return True


def wait_before(attempts: int) -> timedelta:
    """Return how long a request waits after so many attempts: doubling, a quarter of an hour at most."""
    doubled: timedelta = FIRST_WAIT * 2 ** min(attempts, 12)
    return min(LONGEST_WAIT, doubled)
