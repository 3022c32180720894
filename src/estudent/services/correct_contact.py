"""Correct a contact address: letters go to the new one from now on, and what lies in the old mailbox is worthless."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import EMAIL, LONGEST_VALUE
from estudent.domain.lifecycle import Owed
from estudent.domain.reason import Reason
from estudent.domain.student import AccountState
from estudent.ports import Corrections, Students
from estudent.services.reconcile import Reconciler
from estudent.services.resend_letter import Resent, sent_now


class BadAddress(StrEnum):
    """Why an address is not taken."""

    NO_ADDRESS = "no_address"
    OF_OURS = "of_ours"


@dataclass(frozen=True, slots=True)
class Corrected:
    """Whether the address is a new one, and what became of the letter that is therefore due again."""

    changed: bool
    letter: Resent | None = None


@dataclass(frozen=True, slots=True)
class CorrectContact:
    """What the desk calls; `domain` is that of students' own addresses, which are no contact for who cannot sign in."""

    students: Students
    corrections: Corrections
    letters: Reconciler
    domain: str

    def __call__(self, album: AlbumNumber, email: str, why: Reason) -> Corrected:
        """Store the address, and send the letter with a new link to whoever has not activated the account yet.

        The next feed leaves the address alone as long as recruitment's row does not change; a changed row brings
        recruitment's address. Raises ValueError for what is no address, NotFound for an unknown student.
        """
        if fault := self.fault_of(email):
            raise ValueError(fault.value)
        student = self.students.by_album(album)
        if not self.corrections.correct_email(student, email, str(why)):
            return Corrected(changed=False)
        waits = student.account is AccountState.PREPARED and student.is_owed(Owed.LETTER)
        return Corrected(changed=True, letter=sent_now(self.letters, student) if waits else None)

    def fault_of(self, email: str) -> BadAddress | None:
        """Return why an address cannot be a contact, or None."""
        if len(email) > LONGEST_VALUE or not EMAIL.fullmatch(email) or not email.isprintable():
            return BadAddress.NO_ADDRESS
        return BadAddress.OF_OURS if email.lower().endswith(f"@{self.domain}") else None
