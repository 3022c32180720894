"""Unlock an account that wrong passwords have barred."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.outcome import Result
from estudent.domain.plan import Lock
from estudent.domain.reason import Reason
from estudent.ports import Attempts, Barrier, Journal, JournalEntry, Passwords, Refused, Students
from estudent.services import sign_in
from estudent.services.activate import ACTIVATE, CODE, OFFICE_CODE
from estudent.services.recover_password import RECOVER

DOORS = (sign_in.DOOR, ACTIVATE, CODE, RECOVER, OFFICE_CODE)
"""Where a student's failures are counted."""


class Unlocked(StrEnum):
    """What became of it: WAITS_ENDED there was no lock, only the portal's waits between tries."""

    OPENED = "opened"
    WAITS_ENDED = "waits_ended"


@dataclass(frozen=True, slots=True)
class UnlockAccount:
    """What the desk calls."""

    students: Students
    passwords: Passwords
    attempts: Attempts
    journal: Journal

    def __call__(self, album: AlbumNumber, why: Reason) -> Unlocked:
        """End a lock by wrong passwords and the waits between tries; raise Refused for who has left."""
        student = self.students.by_album(album)
        barrier = self.passwords.barrier(album)
        if barrier and barrier.lock is Lock.BARRED:
            raise Refused(f"account {album} is locked because of the student's standing, not by wrong passwords")
        locked = barrier is not None and opens(barrier)
        if locked:
            self.passwords.open(album)
        for door in DOORS:
            self.attempts.forget(door, str(album), student.key)
        step = "unlocked" if locked else "waits ended"
        self.journal.note([JournalEntry(student.key, "desk", step, Result.DONE, str(why))])
        return Unlocked.OPENED if locked else Unlocked.WAITS_ENDED


def opens(barrier: Barrier) -> bool:
    """Tell whether the desk may end what keeps a student out: a lock by wrong passwords, and nothing else."""
    return barrier.lock is Lock.OPEN
