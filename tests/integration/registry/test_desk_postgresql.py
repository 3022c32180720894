"""The desk's part of the registry on a real PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract import desk_contract as contract

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestSearch(contract.SearchContract): ...


class TestCard(contract.CardContract): ...


class TestStages(contract.StagesContract): ...


class TestToday(contract.TodayContract): ...


class TestStaffLog(contract.StaffLogContract): ...


class TestCorrections(contract.CorrectionsContract): ...
