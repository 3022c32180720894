"""Remind students before the last day on which a transfer is still booked in time; once for each due date."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from estudent.domain.fees import balances
from estudent.domain.outcome import Tally
from estudent.domain.working_days import IsHoliday, last_safe_day, working_days_before
from estudent.ports import Fees, Reminders

SYSTEM = "reminders"
FAR = timedelta(days=60)
"""No reminder is earlier, whatever holidays lie between."""


@dataclass(frozen=True, slots=True)
class RemindOfFees:
    """`days` is how many working days before the last safe day the letter goes out."""

    reminders: Reminders
    fees: Fees
    is_holiday: IsHoliday
    today: Callable[[], date]
    days: int

    def run(self) -> Tally:
        """Queue the letters that are due; several receivables of one student make one letter."""
        return self._go(apply=True)

    def rehearse(self) -> Tally:
        """Count them and change nothing."""
        return self._go(apply=False)

    def _go(self, *, apply: bool) -> Tally:
        tally = Tally(SYSTEM)
        for student, dates in self._due():
            tally.read += 1
            if self._is_open(student, dates):
                tally.new += self.reminders.remind(student, dates) if apply else 1
        return tally

    def _due(self) -> Iterator[tuple[int, dict[int, date]]]:
        found = self.reminders.due(self.today() + FAR)
        ripe = [each for each in found if self._is_time(each[2])]
        for student, some in groupby(ripe, key=lambda each: each[1]):
            yield student, {key: due for key, _, due in some}

    def _is_time(self, due: date) -> bool:
        """Tell whether today lies between the day of the letter and the last safe day; later it would only annoy."""
        safe = last_safe_day(due, self.is_holiday)
        return working_days_before(safe, self.days, self.is_holiday) <= self.today() <= safe

    def _is_open(self, student: int, keys: Container[int]) -> bool:
        ledger = self.fees.of(student)
        return any(each.left for each in balances(ledger, self.today()) if each.receivable.key in keys)
