"""The registry's figures on a real PostgreSQL: the contract."""

from __future__ import annotations

import pytest

from tests.contract import figures_contract as contract

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


class TestFigures(contract.FiguresContract): ...
