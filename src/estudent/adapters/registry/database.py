"""One database, on SQLite or PostgreSQL, with transactions that mean the same on both."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Engine, Table, create_engine, event, func, insert, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from estudent.adapters.registry.errors import translated
from estudent.adapters.registry.tables import student
from estudent.ports import Misconfigured

LIKE = "sqlite:////var/lib/estudent/registry.db or postgresql+psycopg://user:password@host/database"


class Database:
    """Hands out transactions for reading and for writing; nothing connects before the first one."""

    def __init__(self, url: str) -> None:
        try:
            self.engine = _engine(url)
        except (ArgumentError, ImportError, ValueError):
            # Their texts may hold parts of the password.
            raise Misconfigured(
                f"ESTUDENT_REGISTRY__URL is not the address of a database; write it like {LIKE}"
            ) from None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that only reads."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction that writes; on SQLite it waits its turn at the start instead of failing in the middle."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def upgrade(self, revision: str = "head") -> bool:
        """Bring the schema up to a revision of the migrations; tell whether there was anything to do."""
        from estudent.adapters.registry import revisions  # noqa: PLC0415 - Alembic takes long to load

        with self.writing() as connection:
            before = revisions.current(connection)
            revisions.upgrade(connection, revision)
            return revisions.current(connection) != before

    def downgrade(self, revision: str = "base") -> None:
        """Take the schema down to a revision."""
        from estudent.adapters.registry import revisions  # noqa: PLC0415 - Alembic takes long to load

        with self.writing() as connection:
            revisions.downgrade(connection, revision)

    def check(self) -> str:
        """Return in one sentence what was found, or raise Misconfigured or Unavailable."""
        from estudent.adapters.registry import revisions  # noqa: PLC0415 - Alembic takes long to load

        with self.reading() as connection:
            students = connection.scalar(select(func.count()).select_from(student))
            behind = revisions.current(connection) != revisions.newest()
        if behind:
            raise Misconfigured("the registry's tables are of an older version; run `estudent registry upgrade`")
        return f"{self.engine.dialect.name}, {students} students, schema {revisions.newest()}"

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _transaction(self, on_sqlite: str) -> Iterator[Connection]:
        """Open a transaction; SQLite's is begun here, since SQLAlchemy takes much longer to tell a listener."""
        with translated(), self.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql(on_sqlite)
            yield connection


def own_insert(connection: Connection, table: Table) -> Any:
    """Return an INSERT that can say what becomes of rows which a unique constraint forbids."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def insert_if_new(connection: Connection, table: Table) -> Any:
    """Return an INSERT that leaves out rows which a unique constraint forbids."""
    return own_insert(connection, table).on_conflict_do_nothing()


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert many rows that name the same columns.

    What SQLAlchemy does for each row of `execute(insert(…), rows)` costs more than the database's own work.
    """
    names = list(rows[0])
    command = insert(table).inline().compile(dialect=connection.dialect, column_keys=names)
    columns = {name: _for_the_driver(table.c[name], connection.dialect, [row[name] for row in rows]) for name in names}
    if command.positiontup is None:
        parameters: Any = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    else:
        parameters = list(zip(*(columns[name] for name in command.positiontup), strict=True))
    connection.exec_driver_sql(str(command), parameters)


def _for_the_driver(column: Column[Any], dialect: Dialect, values: list[Any]) -> list[Any]:
    """Return values as the column's type gives them to this database's driver: SQLite has no dates and no decimals."""
    processed = column.type.dialect_impl(dialect).bind_processor(dialect)
    return values if processed is None else [*map(processed, values)]


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    _make_private(make_url(url).database)
    engine = create_engine(url, connect_args={"timeout": 60}, json_serializer=json.dumps, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _make_private(file: str | None) -> None:
    """Create the file readable for its owner alone, since it holds names and addresses; SQLite copies the mode."""
    if file and file != ":memory:" and Path(file).parent.is_dir() and not Path(file).exists():
        Path(file).touch(mode=0o600)


def _set_up_sqlite(connection: SqliteConnection, _record: object) -> None:
    # The driver's own, late BEGIN would let two writers deadlock; we begin ourselves.
    connection.isolation_level = None
    # Kilobytes; with SQLite's own 2,000 the indexes of 100,000 people or payments are read and written again and again.
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "cache_size=-32000"):
        connection.execute(f"PRAGMA {pragma}")
