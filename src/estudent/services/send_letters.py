"""Send the album number letters: once to every admitted student, resumable after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from estudent.domain.letter import Letter, Notice
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Remark, Result, Tally
from estudent.domain.plan import StepKind
from estudent.ports import Journal, JournalEntry, Letters, Post, Refused, Students, Unavailable
from estudent.services.reconcile import Forecast

CLAIMED_AT_ONCE = 20
Compose = Callable[[Notice], Letter]


@dataclass(frozen=True, slots=True)
class SendLetters:
    """The reconciler of letters.

    Letters are claimed before the attempt, a few at once, and noted after it, so two runs share the work. When a
    process dies between the post's acceptance and the note, a later run sends that one letter again, byte for byte
    and under the same Message-ID, which mail stores that suppress duplicates show once.
    """

    students: Students
    letters: Letters
    compose: Compose
    post: Post
    journal: Journal
    system: str = "letters"

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Count the letters that are due and send none."""
        forecast = Forecast(self.system, looked_at=self._owed(keys))
        forecast.steps[StepKind.ADD] = len(self.letters.due(keys))
        return forecast

    def apply(self, keys: Sequence[int]) -> Tally:
        """Send what is due, one after the other, at the post's rate."""
        tally = Tally(self.system, read=self._owed(keys))
        due = self.letters.due(keys)
        for at in range(0, len(due), CLAIMED_AT_ONCE):
            claimed = self.letters.prepare(due[at : at + CLAIMED_AT_ONCE])
            try:
                for notice in claimed:
                    self._send(notice, tally)
            except Unavailable as error:
                self.letters.release(claimed)
                _note_outage(tally, len(due) - tally.new - tally.refused, error)
                break
        return tally

    def _send(self, notice: Notice, tally: Tally) -> None:
        try:
            self.post.send(self.compose(notice))
        except Refused as error:
            self.letters.release([notice])
            self._note_refusal(notice, str(error), tally)
            return
        self.letters.sent(notice)
        tally.new += 1

    def _note_refusal(self, notice: Notice, why: str, tally: Tally) -> None:
        tally.refused += 1
        self.journal.note([JournalEntry(notice.student.key, self.system, "letter", Result.REFUSED, why)])
        then = "correct the e-mail address in recruitment; the next run tries again"
        tally.remarks.append(Remark(str(notice.student.album), why, then))

    def _owed(self, keys: Sequence[int]) -> int:
        return sum(student.is_owed(Owed.LETTER) for student in self.students.load(keys))


def _note_outage(tally: Tally, unsent: int, error: Unavailable) -> None:
    tally.failed += unsent
    tally.remarks.append(Remark(tally.system, f"{unsent} letters were not sent: {error}", "the next run sends them"))
