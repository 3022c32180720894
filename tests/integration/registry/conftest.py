"""A real PostgreSQL server for the registry, started once and stopped by its own launcher."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count

import pytest
from sqlalchemy import text

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import metadata
from sandbox.postgresql import PostgreSQL
from tests.contract.registry_world import Registry


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSQL]:
    server = PostgreSQL(tmp_path_factory.mktemp("postgresql"), durable=False)
    try:
        with server:
            yield server
    finally:
        server.discard()


@pytest.fixture(scope="session")
def new_url(server: PostgreSQL) -> Callable[[], str]:
    """Make an empty database and return its address."""
    numbers = count(1)
    return lambda: server.create_database(f"registry_{next(numbers)}")


@pytest.fixture(scope="session")
def migrated(new_url: Callable[[], str]) -> str:
    """The address of a database with all tables."""
    url = new_url()
    with closing(Database(url)) as database:
        database.upgrade()
    return url


@pytest.fixture
def registry(migrated: str) -> Iterator[Registry]:
    """All ports on tables in which nothing stands."""
    registry = Registry(migrated)
    with closing(registry.database):
        yield registry
        names = ", ".join(metadata.tables)
        with registry.database.writing() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))


@pytest.fixture
def empty(new_url: Callable[[], str]) -> Iterator[Registry]:
    registry = Registry(new_url())
    with closing(registry.database):
        yield registry
