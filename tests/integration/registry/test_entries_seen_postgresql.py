"""Whose entry is as wanted, on a real PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract import entries_seen_contract as contract

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestEntriesSeen(contract.EntriesSeenContract): ...
