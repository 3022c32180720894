"""Close the mailboxes of those who have left, step by announced step, and open them again for those who come back.

The table of steps and letters is in `domain.mailbox_life`. Two reconcilers share it: the daily one announces, blocks,
withdraws and reopens; erasing is its own, whose every run somebody must approve. A step is taken not before the day
that the student was told, and a state is reached only when it was seen at Microsoft.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_life import (
    KINDS,
    Calendar,
    CloudUser,
    Deed,
    Leaving,
    Parting,
    deed_due,
    seen,
    to_be_told,
)
from estudent.domain.outcome import Remark, Result, Tally
from estudent.domain.student import MailboxState, Student
from estudent.ports import CloudUsers, Journal, JournalEntry, LifeOutcome, LifeStep, Partings, Students, Whose
from estudent.services.reconcile import Forecast

LIFE, ERASURE = "mailbox_life", "mailbox_erasure"
DAILY = frozenset({Deed.BLOCK, Deed.WITHDRAW, Deed.REOPEN})
ERASING = frozenset({Deed.ERASE})
TWO_USERS = "two users in Microsoft 365 have this album number; nothing is done to either"
OPENED_BY_HAND = "the studies have ended and the mailbox was closed, but somebody has opened the sign-in by hand"


@dataclass(frozen=True, slots=True)
class CloseMailboxes:
    """A reconciler of mailboxes' ends that takes some of the deeds; `today` is the university's date."""

    system: str
    deeds: frozenset[Deed]
    students: Students
    partings: Partings
    users: CloudUsers
    journal: Journal
    calendar: Calendar
    today: Callable[[], date]

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the steps that are due and change nothing."""
        concerned = self._concerned(keys)
        found = self._look(concerned)
        steps = [step for student in concerned if (step := self._step(student, found.get(student.album)))]
        kinds = Counter(KINDS[step.deed] for step in steps)
        licences = sum(step.deed is Deed.REOPEN and not step.user.licensed for step in steps)
        return Forecast(self.system, self.partings.with_mailbox(list(keys)), kinds, licences)

    def apply(self, keys: Sequence[int]) -> Tally:
        """Tell whoever must be told, take the steps that are due, look again, and store what was seen."""
        tally = Tally(self.system, read=self.partings.with_mailbox(list(keys)))
        concerned = self._concerned(keys)
        found = self._look(concerned)
        concerned = self._announced(concerned, found)
        steps = {student.key: step for student in concerned if (step := self._step(student, found.get(student.album)))}
        outcomes: dict[AlbumNumber, LifeOutcome] = {}
        try:
            for outcome in self.users.take(steps.values()):
                outcomes[outcome.step.user.album] = outcome
        finally:
            if steps:
                found |= self._look([student for student in concerned if student.key in steps])
            for student in concerned:
                self._record(student, found.get(student.album), outcomes.get(student.album), tally)
        return tally

    def _concerned(self, keys: Sequence[int]) -> list[Student]:
        """Return those whose mailbox is to be closed, or opened again."""
        return [
            student
            for student in self.students.load(keys)
            if _comes_back(student) or (_leaves(student) and student.mailbox_state is not MailboxState.CONFLICT)
        ]

    def _announced(self, concerned: list[Student], found: Mapping[AlbumNumber, CloudUser]) -> list[Student]:
        """Return the same students, those who were told something now with its day; only the daily run tells."""
        if Deed.BLOCK not in self.deeds:
            return concerned
        there = {album for album, user in found.items() if user.identifier and not user.deleted}
        leaving = [student for student in concerned if _leaves(student) and student.album in there]
        told = {student.key for student in leaving if self._announce(student)}
        if not told:
            return concerned
        anew = {student.key: student for student in self.students.load(sorted(told))}
        return [anew.get(student.key, student) for student in concerned]

    def _announce(self, student: Student) -> bool:
        today = self.today()
        parting = student.parting or Parting(Leaving.ANNOUNCED, today, today)
        day = to_be_told(parting, self.calendar, today)
        if day is not None:
            self.partings.announce(student, replace(parting, due=day))
        return day is not None

    def _look(self, students: Sequence[Student]) -> dict[AlbumNumber, CloudUser]:
        return dict(self.users.look([Whose(student.album, student.mailbox_id) for student in students]))

    def _step(self, student: Student, user: CloudUser | None) -> LifeStep | None:
        """Return the step that is due for a student, if it is one of this reconciler's."""
        if user is None or not user.identifier or student.mailbox is None:
            return None
        if _comes_back(student):
            deed = None if user.open else Deed.REOPEN
        else:
            deed = deed_due(student.parting or self._first(), user, self.today())
        return LifeStep(deed, user, student.mailbox) if deed in self.deeds and deed is not None else None

    def _first(self) -> Parting:
        """Return how the end of a mailbox would begin today, for a rehearsal."""
        parting = Parting(Leaving.ANNOUNCED, self.today(), self.today())
        return replace(parting, due=to_be_told(parting, self.calendar, self.today()))

    def _record(self, student: Student, user: CloudUser | None, outcome: LifeOutcome | None, tally: Tally) -> None:
        """Store what was seen of one student; what was seen to be done is done, whatever was answered."""
        if user is not None and not user.identifier:
            tally.remarks.append(
                Remark(str(student.album), TWO_USERS, "correct one of them in Microsoft's admin centre")
            )
            return
        done = self._store(student, user)
        if outcome is not None:
            self._count(student, outcome, tally, done=done)
        elif not done and _was_opened_by_hand(student, user):
            then = "block it again, or correct the standing in recruitment"
            tally.remarks.append(Remark(str(student.album), OPENED_BY_HAND, then))

    def _store(self, student: Student, user: CloudUser | None) -> bool:
        """Store another state; tell whether there was one."""
        if _comes_back(student):
            back = (user is None or user.open) and Deed.REOPEN in self.deeds
            if back:
                self.partings.reopen(student)
            return back
        if student.parting is None:
            return False
        state = seen(student.parting, user, self.today())
        if state is student.parting.state:
            return False
        self.partings.observe(student, Parting(state, student.parting.since, self.today()))
        return True

    def _count(self, student: Student, outcome: LifeOutcome, tally: Tally, *, done: bool) -> None:
        deed, result, detail = outcome.step.deed, outcome.result, outcome.detail
        if done:
            result, detail = Result.DONE, ""
        elif result is Result.DONE:
            result, detail = Result.FAILED, "Microsoft accepted the step, but it is not to be seen there yet"
        tally.count(KINDS[deed], result)
        self.journal.note([JournalEntry(student.key, LIFE, deed.value, result, detail)])
        if result is not Result.DONE:
            then = "the next run tries again" if result is Result.FAILED else "correct it, then run again"
            tally.remarks.append(Remark(str(student.album), detail, then))


def _leaves(student: Student) -> bool:
    """Tell whether a student has a mailbox that is owed no more and not yet gone."""
    gone = student.parting is not None and student.parting.state is Leaving.GONE
    return student.mailbox is not None and not student.is_owed(Owed.MAILBOX) and not gone


def _comes_back(student: Student) -> bool:
    return student.mailbox is not None and student.is_owed(Owed.MAILBOX) and student.parting is not None


def _was_opened_by_hand(student: Student, user: CloudUser | None) -> bool:
    closed = student.parting is not None and student.parting.state in (Leaving.BLOCKED, Leaving.UNLICENSED)
    return closed and not _comes_back(student) and user is not None and user.enabled and not user.deleted
