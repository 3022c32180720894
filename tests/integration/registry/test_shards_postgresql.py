"""The register of shards on a real PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract import shards_contract as contract
from tests.contract.shards_contract import shards

__all__ = ["shards"]
pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestShards(contract.ShardsContract): ...
