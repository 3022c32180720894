"""Assign individual payment accounts: USOS's number where it has one, otherwise the scheme's next free one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from estudent.domain.lifecycle import Owed
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.outcome import Remark, Tally
from estudent.domain.plan import StepKind
from estudent.domain.student import Student
from estudent.ports import AccountNumbers, Students, Usos
from estudent.services.link_usos import SOMEBODY_ELSE
from estudent.services.reconcile import Forecast

MOST_TRIES = 100


@dataclass(frozen=True, slots=True)
class AssignAccountNumbers:
    """The reconciler of payment accounts; without a scheme the university's USOS owns the numbers, and we only read.

    `further` are schemes for other purposes, which everybody of their programmes is given, and for programmes whose
    accounts are at another bank; the first that fits counts.
    """

    students: Students
    usos: Usos
    numbers: AccountNumbers
    purpose: str
    scheme: PaymentScheme | None
    further: Sequence[PaymentScheme] = ()
    system: str = "payment_accounts"

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the students who have no number yet and change nothing."""
        owed = self._owed(keys)
        forecast = Forecast(self.system, looked_at=len(owed))
        forecast.steps[StepKind.ADD] = sum(student.account_number is None for student in owed)
        forecast.steps[StepKind.ADD] += sum(1 for _ in self._for_other_purposes(owed))
        return forecast

    def apply(self, keys: Sequence[int]) -> Tally:
        """Give every student without a number one, once and for good."""
        owed = self._owed(keys)
        tally = Tally(self.system, read=len(owed))
        without = [student for student in owed if student.account_number is None]
        in_usos, mixed_up = self._look(without)
        studied = self._programmes(without)
        for student in without:
            if student.key in mixed_up:
                _refuse(
                    tally, student, SOMEBODY_ELSE, "the next run looks again once the id or the number is corrected"
                )
                continue
            held = in_usos.get(student.usos_id or 0)
            scheme = self._scheme(self.purpose, studied.get(student.key, frozenset()))
            self._count(tally, student, self._give(student, held, scheme))
        for student, scheme in self._for_other_purposes(owed):
            self._count(tally, student, self._draw(student, scheme))
        return tally

    def _look(self, students: Sequence[Student]) -> tuple[Mapping[int, Nrb], Collection[int]]:
        """Return the numbers that USOS holds, by USOS id, and the keys of those who are somebody else there.

        Into somebody else's account a student would pay without anybody noticing.
        """
        persons = self.usos.find([student.usos_id for student in students if student.usos_id])
        theirs = [(student, person) for student in students if (person := persons.get(student.usos_id or 0))]
        mixed_up = {student.key for student, person in theirs if person.is_somebody_else_than(student.album)}
        certain = [person.usos_id for student, person in theirs if person.album == str(student.album)]
        return self.usos.account_numbers(certain), mixed_up

    def _programmes(self, students: Sequence[Student]) -> dict[int, frozenset[str]]:
        if not any(scheme.purpose == self.purpose for scheme in self.further):
            return {}
        return self.numbers.wanting([student.key for student in students], self.purpose)

    def _for_other_purposes(self, students: Sequence[Student]) -> Iterator[tuple[Student, PaymentScheme]]:
        by_key = {student.key: student for student in students}
        for purpose in dict.fromkeys(each.purpose for each in self.further if each.purpose != self.purpose):
            for key, programmes in self.numbers.wanting(list(by_key), purpose).items():
                if scheme := self._scheme(purpose, programmes):
                    yield by_key[key], scheme

    def _scheme(self, purpose: str, programmes: frozenset[str]) -> PaymentScheme | None:
        fitting = (each for each in self.further if each.is_for(purpose, programmes))
        return next(fitting, self.scheme if purpose == self.purpose else None)

    def _give(self, student: Student, held: Nrb | None, scheme: PaymentScheme | None) -> bool | None:
        if held is not None:
            return self.numbers.give(student.key, self.purpose, held, "usos")
        return None if scheme is None else self._draw(student, scheme)

    def _draw(self, student: Student, scheme: PaymentScheme) -> bool:
        drawn = islice(scheme.draw(student.key), MOST_TRIES)
        candidates = (number for number in drawn if not scheme.tells(number, str(student.album)))
        return any(self.numbers.give(student.key, scheme.purpose, number, "assigned") for number in candidates)

    def _count(self, tally: Tally, student: Student, given: bool | None) -> None:
        if given:
            tally.new += 1
        elif given is False:
            why = "the account number belongs to another student, or the scheme has run out"
            _refuse(tally, student, why, "compare with USOS; widen the scheme")

    def _owed(self, keys: Sequence[int]) -> list[Student]:
        return [student for student in self.students.load(keys) if student.is_owed(Owed.PAYMENT_ACCOUNT)]


def _refuse(tally: Tally, student: Student, why: str, then: str) -> None:
    tally.refused += 1
    tally.remarks.append(Remark(str(student.album), why, then))
