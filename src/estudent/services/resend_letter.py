"""Send the album number letter again, at once, with the same link as long as it was not used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.reason import Reason
from estudent.domain.student import AccountState, Student
from estudent.ports import Corrections, Misconfigured, Refused, Students, Unavailable
from estudent.services.reconcile import Reconciler


class Resent(StrEnum):
    """What became of it: LATER the letters' next run sends it, ALREADY it went out moments ago or is on its way."""

    SENT = "sent"
    LATER = "later"
    ALREADY = "already"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ResendLetter:
    """What the desk calls; the letters' own claims keep a run that is under way from sending it too."""

    students: Students
    corrections: Corrections
    letters: Reconciler

    def __call__(self, album: AlbumNumber, why: Reason) -> Resent:
        """Let the letter be due and send it; raise Refused for somebody to whom it is of no use."""
        student = self.students.by_album(album)
        if student.account is AccountState.ACTIVE or not student.is_owed(Owed.LETTER):
            raise Refused(f"student {album} needs no letter: the account is active, or none is owed")
        if not self.corrections.owe_letter_again(student, str(why)):
            return Resent.ALREADY
        return sent_now(self.letters, student)


def sent_now(letters: Reconciler, student: Student) -> Resent:
    """Send a letter that is due; one that cannot go now stays due."""
    try:
        tally = letters.apply([student.key])
    except (Unavailable, Misconfigured):
        return Resent.LATER
    if tally.refused:
        return Resent.REFUSED
    return Resent.SENT if tally.new else Resent.LATER
