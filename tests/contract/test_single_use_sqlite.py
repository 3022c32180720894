"""What is good for one use, noted on SQLite: the contract."""

from __future__ import annotations

from tests.contract import single_use_contract as contract


class TestSingleUse(contract.SingleUseContract): ...
