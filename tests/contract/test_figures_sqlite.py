"""The registry's figures on SQLite: the contract."""

from __future__ import annotations

from tests.contract import figures_contract as contract


class TestFigures(contract.FiguresContract): ...
