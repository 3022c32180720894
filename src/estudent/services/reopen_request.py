"""Let a request for a mailbox that is stuck have its turn again."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_watch import ON_THE_WAY
from estudent.domain.reason import Reason
from estudent.domain.student import MailboxState, Student
from estudent.ports import Corrections, Refused, Students

HURRIED = ON_THE_WAY | {MailboxState.STUCK}


def can_be_hurried(student: Student) -> bool:
    """Tell whether there is a mailbox on its way; for an address in conflict the student must choose another name."""
    return student.mailbox_state in HURRIED and student.is_owed(Owed.MAILBOX)


@dataclass(frozen=True, slots=True)
class ReopenRequest:
    """What the desk calls."""

    students: Students
    corrections: Corrections

    def __call__(self, album: AlbumNumber, why: Reason) -> bool:
        """Let the request be served now; False when it has its turn already, Refused when nothing is on its way."""
        student = self.students.by_album(album)
        if not can_be_hurried(student):
            raise Refused(f"student {album} has no mailbox on its way")
        return self.corrections.hurry_mailbox(student, str(why))
