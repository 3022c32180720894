"""A registry on SQLite with all tables, for every contract that wants one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract.registry_world import Registry


@pytest.fixture
def registry(migrated: Path, tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{shutil.copy(migrated, tmp_path)}")
    with closing(registry.database):
        yield registry
