"""What is good for one use, noted on SQLite: the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.contract import single_use_contract as contract
from tests.contract.registry_world import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    registry = Registry(f"sqlite:///{tmp_path / 'registry.db'}")
    with closing(registry.database):
        registry.database.upgrade()
        yield registry


class TestSingleUse(contract.SingleUseContract): ...
