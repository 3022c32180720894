"""The port `Allowance`: one contract for the registry on SQLite and for a process that is alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from estudent.adapters.microsoft365.limiter import OwnAllowance
from estudent.ports import Allowance
from tests.contract.allowance_contract import AllowanceContract, Office, Registries, SharedAllowanceContract
from tests.contract.registry_world import Registry


class Alone(Office):
    """One process, whose threads share what it has."""

    def __init__(self) -> None:
        self._one = OwnAllowance()

    def process(self) -> Allowance:
        return self._one


class TestOwnAllowance(AllowanceContract):
    @pytest.fixture
    def office(self) -> Office:
        return Alone()


class TestSqliteAllowance(SharedAllowanceContract):
    @pytest.fixture
    def office(self, registry: Registry) -> Iterator[Office]:
        with closing(Registries(registry)) as office:
            yield office
