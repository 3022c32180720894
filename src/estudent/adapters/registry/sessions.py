"""The portal's sessions: the registry keeps a hash of each session's id, never the id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, delete, insert, or_, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import session
from estudent.ports import OpenSession

TOUCHED_EVERY = timedelta(minutes=1)
"""How exactly the registry knows when a session was last used; a write at every page would cost more than it tells."""


THIS = session.c.id_hash == bindparam("mark")
LIVES = and_(session.c.seen_at >= bindparam("idle"), session.c.opened_at >= bindparam("old"))
LOAD = select(session.c.data, session.c.seen_at).where(THIS, LIVES)
KEPT = "student_id", "staff", "data", "seen_at"
SAVE = update(session).where(THIS).values({name: bindparam(f"new_{name}") for name in KEPT})
BEGIN, END = insert(session), delete(session).where(THIS)


@dataclass(frozen=True, slots=True)
class SqlSessions:
    """Ports `Sessions` and `DeskSessions` on the registry; `idle` and `absolute` say when a session has run out."""

    database: Database
    clock: Callable[[], datetime]
    idle: timedelta
    absolute: timedelta

    def load(self, identifier: str) -> dict[str, Any] | None:
        """Return what a session holds, or None when there is none of this id that has not run out."""
        idle, old = self._limits()
        with self.database.reading() as connection:
            row = connection.execute(LOAD, {"mark": stored_form(identifier), "idle": idle, "old": old}).one_or_none()
        if row is None:
            return None
        if row.seen_at < self.clock() - TOUCHED_EVERY:
            self._touch(identifier)
        held: dict[str, Any] = json.loads(row.data)
        return held

    def save(self, identifier: str, held: Mapping[str, Any], agent: str, *, begun: bool = True) -> None:
        """Store what a session holds; whose it is stands in its `student` (key) and `staff` (user name).

        Unless it has just `begun`, a session that is not there any more stays away: it was ended meanwhile.
        """
        now, mark = self.clock(), stored_form(identifier)
        values = {
            "student_id": held.get("student"),
            "staff": held.get("staff") or "",
            "data": json.dumps(dict(held)).encode(),
            "seen_at": now,
        }
        with self.database.writing() as connection:
            known = connection.execute(SAVE, {"mark": mark, **{f"new_{name}": values[name] for name in KEPT}})
            if begun and not known.rowcount:
                connection.execute(BEGIN, {"id_hash": mark, "opened_at": now, "agent": agent[:200], **values})

    def end(self, identifier: str) -> None:
        """Forget one session."""
        with self.database.writing() as connection:
            connection.execute(END, {"mark": stored_form(identifier)})

    def end_all(self, student: int, but: str = "") -> int:
        """Forget all sessions of a student, but for the one of this id; return how many there were."""
        return self._forget(and_(session.c.student_id == student, session.c.id_hash != stored_form(but)))

    def end_one(self, student: int, mark: str) -> int:
        """Forget that session of a student whose `mark` this is; return 1, or 0 when there is none."""
        return self._forget(and_(session.c.student_id == student, session.c.id_hash == mark))

    def end_visits(self, staff: str, visit: str) -> int:
        """Forget the staff's sessions of one visit to the single sign-on (their `visit`), or all visits of a user."""
        query = select(session.c.id_hash, session.c.data).where(
            session.c.staff == staff if staff else session.c.staff != ""
        )
        with self.database.reading() as connection:
            held = [(row.id_hash, json.loads(row.data)) for row in connection.execute(query)]
        over = [mark for mark, data in held if "visit" in data and visit in ("", data["visit"])]
        return self._forget(session.c.id_hash.in_(over)) if over else 0

    def of(self, student: int) -> list[OpenSession]:
        """Return a student's sessions, the most recently used first."""
        query = select(session).where(session.c.student_id == student, self._lives()).order_by(session.c.seen_at.desc())
        with self.database.reading() as connection:
            return [
                OpenSession(row.id_hash, row.opened_at, row.seen_at, row.agent) for row in connection.execute(query)
            ]

    def sweep(self) -> int:
        """Forget the sessions that have run out; return how many there were."""
        idle, old = self._limits()
        return self._forget(or_(session.c.seen_at < idle, session.c.opened_at < old))

    def _touch(self, identifier: str) -> None:
        with self.database.writing() as connection:
            connection.execute(update(session).where(_is(identifier)).values(seen_at=self.clock()))

    def _forget(self, which: ColumnElement[bool]) -> int:
        with self.database.writing() as connection:
            return connection.execute(delete(session).where(which)).rowcount

    def _lives(self) -> ColumnElement[bool]:
        idle, old = self._limits()
        return and_(session.c.seen_at >= idle, session.c.opened_at >= old)

    def _limits(self) -> tuple[datetime, datetime]:
        now = self.clock()
        return now - self.idle, now - self.absolute


def stored_form(identifier: str) -> str:
    """Return the form in which a session's id is stored: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(identifier.encode(errors="surrogatepass")).hexdigest()


def _is(identifier: str) -> ColumnElement[bool]:
    return session.c.id_hash == stored_form(identifier)
