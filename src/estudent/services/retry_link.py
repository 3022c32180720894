"""Let a student's way into USOS go on that is stuck, once somebody has seen to the cause."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.reason import Reason
from estudent.domain.student import LinkState, Student
from estudent.ports import Corrections, Refused, Students

RETRIED = (LinkState.STUCK, LinkState.CONFLICT)


def can_be_retried(student: Student) -> bool:
    """Tell whether the way into USOS does not go on by itself."""
    return student.usos_state in RETRIED and student.is_owed(Owed.USOS_LINK)


@dataclass(frozen=True, slots=True)
class RetryLink:
    """What the desk calls."""

    students: Students
    corrections: Corrections

    def __call__(self, album: AlbumNumber, why: Reason) -> bool:
        """Let USOS be looked at now and asked once more; False when that is so already, Refused without a cause."""
        student = self.students.by_album(album)
        if student.usos_state is LinkState.RETRIED:
            return False
        if not can_be_retried(student):
            raise Refused(f"student {album} is not stuck on the way into USOS")
        return self.corrections.retry_link(student, str(why))
