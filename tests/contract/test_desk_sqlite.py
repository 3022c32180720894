"""The desk's part of the registry on SQLite: the contract."""

from __future__ import annotations

from tests.contract import desk_contract as contract


class TestSearch(contract.SearchContract): ...


class TestCard(contract.CardContract): ...


class TestStages(contract.StagesContract): ...


class TestToday(contract.TodayContract): ...


class TestStaffLog(contract.StaffLogContract): ...


class TestCorrections(contract.CorrectionsContract): ...


class TestPlans(contract.PlansContract):
    explain = "EXPLAIN QUERY PLAN"
    full_scan = r"SCAN journal(?! USING INDEX ix_journal_staff)"
