"""Say a year before that a scheme of account numbers runs out: the bank gives no new prefix in a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from estudent.domain.nrb import PaymentScheme, SchemeUse
from estudent.domain.outcome import Remark, Tally
from estudent.ports import AccountNumbers
from estudent.services.examine import WARNING

SYSTEM = "account numbers"
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class WatchSchemes:
    """Compares what is left with what was given in the last year."""

    numbers: AccountNumbers
    schemes: Sequence[PaymentScheme]
    clock: Callable[[], datetime]

    def run(self) -> Tally:
        """Say which schemes run out within a year."""
        then = "ask the bank for another prefix"
        return Tally(SYSTEM, remarks=[Remark(each.scheme.purpose, _told(each), then) for each in self.short()])

    def short(self) -> list[SchemeUse]:
        """Return the schemes that run out within a year."""
        return [each for each in self._uses() if each.is_short]

    def check(self) -> str:
        """Return in one sentence how much is left of every scheme."""
        uses = list(self._uses())
        left = ", ".join(f"{each.left} left for {each.scheme.purpose} ({each.scheme.start}…)" for each in uses)
        if any(each.is_short for each in uses):
            return f"{WARNING}account numbers run out within a year: {left}; ask the bank for another prefix"
        return f"account numbers: {left}"

    def _uses(self) -> Iterator[SchemeUse]:
        for scheme in self.schemes:
            yield SchemeUse(scheme, *self.numbers.count(scheme.start, self.clock() - YEAR))


def _told(use: SchemeUse) -> str:
    return (
        f"account numbers {use.scheme.start}… run out within a year: {use.left} left, {use.last_year} given in the last"
    )
