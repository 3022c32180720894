"""Tries at the portal's doors, kept on SQLite: the contract."""

from __future__ import annotations

from tests.contract.attempts_contract import AttemptsContract


class TestAttempts(AttemptsContract): ...
