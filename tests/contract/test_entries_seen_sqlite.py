"""Whose entry is as wanted, on SQLite: the contract."""

from __future__ import annotations

from tests.contract import entries_seen_contract as contract


class TestEntriesSeen(contract.EntriesSeenContract): ...
