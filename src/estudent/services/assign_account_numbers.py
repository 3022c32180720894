"""Assign individual payment accounts: USOS's number where it has one, otherwise the scheme's next free one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from estudent.domain.lifecycle import Owed
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.outcome import Remark, Tally
from estudent.domain.plan import StepKind
from estudent.domain.student import Student
from estudent.ports import AccountNumbers, Students, Usos
from estudent.services.reconcile import Forecast

MOST_TRIES = 100


@dataclass(frozen=True, slots=True)
class AssignAccountNumbers:
    """The reconciler of payment accounts; without a scheme the university's USOS owns the numbers, and we only read."""

    students: Students
    usos: Usos
    numbers: AccountNumbers
    purpose: str
    scheme: PaymentScheme | None
    system: str = "payment_accounts"

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the students who have no number yet and change nothing."""
        owed = self._owed(keys)
        forecast = Forecast(self.system, looked_at=len(owed))
        forecast.steps[StepKind.ADD] = sum(student.account_number is None for student in owed)
        return forecast

    def apply(self, keys: Sequence[int]) -> Tally:
        """Give every student without a number one, once and for good."""
        owed = self._owed(keys)
        tally = Tally(self.system, read=len(owed))
        without = [student for student in owed if student.account_number is None]
        in_usos = self.usos.account_numbers([student.usos_id for student in without if student.usos_id])
        for student in without:
            held = in_usos.get(student.usos_id or 0)
            self._count(tally, student, self._give(student, held))
        return tally

    def _give(self, student: Student, held: Nrb | None) -> bool | None:
        if held is not None:
            return self.numbers.give(student.key, self.purpose, held, "usos")
        if self.scheme is None:
            return None
        drawn = islice(self.scheme.draw(student.key), MOST_TRIES)
        candidates = (number for number in drawn if not self.scheme.tells(number, str(student.album)))
        return any(self.numbers.give(student.key, self.purpose, number, "assigned") for number in candidates)

    def _count(self, tally: Tally, student: Student, given: bool | None) -> None:
        if given:
            tally.new += 1
        elif given is False:
            tally.refused += 1
            why = "the account number belongs to another student, or the scheme has run out"
            tally.remarks.append(Remark(str(student.album), why, "compare with USOS; widen the scheme"))

    def _owed(self, keys: Sequence[int]) -> list[Student]:
        return [student for student in self.students.load(keys) if student.is_owed(Owed.PAYMENT_ACCOUNT)]
