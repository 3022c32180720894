"""Let a mailbox, or a way into USOS, go on at once that is stuck or waits for its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox_watch import ON_THE_WAY
from estudent.domain.reason import Reason
from estudent.domain.student import LinkState, MailboxState, Student
from estudent.ports import Refused, Students

HURRIED = ON_THE_WAY | {MailboxState.STUCK}
STUCK_LINKS = (LinkState.STUCK, LinkState.CONFLICT)


def can_be_hurried(student: Student) -> bool:
    """Tell whether there is a mailbox on its way; for an address in conflict the student must choose another name."""
    return student.mailbox_state in HURRIED and student.is_owed(Owed.MAILBOX)


def can_be_retried(student: Student) -> bool:
    """Tell whether the way into USOS does not go on by itself, or somebody has just seen to that."""
    return student.usos_state in (*STUCK_LINKS, LinkState.RETRIED) and student.is_owed(Owed.USOS_LINK)


@dataclass(frozen=True, slots=True)
class LetGoOn:
    """What the desk calls once somebody has seen to the cause; `what` names what must be there to go on."""

    students: Students
    is_there: Callable[[Student], bool]
    correct: Callable[[Student, str], bool]
    what: str

    def __call__(self, album: AlbumNumber, why: Reason) -> bool:
        """Let it be seen to now; False when it has its turn already, Refused when there is nothing of the kind."""
        student = self.students.by_album(album)
        if not self.is_there(student):
            raise Refused(f"student {album} has no {self.what}")
        return self.correct(student, str(why))
