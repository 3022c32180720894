"""Tables that live as long as a transaction, and the fastest way to fill them: from there the database takes sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, MetaData, Select, Table, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

IN_ONE_COMMAND = 250
"""So many rows of 21 columns are 5,250 values; SQLite takes 32,766 in a command."""


def passing(name: str, *columns: Column[Any]) -> Table:
    """Return a table that is its connection's own and that no migration knows."""
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"], postgresql_on_commit="DELETE ROWS")


def fill(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Put these rows, and no others, into a passing table; values are those of the driver, dates as ISO writes them."""
    connection.exec_driver_sql(_creation(table, connection.dialect.name))
    connection.execute(delete(table))
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        _insert(connection, table, rows)


def next_keys(connection: Connection, table: Table, many: int) -> list[int]:
    """Return so many keys that no row of the table has or will get; only within a transaction that writes."""
    if connection.dialect.name == "postgresql":
        sequence = select(func.pg_get_serial_sequence(table.name, "id")).scalar_subquery()
        return list(connection.scalars(select(func.nextval(sequence)).select_from(func.generate_series(1, many))))
    # Nobody else writes meanwhile.
    last: int = connection.scalar(select(func.coalesce(func.max(table.c.id), 0))) or 0
    return list(range(last + 1, last + 1 + many))


def pairs(connection: Connection, query: Select[Any]) -> list[tuple[Any, Any]]:
    """Return all rows, two values each, as the driver has them; SQLAlchemy's rows would cost as much again."""
    with connection.execute(query) as result, _told_by_the_driver(connection):
        cursor: Any = result.cursor
        rows: list[tuple[Any, Any]] = cursor.fetchall()
        return rows


def _insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows on SQLite, many in one command; one command for each row would take a quarter more."""
    alone = len(rows) % IN_ONE_COMMAND
    for at in range(alone, len(rows), IN_ONE_COMMAND):
        values = tuple(chain.from_iterable(rows[at : at + IN_ONE_COMMAND]))
        connection.exec_driver_sql(_insertion(table, IN_ONE_COMMAND), values)
    if alone:
        connection.exec_driver_sql(_insertion(table, 1), rows[:alone])


@cache
def _insertion(table: Table, many: int) -> str:
    marks = ", ".join("?" * len(table.c))
    return f"INSERT INTO {table.name} VALUES {', '.join([f'({marks})'] * many)}"  # noqa: S608


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor: Any = connection.connection.cursor()
    with _told_by_the_driver(connection), cursor, cursor.copy(f"COPY {table.name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    # One column's figures tell the planner how many rows there are; else it reads whole tables for a few of them.
    connection.exec_driver_sql(f"ANALYZE {table.name} ({next(iter(table.c)).name})")


@contextmanager
def _told_by_the_driver(connection: Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy does, which does not see them here."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, dialect=connection.dialect) from None


@cache
def _creation(table: Table, dialect: str) -> str:
    """Return the command that makes a passing table, which SQLAlchemy does not keep."""
    language: Any = postgresql if dialect == "postgresql" else sqlite
    return str(CreateTable(table, if_not_exists=True).compile(dialect=language.dialect()))
