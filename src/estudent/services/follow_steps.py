"""Follow a student's five steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from estudent.domain.fees import balances
from estudent.domain.progress import Progress, progress_of
from estudent.domain.student import Student
from estudent.ports import Fees, Trail


@dataclass(frozen=True, slots=True)
class FollowSteps:
    """What the page of steps and that of the mailbox show."""

    trail: Trail
    fees: Fees
    today: Callable[[], date]
    clock: Callable[[], datetime]

    def __call__(self, student: Student) -> Progress:
        """Return where a student stands at this moment."""
        ledger = self.fees.of(student.key)
        to_pay = sum(bool(each.left) for each in balances(ledger, self.today()))
        return progress_of(student, self.trail.of(student.key), to_pay, self.clock())
