"""Accounts, one-time codes and messages on SQLite."""

from __future__ import annotations

from tests.contract import accounts_contract as contract
from tests.contract.accounts_contract import doors, key  # noqa: F401


class TestCodes(contract.CodesContract): ...


class TestTaking(contract.TakingContract): ...


class TestFinding(contract.FindingContract): ...


class TestMessages(contract.MessagesContract): ...


class TestAsking(contract.AskingContract): ...
