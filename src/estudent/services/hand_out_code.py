"""Hand a code out at the desk, and note why."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.album_number import AlbumNumber
from estudent.domain.outcome import Result
from estudent.domain.reason import Reason
from estudent.ports import Journal, JournalEntry, Students
from estudent.services.issue_code import IssueCode


@dataclass(frozen=True, slots=True)
class HandOutCode:
    """What the desk calls after a clerk has seen the student's document."""

    students: Students
    issue: IssueCode
    journal: Journal

    def __call__(self, album: AlbumNumber, by: str, why: Reason) -> str:
        """Return a code, shown once; NotFound for an unknown student, Refused for whoever has left."""
        student = self.students.by_album(album)
        code = self.issue(album, by)
        self.journal.note([JournalEntry(student.key, "desk", "code handed out", Result.DONE, str(why))])
        return code
