"""The link between a person in USOS and the account by which CAS lets them in."""

from __future__ import annotations

from dataclasses import dataclass, field

from estudent.domain.album_number import AlbumNumber
from estudent.domain.plan import Lock
from estudent.domain.student import Student


@dataclass(frozen=True, slots=True)
class UsosLink:
    """The university address that USOS should hold for a person: it is what CAS hands over (the manual's step 4)."""

    album: AlbumNumber
    usos_id: int
    email: str | None = field(repr=False)
    lock: Lock = Lock.OPEN

    def differences(self, found: UsosLink) -> tuple[str, ...]:
        """Name the e-mail where USOS holds another one; case does not count (RFC 5321 domains, Exchange names)."""
        return () if (found.email or "").lower() == (self.email or "").lower() else ("email",)


def usos_link_of(student: Student) -> UsosLink | None:
    """Return the link a student should have; None until the mailbox works and the USOS id is known."""
    if student.usos_id is None or student.working_mailbox is None:
        return None
    return UsosLink(student.album, student.usos_id, student.working_mailbox)
