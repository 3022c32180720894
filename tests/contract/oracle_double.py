"""A double of python-oracledb (PEP 249) with the university's view and procedure, as docs/usos.md asks for them.

It stands in for the driver, not for the server: what Oracle itself does with the DDL was not tried.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import Any

VIEW, PROCEDURE = "estudent.osoby", "estudent.ustaw_adres"
SELECT = re.compile(
    r"SELECT (?P<columns>[a-z_, ]+) FROM (?P<view>[\w.]+) WHERE (?P<condition>(os_id|nr_albumu) IN \([^)]*\)|1 = 0)"
)
TABLE = "CREATE TABLE osoby (os_id INTEGER, nr_albumu, aktywny, email, identyfikator, nr_konta)"


class Error(Exception):
    """The root of the driver's exceptions."""


class InterfaceError(Error): ...


class DatabaseError(Error): ...


class OperationalError(DatabaseError): ...


class IntegrityError(DatabaseError): ...


class DataError(DatabaseError): ...


class Detail:
    """What the driver puts into an exception; its text may hold values."""

    def __init__(self, code: str) -> None:
        self.full_code = code

    def __str__(self) -> str:
        return f"{self.full_code}: something about jan@example.pl"


class OracleDouble:
    """The module and the database behind it; `fails_with` is what goes wrong next, before or after the effect."""

    Error, InterfaceError, DatabaseError = Error, InterfaceError, DatabaseError
    OperationalError, IntegrityError, DataError = OperationalError, IntegrityError, DataError

    def __init__(self) -> None:
        self.tables = sqlite3.connect(":memory:")
        self.tables.execute(TABLE)
        self.fails_with: list[Exception] = []
        self.fails_on_commit = False
        self.connections = 0
        self.statements: list[tuple[str, int]] = []
        self.answer: str | None = None

    def enter(self, os_id: int, album: str | None, **columns: Any) -> None:
        """Put a row into what the view shows."""
        row = {"aktywny": "T", "email": None, "identyfikator": None, "nr_konta": None, **columns}
        values = (os_id, album, row["aktywny"], row["email"], row["identyfikator"], row["nr_konta"])
        self.tables.execute("INSERT INTO osoby VALUES (?, ?, ?, ?, ?, ?)", values)
        self.tables.commit()

    def connect(self) -> Connection:
        """Return a connection."""
        self.connections += 1
        return Connection(self)

    def stumble(self) -> None:
        """Let what was ordered go wrong."""
        if self.fails_with:
            raise self.fails_with.pop(0)


class Connection:
    """A connection of the double."""

    def __init__(self, server: OracleDouble) -> None:
        self.server = server
        self.closed = False

    def cursor(self) -> Cursor:
        if self.closed:
            raise InterfaceError(Detail("DPY-1001"))
        return Cursor(self.server)

    def commit(self) -> None:
        if self.server.fails_on_commit:
            self.server.stumble()
        self.server.tables.commit()

    def close(self) -> None:
        self.closed = True
        self.server.tables.rollback()


class Cursor:
    """A cursor that knows one view and one procedure."""

    def __init__(self, server: OracleDouble) -> None:
        self.server = server
        self.found: list[tuple[Any, ...]] = []

    def execute(self, statement: str, parameters: Sequence[Any]) -> None:
        self.server.stumble()
        known = SELECT.fullmatch(statement)
        if known is None or known["view"] != VIEW:
            raise DatabaseError(Detail("ORA-00942"))
        if len(parameters) > 1000:
            raise DatabaseError(Detail("ORA-01795"))
        self.server.statements.append((known["view"], len(parameters)))
        places = ", ".join("?" * len(parameters)) or "NULL"
        column = known["condition"].partition(" ")[0] if parameters else "os_id"
        wanted = f"SELECT {known['columns']} FROM osoby WHERE {column} IN ({places})"  # noqa: S608 - of the double
        self.found = self.server.tables.execute(wanted, list(parameters)).fetchall()

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self.found

    def var(self, kind: type) -> object:
        return kind()

    def callproc(self, name: str, parameters: Sequence[Any]) -> list[Any]:
        if not self.server.fails_on_commit:
            self.server.stumble()
        if name != PROCEDURE:
            raise DatabaseError(Detail("ORA-06550"))
        os_id, email, identifier, _ = parameters
        return [os_id, email, identifier, self.server.answer or self._set(os_id, email, identifier)]

    def close(self) -> None:
        """Let it go."""

    def _set(self, os_id: int, email: str, identifier: str) -> str:
        tables = self.server.tables
        person = tables.execute("SELECT email, identyfikator FROM osoby WHERE os_id = ?", (os_id,)).fetchone()
        if person is None:
            return "BRAK_OSOBY"
        taken = "SELECT count(*) FROM osoby WHERE os_id <> ? AND lower(email) = lower(?)"
        if tables.execute(taken, (os_id, email)).fetchone()[0]:
            return "ADRES_ZAJETY"
        if person == (email, identifier):
            return "BEZ_ZMIAN"
        tables.execute("UPDATE osoby SET email = ?, identyfikator = ? WHERE os_id = ?", (email, identifier, os_id))
        return "OK"
