"""Say which statements do not go on where the one before ended: a file has not come, and its payments neither."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, timedelta

from estudent.domain.outcome import Remark, Tally
from estudent.domain.statement import NOTHING
from estudent.domain.statement_chain import Gap, gaps
from estudent.ports import Tills

SYSTEM = "statements"
TOLD = timedelta(days=90)
"""A gap is told for so long, or until the statement between has come."""

COMPARED = timedelta(days=400)
"""So far back lies the statement, at most, that one goes on from."""


@dataclass(frozen=True, slots=True)
class WatchStatements:
    """Compares what is kept; `uncounted` are the banks whose numbers count days, or nothing at all."""

    tills: Tills
    today: Callable[[], date]
    uncounted: Collection[str] = ()

    def gaps(self) -> list[Gap]:
        """Return the gaps of the last weeks, the newest first."""
        today = self.today()
        return gaps(self.tills.ends(today - COMPARED), today - TOLD, self.uncounted)

    def run(self) -> Tally:
        """Say what is missing where; nothing is booked otherwise for it."""
        return Tally(SYSTEM, remarks=[Remark(gap.after.file, _told(gap), _then(gap)) for gap in self.gaps()])


def _told(gap: Gap) -> str:
    before, after = gap.before, gap.after
    between = (
        f"account {after.account}: between statement {before.number} of {before.closed_on} ({before.file}) "
        f"and {after.number} of {after.closed_on}"
    )
    if gap.difference == NOTHING:
        return f"{between} numbers are missing, though the balance is the same"
    return f"{between} a difference of {gap.difference} {after.currency} is not told by any statement"


def _then(gap: Gap) -> str:
    asking = "ask the bank for the statement between them and put it into the folder"
    if gap.difference == NOTHING:
        return f"{asking}; if its numbers count days, name {gap.after.bank} in ESTUDENT_STATEMENTS__UNCOUNTED"
    return asking
