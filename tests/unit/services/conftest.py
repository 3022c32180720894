"""A registry for each test: SQLite, with its tables made once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from estudent.adapters.registry.database import Database
from tests.unit.services.registrar import Registrar


@pytest.fixture
def registrar(migrated: Path, tmp_path: Path) -> Iterator[Registrar]:
    """The registrar's office, with recruitment in memory and the registry on SQLite."""
    path = shutil.copy(migrated, tmp_path / "registry.sqlite")
    office = Registrar(Database(f"sqlite:///{path}"))
    yield office
    office.database.close()
