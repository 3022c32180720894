"""The register of shards on SQLite: the contract."""

from __future__ import annotations

from tests.contract import shards_contract as contract
from tests.contract.shards_contract import shards

__all__ = ["shards"]


class TestShards(contract.ShardsContract): ...
