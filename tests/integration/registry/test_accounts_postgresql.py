"""Accounts, one-time codes and messages on PostgreSQL."""

from __future__ import annotations

import pytest

from tests.contract import accounts_contract as contract
from tests.contract.accounts_contract import doors, key  # noqa: F401

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestCodes(contract.CodesContract): ...


class TestTaking(contract.TakingContract): ...


class TestFinding(contract.FindingContract): ...


class TestMessages(contract.MessagesContract): ...


class TestAsking(contract.AskingContract): ...
