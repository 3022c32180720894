"""A registry on SQLite with all tables, for every contract that wants one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from estudent.adapters.registry.database import Database
from tests.contract.registry_world import Registry


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied."""
    path = tmp_path_factory.mktemp("registry") / "registry.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.upgrade()
    return path


@pytest.fixture
def registry(migrated: Path, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    with closing(registry.database):
        yield registry
