"""What recruitment entered: applicants and their applications, some of which the API does not show yet."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]
UPSERT = """
insert into {table} (id, record, modified, visible) values (:id, :record, :now, :visible)
on conflict (id) do update set record = excluded.record, modified = excluded.modified, visible = excluded.visible
where record is not excluded.record
"""
LISTED = """
select a.shown, max(a.modified, p.modified) as modified from applications a
join applicants p on p.id = json_extract(a.shown, '$.user') where a.shown is not null and p.shown is not null
order by a.id
"""
HELD = """
select a.record as application, p.record as applicant, a.shown is a.record and p.shown is p.record as visible
from applications a join applicants p on p.id = json_extract(a.record, '$.user')
where instr(lower(a.record || p.record), lower(?)) order by a.id limit ?
"""


class Holdings:
    """The two tables; `lag` is how many seconds a change needs until the API shows it."""

    def __init__(self, db: sqlite3.Connection, lag: float) -> None:
        self._db, self._lag = db, lag

    def enter(self, entries: Iterable[tuple[Record, Record]]) -> int:
        """Add or correct applications with their applicants, all or none; return how many there are."""
        now = time.time()
        self._db.execute("begin immediate")
        with self._db:
            for records in entries:
                for table, record in zip(("applications", "applicants"), records, strict=True):
                    values = {
                        "id": record["id"],
                        "record": json.dumps(record, ensure_ascii=False),
                        "now": now,
                        "visible": now + self._lag,
                    }
                    self._db.execute(UPSERT.format(table=table), values)
        return self.count()["applications"]

    def withdraw(self, key: int) -> bool:
        """Remove an application; tell whether it was there."""
        return self._db.execute("delete from applications where id = ?", (key,)).rowcount == 1

    def applications(self) -> list[tuple[Record, float]]:
        """Return the applications that the API knows, by id, and when they or their applicants changed last."""
        self._catch_up()
        return [(json.loads(row["shown"]), row["modified"]) for row in self._db.execute(LISTED)]

    def application(self, key: int) -> Record | None:
        """Return one application that the API knows."""
        return self._one("applications", key)

    def applicant(self, key: int) -> Record | None:
        """Return one applicant whom the API knows, with the time of the last change."""
        return self._one("applicants", key)

    def registrations(self) -> dict[str, list[str]]:
        """Return the programmes of every registration that the API knows."""
        found: dict[str, set[str]] = {}
        for record, _ in self.applications():
            found.setdefault(record["turn"]["registration"], set()).add(record["turn"]["programme"])
        return {code: sorted(programmes) for code, programmes in sorted(found.items())}

    def held(self, containing: str = "", limit: int = -1) -> list[Record]:
        """Return everything entered, shown or not; those that contain the text."""
        return [
            {"application": json.loads(row[0]), "applicant": json.loads(row[1]), "visible": bool(row[2])}
            for row in self._db.execute(HELD, (containing, limit))
        ]

    def count(self) -> dict[str, int]:
        """Count the applicants and the applications entered."""
        tables = ("applicants", "applications")
        return {table: self._db.execute(f"select count(*) from {table}").fetchone()[0] for table in tables}  # noqa: S608

    def _one(self, table: str, key: int) -> Record | None:
        self._catch_up()
        row = self._db.execute(f"select shown, modified from {table} where id = ? and shown is not null", (key,))  # noqa: S608
        found = row.fetchone()
        if found is None:
            return None
        record: Record = json.loads(found["shown"])
        if table == "applicants":
            record["modification_date"] = datetime.fromtimestamp(found["modified"], UTC).isoformat()
        return record

    def _catch_up(self) -> None:
        for table in ("applicants", "applications"):
            self._db.execute(
                f"update {table} set shown = record where shown is not record and visible <= ?",  # noqa: S608
                (time.time(),),
            )
