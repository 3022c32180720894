"""A registry for each test: SQLite, with its tables made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.adapters.registry.database import Database
from tests.unit.services.registrar import Registrar


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with its tables and nothing in them."""
    path = tmp_path_factory.mktemp("registry") / "empty.sqlite"
    database = Database(f"sqlite:///{path}")
    database.upgrade()
    database.close()
    return path


@pytest.fixture
def registrar(empty_registry: Path, tmp_path: Path) -> Iterator[Registrar]:
    """The registrar's office, with recruitment in memory and the registry on SQLite."""
    path = shutil.copy(empty_registry, tmp_path / "registry.sqlite")
    office = Registrar(Database(f"sqlite:///{path}"))
    yield office
    office.database.close()
