"""Accounts, one-time codes and messages on SQLite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from estudent.adapters.registry.database import Database
from tests.contract import accounts_contract as contract
from tests.contract.accounts_contract import doors, key  # noqa: F401
from tests.contract.registry_world import Registry


@pytest.fixture(scope="module")
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


class TestCodes(contract.CodesContract): ...


class TestTaking(contract.TakingContract): ...


class TestFinding(contract.FindingContract): ...


class TestMessages(contract.MessagesContract): ...


class TestAsking(contract.AskingContract): ...
