"""Issue a code at the student office's desk, for a student whom no e-mail reaches."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.one_time_code import as_read_aloud
from estudent.ports import Codes, Refused, Students


@dataclass(frozen=True, slots=True)
class IssueCode:
    """What the desk calls after a clerk has seen the student's document."""

    students: Students
    codes: Codes

    def __call__(self, album: AlbumNumber, by: str) -> str:
        """Return a code in two groups, shown once and good for 7 days; NotFound, or Refused for whoever has left."""
        student = self.students.by_album(album)
        if not student.is_owed(Owed.SIGN_IN):
            raise Refused(f"student {album} is {student.standing.value}; signing in goes with studying")
        return as_read_aloud(self.codes.issue(student.key, by))
