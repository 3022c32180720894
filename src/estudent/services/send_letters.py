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

NOTED_AT_ONCE = 50
Compose = Callable[[Notice], Letter]


@dataclass(frozen=True, slots=True)
class SendLetters:
    """The reconciler of letters.

    A letter is noted before the attempt and after it. A process that dies between the post's acceptance and the
    second note sends that one letter again, byte for byte and under the same Message-ID, which mail stores that
    suppress duplicates show once; nothing else can be sent twice.
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
        for at, notice in enumerate(due):
            try:
                if at % NOTED_AT_ONCE == 0:
                    self.letters.prepare(due[at : at + NOTED_AT_ONCE])
                self._send(notice, tally)
            except Unavailable as error:
                tally.failed += len(due) - at
                why = f"{len(due) - at} letters were not sent: {error}"
                tally.remarks.append(Remark(self.system, why, "the next run sends them"))
                break
        return tally

    def _send(self, notice: Notice, tally: Tally) -> None:
        try:
            self.post.send(self.compose(notice))
        except Refused as error:
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
