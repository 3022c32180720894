"""What is said of statements that do not go on from each other, and what to do about it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from estudent.domain.statement_chain import StatementEnds
from estudent.ports import Tills
from estudent.services.watch_statements import WatchStatements

FRIDAY, MONDAY = date(2026, 10, 2), date(2026, 10, 5)


def watching(opening: int, *uncounted: str) -> WatchStatements:
    """Watch a bank that numbers by the day of the year, and whose Monday begins with this balance."""
    ends = [
        StatementEnds("mbank/fri", "mbank", "1", "PLN", "275", Decimal(0), Decimal(10), FRIDAY),
        StatementEnds("mbank/mon", "mbank", "1", "PLN", "278", Decimal(opening), Decimal(30), MONDAY),
    ]
    return WatchStatements(cast(Tills, SimpleNamespace(ends=lambda _: ends)), lambda: MONDAY, uncounted)


def test_whoever_is_told_of_a_weekend_is_told_how_to_end_it() -> None:
    (remark,) = watching(10).run().remarks
    assert remark.about == "mbank/mon" and "ESTUDENT_STATEMENTS__UNCOUNTED" in remark.then and "mbank" in remark.then


@pytest.mark.parametrize(("opening", "told"), [(10, False), (15, True)])
def test_of_a_bank_that_numbers_by_the_day_only_balances_are_told(opening: int, told: bool) -> None:
    remarks = watching(opening, "mbank").run().remarks
    assert bool(remarks) is told
    assert not any("UNCOUNTED" in each.then for each in remarks)
