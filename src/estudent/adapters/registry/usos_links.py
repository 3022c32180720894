"""How far students are on their way into USOS, by what was seen there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import LONGEST_DETAIL, Author
from estudent.adapters.registry.mailboxes import told_since_request
from estudent.adapters.registry.messages import SqlMessages
from estudent.adapters.registry.students import in_portions
from estudent.adapters.registry.tables import person, student, usos_link
from estudent.domain.enablement import WAY, Enablement, LinkSight, onward
from estudent.domain.outcome import Result
from estudent.domain.student import LinkState
from estudent.domain.usos_migrations import Migrations
from estudent.ports import JournalEntry

SYSTEM, READY = "usos", "usos_ready"
SEEN_IN = {state: f"{state.value}_at" for state in WAY}
"""The columns that tell when each state was first seen."""

COLUMNS = (
    "email", "source", "observed_at", "state", "since", "asked_for", "expected_at", "problem", *SEEN_IN.values(),
)  # fmt: skip
SEEN = (
    update(usos_link)
    .where(usos_link.c.student_id == bindparam("whose"))
    .values({name: bindparam(f"seen_{name}") for name in COLUMNS})
)


class SqlUsosRegister:
    """Port `UsosRegister` on the registry; `migrations` are those of the university's USOSweb."""

    def __init__(self, database: Database, author: Author, messages: SqlMessages, migrations: Migrations) -> None:
        self.database, self.author, self.messages, self.migrations = database, author, messages, migrations

    def learn(self, ids: Mapping[int, int]) -> list[int]:
        """Store USOS ids, by student key, of students who have none; return whose id another student has already."""
        if not ids:
            return []
        with self.database.writing() as connection:
            given = set(connection.scalars(select(person.c.usos_id).where(person.c.usos_id.in_(list(ids.values())))))
            free = {key: usos_id for key, usos_id in ids.items() if usos_id not in given}
            learned = [key for key, usos_id in free.items() if _learn(connection, key, usos_id)]
            self.author.write(connection, [JournalEntry(key, SYSTEM, "id found", Result.DONE) for key in learned])
        return sorted(set(ids) - set(free))

    def observe(self, sights: Sequence[LinkSight]) -> None:
        """Store what was seen in USOS and what follows from it, in one transaction.

        The journal tells of new states, and the student is written to once USOSweb can let them in.
        """
        for some in in_portions(sights):
            with self.database.writing() as connection:
                self._observe(connection, _known(connection, [sight.student for sight in some]), some)

    def _observe(self, connection: Connection, known: Mapping[int, Enablement], sights: Sequence[LinkSight]) -> None:
        now = self.author.clock()
        rows, entries, ready = [], [], []
        for sight in sights:
            before = known.get(sight.student)
            after = onward(before, sight, now, self.migrations)
            rows.append((sight.student, _columns(after) | {"source": sight.source, "observed_at": now}))
            if before is None or after.state is not before.state:
                entries.append(_entry(sight.student, after))
                ready += [sight.student] if after.state is LinkState.VERIFIED else []
        _store(connection, rows, known)
        self.author.write(connection, entries)
        told = told_since_request(connection, ready) if ready else set()
        self.messages.write_all(connection, [(each, READY) for each in ready if (each, READY) not in told])


def _learn(connection: Connection, key: int, usos_id: int) -> bool:
    """Store the id of a student who has none; tell whether that was so."""
    theirs = select(student.c.person_id).where(student.c.id == key).scalar_subquery()
    lacking = (person.c.id == theirs, person.c.usos_id.is_(None))
    return bool(connection.execute(update(person).where(*lacking).values(usos_id=usos_id)).rowcount)


def _entry(key: int, after: Enablement) -> JournalEntry:
    result = Result.REFUSED if after.state is LinkState.CONFLICT else Result.DONE
    return JournalEntry(key, SYSTEM, f"link {after.state.value}", result, after.problem)


def _known(connection: Connection, keys: Sequence[int]) -> dict[int, Enablement]:
    """Return what is known of these students, kept from others until the end of the transaction."""
    query = select(usos_link).where(usos_link.c.student_id.in_(keys)).order_by(usos_link.c.student_id)
    return {row["student_id"]: _read(row) for row in connection.execute(query.with_for_update()).mappings()}


def _read(row: RowMapping) -> Enablement:
    reached = {state: row[column] for state, column in SEEN_IN.items() if row[column] is not None}
    since = row["since"] or row["observed_at"]
    state = LinkState(row["state"])
    return Enablement(state, since, reached, row["asked_for"], row["expected_at"], row["email"], row["problem"])


def _columns(after: Enablement) -> dict[str, Any]:
    reached = {column: after.reached.get(state) for state, column in SEEN_IN.items()}
    return reached | {
        "email": after.email,
        "state": after.state.value,
        "since": after.since,
        "asked_for": after.asked_for,
        "expected_at": after.expected_at,
        "problem": after.problem[:LONGEST_DETAIL],
    }


def _store(connection: Connection, rows: Sequence[tuple[int, dict[str, Any]]], known: Mapping[int, Enablement]) -> None:
    """Store by two statements: nobody else can write meanwhile on SQLite."""
    new = [{"student_id": student, **values} for student, values in rows if student not in known]
    if new:
        connection.execute(insert(usos_link), new)
    old = [_as_seen(student, values) for student, values in rows if student in known]
    if old:
        connection.execute(SEEN, old)


def _as_seen(student: int, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"seen_{name}": value for name, value in values.items()} | {"whose": student}
