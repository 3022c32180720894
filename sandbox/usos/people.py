"""The persons of the university: entered by the dean's office, shown by the API once they have been migrated."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from sandbox.usos.person import Person

UPSERT = """
insert into people (os_id, record, shown) values (:os_id, :record, :shown)
on conflict (os_id) do update set record = excluded.record, shown = coalesce(excluded.shown, shown)
"""
VISIBLE = """
select shown, email from people where shown is not null and os_id in (select value from json_each(?))
"""
COUNT = "select count(*) as people, count(shown) as visible, count(email) as emails from people"


class Taken(ValueError):
    """Another person has this e-mail or PESEL."""


class People:
    """The table of persons."""

    def __init__(self, db: sqlite3.Connection, *, migrates_at_once: bool) -> None:
        self._db = db
        self._at_once = migrates_at_once

    def enter(self, people: Iterable[Person]) -> None:
        """Add persons or correct them, all or none; e-mails stay."""
        records = [(person.os_id, json.dumps(asdict(person))) for person in people]
        rows = [{"os_id": os_id, "record": text, "shown": text if self._at_once else None} for os_id, text in records]
        self._db.execute("begin immediate")
        try:
            with self._db:
                self._db.executemany(UPSERT, rows)
        except sqlite3.IntegrityError as error:
            raise Taken("two persons cannot have the same PESEL") from error

    def migrate(self) -> int:
        """Show in the API all that was entered, and in USOSweb all that USOS holds; return how many changed in both."""
        self._db.execute("insert or replace into web select os_id, record, email from people")
        return self._db.execute("update people set shown = record where shown is not record").rowcount

    def in_usosweb(self, identifier: str) -> dict[str, Any] | None:
        """Return the person whom USOSweb lets in under this identifier, as of the last migration."""
        table = "people" if self._at_once else "web"
        row = self._db.execute(
            f"select record as shown, email from {table} where email = ? collate nocase",  # noqa: S608 - one of two
            (identifier,),
        )
        return next(map(_shown, row), None)

    def changes(self) -> list[dict[str, str]]:
        """Return every change of an e-mail into another one, oldest first."""
        return [dict(row) for row in self._db.execute("select os_id, email from changes order by id")]

    def visible(self, os_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return the persons of these ids whom the API knows, as columns by id."""
        rows = self._db.execute(VISIBLE, (json.dumps(list(os_ids)),))
        return {person["os_id"]: person for person in map(_shown, rows)}

    def visible_by_pesel(self, pesel: str) -> dict[str, Any] | None:
        """Return the person of this PESEL whom the API knows."""
        row = self._db.execute("select shown, email from people where json_extract(shown, '$.pesel') = ?", (pesel,))
        return next(map(_shown, row), None)

    def change_email(self, os_id: str, email: str) -> None:
        """Set the e-mail of a person, unless another one has it in any spelling."""
        try:
            different = "update people set email = ? where os_id = ? and email is not ?"
            if self._db.execute(different, (email, os_id, email)).rowcount:
                self._db.execute("insert into changes (os_id, email) values (?, ?)", (os_id, email))
        except sqlite3.IntegrityError as error:
            raise Taken("another person has this e-mail") from error

    def entered(self, containing: str = "", limit: int = -1) -> list[dict[str, Any]]:
        """Return the persons entered, migrated or not, by id; those of which a column contains the text."""
        rows = self._db.execute(
            "select record, email, shown is record as migrated from people "
            "where instr(lower(record || coalesce(email, '')), lower(?)) order by length(os_id), os_id limit ?",
            (containing, limit),
        )
        return [{**json.loads(row["record"]), "email": row["email"], "migrated": bool(row["migrated"])} for row in rows]

    def count(self) -> dict[str, int]:
        """Count the persons, those whom the API knows, and those with an e-mail."""
        return dict(self._db.execute(COUNT).fetchone())


def _shown(row: sqlite3.Row) -> dict[str, Any]:
    return {**json.loads(row["shown"]), "email": row["email"]}
