"""Watch mailboxes that work: a delta query tells whose users changed; what differs is repaired or told.

What is repaired, and what is only told, is in the table of `domain.mailbox_drift`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox import Mailbox
from estudent.domain.mailbox_drift import REPAIRED, TOLD, Drift, drift_of, is_watched
from estudent.domain.mailbox_life import CloudUser, Deed
from estudent.domain.outcome import Remark, Result, Tally
from estudent.domain.plan import StepKind
from estudent.domain.student import Student
from estudent.ports import (
    Changes,
    CloudUsers,
    Expired,
    FarSideError,
    Journal,
    JournalEntry,
    LifeStep,
    Misconfigured,
    Students,
    Watermarks,
    Whose,
)
from estudent.services.close_mailboxes import LIFE
from estudent.services.reconcile import Forecast, Reconcile

SYSTEM = "mailbox_drift"
DELTA = "microsoft365 users"


@dataclass(frozen=True, slots=True)
class Noticed:
    """Whose mailboxes are to be looked at, and the token to be kept once that was done."""

    keys: list[int]
    token: str


@dataclass(frozen=True, slots=True)
class WatchMailboxes:
    """The reconciler of drift; `opening` brings licence and aliases back, and stores what it then sees."""

    students: Students
    users: CloudUsers
    marks: Watermarks
    opening: Reconcile[Mailbox]
    journal: Journal
    domain: str
    system: str = SYSTEM

    def notice(self, everybody: Sequence[int]) -> Noticed:
        """Return of these students those whose users changed since the last look, all of them without a usable token.

        Microsoft keeps a token for a week; an expired one is answered by a full listing.
        """
        token = self.marks.of(DELTA)
        changes, full = self._changes(token)
        if full:
            return Noticed(list(everybody), changes.token)
        meant = set(everybody)
        return Noticed([key for key in self.marks.owners(changes.identifiers) if key in meant], changes.token)

    def keep(self, noticed: Noticed) -> None:
        """Let the next look begin where this one ended."""
        self.marks.keep(DELTA, noticed.token)

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the mailboxes that would be repaired, among all that are watched, and change nothing."""
        watched = self._watched(keys)
        drifts = self._drifts(watched, self._look(watched))
        repairs = sum(bool(drift & REPAIRED) for drift in drifts.values())
        licences = sum(bool(drift & {Drift.LICENCE, Drift.DELETED}) for drift in drifts.values())
        steps = Counter({StepKind.REPAIR: repairs} if repairs else {})
        return Forecast(self.system, len(watched), steps, licences)

    def apply(self, keys: Sequence[int]) -> Tally:
        """Repair what is ours to repair, look again, and tell the rest."""
        watched = self._watched(keys)
        tally = Tally(self.system, read=len(watched))
        found = self._look(watched)
        drifts = self._drifts(watched, found)
        differing = [student for student in watched if drifts[student.album] & REPAIRED]
        problems = {student.album: self._moved(student, found, drifts[student.album]) for student in differing}
        self._restore(differing, found, drifts, problems)
        if differing:
            self.opening.apply([student.key for student in differing])
            found |= self._look(differing)
        after = self._drifts(differing, found)
        for student in differing:
            self._count(student, after[student.album] & REPAIRED, problems[student.album], tally)
        for student in watched:
            for drift in sorted(drifts[student.album] - REPAIRED):
                tally.remarks.append(Remark(str(student.album), *TOLD[drift]))
        return tally

    def _changes(self, token: str | None) -> tuple[Changes, bool]:
        try:
            return self.users.changes(token), token is None
        except Expired:
            return self.users.changes(None), True

    def _watched(self, keys: Sequence[int]) -> list[Student]:
        return [student for student in self.students.load(keys) if is_watched(student)]

    def _look(self, students: Sequence[Student]) -> dict[AlbumNumber, CloudUser]:
        return dict(self.users.look([Whose(student.album, student.mailbox_id) for student in students]))

    def _drifts(
        self, students: Sequence[Student], found: Mapping[AlbumNumber, CloudUser]
    ) -> dict[AlbumNumber, frozenset[Drift]]:
        return {
            student.album: drift_of(student, found.get(student.album), f"{student.album.login}@{self.domain}")
            for student in students
        }

    def _moved(self, student: Student, found: Mapping[AlbumNumber, CloudUser], drift: frozenset[Drift]) -> str:
        """Put the primary address and the sign-in name back; return what stood in the way."""
        user, address = found[student.album], student.mailbox or ""
        try:
            if Drift.PRIMARY in drift:
                self.users.make_primary(user.identifier, address)
            if Drift.SIGN_IN in drift:
                self.users.move_sign_in(user.identifier, address)
        except Misconfigured:
            raise
        except FarSideError as error:
            return str(error)
        return ""

    def _restore(
        self,
        students: Sequence[Student],
        found: Mapping[AlbumNumber, CloudUser],
        drifts: Mapping[AlbumNumber, frozenset[Drift]],
        problems: dict[AlbumNumber, str],
    ) -> None:
        """Take users out of the bin, and note what stood in the way."""
        thrown = [student for student in students if Drift.DELETED in drifts[student.album]]
        steps = [LifeStep(Deed.REOPEN, found[student.album], student.mailbox or "") for student in thrown]
        for outcome in self.users.take(steps):
            if outcome.result is not Result.DONE:
                problems[outcome.step.user.album] = outcome.detail

    def _count(self, student: Student, left: frozenset[Drift], problem: str, tally: Tally) -> None:
        result = Result.FAILED if left else Result.DONE
        detail = (problem or f"not to be seen yet: {', '.join(sorted(left))}") if left else ""
        tally.count(StepKind.REPAIR, result)
        self.journal.note([JournalEntry(student.key, LIFE, "repair", result, detail)])
        if left:
            tally.remarks.append(Remark(str(student.album), detail, "the next runs go on; see to it if it stays"))
