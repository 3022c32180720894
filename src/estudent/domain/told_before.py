"""Whether a line's money was told before, by another file that tells of the same days.

Banks deliver a day twice: as MT940 and camt.053, or once more with its month. What the bank's reference does not tell
apart from a payment that is kept already, for it is missing in one of them or differs, is never booked by itself.

    another file has a statement                                  a line that is not known by its reference
    ------------------------------------------------------------  -----------------------------------------
    of the same day, balances and lines                           known: it is the same statement
    of the same day and balances, with other lines                waits: told before
    with a line of that account, amount, currency, booking date   waits: told before
    of these days, without such a line                            is judged like any other

Equal balances tell nothing where the day leaves the balance as it was: there may be two such statements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from estudent.domain.statement import Statement


class Again(StrEnum):
    """How sure it is that a line was told before."""

    CERTAIN = "certain"
    PERHAPS = "perhaps"


@dataclass(frozen=True, slots=True)
class OtherStatement:
    """A statement kept of another file: its ends, the contents of its lines, and of those that it told first."""

    opening: Decimal | None
    closing: Decimal | None
    closed_on: date | None
    contents: Counter[str]
    told_first: Counter[str]

    def has_ends_of(self, statement: Statement) -> bool:
        """Tell whether both lead from the same balance to the same other one on the same day."""
        ends = (statement.opening, statement.closing, statement.closed_on)
        moves = None not in ends and statement.opening != statement.closing
        return moves and ends == (self.opening, self.closing, self.closed_on)


class ToldBefore:
    """What other files have told of a statement's days; `recognised` are its lines that are known by a reference."""

    def __init__(self, statement: Statement, others: Sequence[OtherStatement], recognised: Iterable[str]) -> None:
        twins = [other for other in others if other.has_ends_of(statement)]
        contents = Counter(line.content for line in statement.lines) if twins else Counter[str]()
        self._is_the_same = any(other.contents == contents for other in twins)
        self._has_twin = bool(twins)
        self._left = Counter[str]()
        for other in others:
            self._left.update(other.told_first)
        self._left.subtract(recognised)

    def judge(self, content: str) -> Again | None:
        """Return how sure it is that the next line with this content was told before; each of theirs counts once."""
        if self._is_the_same:
            return Again.CERTAIN
        if not self._has_twin and self._left[content] <= 0:
            return None
        self._left[content] -= 1
        return Again.PERHAPS
