"""Tries at the portal's doors, kept on PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract.attempts_contract import AttemptsContract

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestAttempts(AttemptsContract): ...
