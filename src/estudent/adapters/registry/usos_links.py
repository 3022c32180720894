"""How far students are on their way into USOS, by what was seen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from estudent.adapters.registry.database import Database, insert_if_new
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
            given = _owners(connection, set(ids.values()))
            wanted = Counter(ids.values())
            free = {key: usos_id for key, usos_id in ids.items() if usos_id not in given and wanted[usos_id] == 1}
            learned = [key for key, usos_id in free.items() if _learn(connection, key, usos_id)]
            self.author.write(connection, [JournalEntry(key, SYSTEM, "id found", Result.DONE) for key in learned])
        return sorted(key for key, usos_id in ids.items() if key not in free and given.get(usos_id) != key)

    def observe(self, sights: Sequence[LinkSight]) -> None:
        """Store what was seen in USOS and what follows from it, in one transaction.

        The journal tells of new states, and the student is written to once USOSweb can let them in.
        """
        for some in in_portions(sights):
            with self.database.writing() as connection:
                known = _known(connection, [sight.student for sight in some], self.author.clock())
                self._observe(connection, known, some)

    def _observe(self, connection: Connection, known: Mapping[int, Enablement], sights: Sequence[LinkSight]) -> None:
        now = self.author.clock()
        rows, entries, ready = [], [], []
        for sight in sights:
            before = known.get(sight.student)
            after = onward(before, sight, now, self.migrations)
            rows.append(_as_seen(sight.student, _columns(after) | {"source": sight.source, "observed_at": now}))
            if before is None or after.state is not before.state:
                entries.append(_entry(sight.student, after))
                ready += [sight.student] if after.state is LinkState.VERIFIED else []
        if rows:
            connection.execute(SEEN, rows)
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


def _owners(connection: Connection, ids: Collection[int]) -> dict[int, int]:
    """Return whose these USOS ids are, as far as they are anybody's."""
    query = select(person.c.usos_id, student.c.id).join(student, student.c.person_id == person.c.id)
    return {row.usos_id: row.id for row in connection.execute(query.where(person.c.usos_id.in_(ids)))}


def _known(connection: Connection, keys: Sequence[int], now: datetime) -> dict[int, Enablement]:
    """Return what is known of these students, kept from others until the end of the transaction.

    Whom nobody has seen before gets a row without `since` first, since only what is there can be kept from others.
    """
    rows = _kept(connection, keys)
    new = [{"student_id": key, "source": "", "observed_at": now} for key in sorted(keys) if key not in rows]
    if new:
        connection.execute(insert_if_new(connection, usos_link), new)
        rows |= _kept(connection, [row["student_id"] for row in new])
    return {key: _read(row) for key, row in rows.items() if row["since"]}


def _kept(connection: Connection, keys: Sequence[Any]) -> dict[int, RowMapping]:
    query = select(usos_link).where(usos_link.c.student_id.in_(keys)).order_by(usos_link.c.student_id)
    return {row["student_id"]: row for row in connection.execute(query.with_for_update()).mappings()}


def _read(row: RowMapping) -> Enablement:
    reached = {state: row[column] for state, column in SEEN_IN.items() if row[column] is not None}
    state = LinkState(row["state"])
    return Enablement(state, row["since"], reached, row["asked_for"], row["expected_at"], row["email"], row["problem"])


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


def _as_seen(student: int, values: Mapping[str, Any]) -> dict[str, Any]:
    return {f"seen_{name}": value for name, value in values.items()} | {"whose": student}
