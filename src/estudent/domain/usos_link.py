"""The link between a person in USOS and the account by which CAS lets them in."""

from __future__ import annotations

from dataclasses import dataclass, field

from estudent.domain.album_number import AlbumNumber
from estudent.domain.plan import Lock
from estudent.domain.student import LinkState, Student


@dataclass(frozen=True, slots=True)
class UsosPerson:
    """What USOS holds of one person, as it was observed; `identifier` is what CAS is to hand over.

    The identifier is None where the source does not show it: USOS API has no field for it (facts 1.2). `refused` is why
    USOS's own people did not carry out our latest request, where they tell so later.
    """

    usos_id: int
    album: str | None
    email: str | None = field(repr=False)
    active: bool
    identifier: str | None = field(default=None, repr=False)
    refused: str = ""

    def holds(self, address: str) -> bool:
        """Tell whether the person has this address as e-mail and, where that shows, as identifier; case counts not."""
        shown = [self.email, self.email if self.identifier is None else self.identifier]
        return all((each or "").lower() == address.lower() for each in shown)

    def is_somebody_else_than(self, album: AlbumNumber) -> bool:
        """Tell whether the person has another album number than a student who is said to be this person."""
        return self.album not in (None, str(album))


@dataclass(frozen=True, slots=True)
class UsosLink:
    """The university address that USOS should hold for a person: it is what CAS hands over (the manual's step 4).

    A wanted link has no address while the mailbox does not work, is `pending` once USOS was asked for the address, and
    `was_held` when USOS held it at the last look. A found one tells the person by whom it was found, or None.
    """

    album: AlbumNumber
    usos_id: int
    email: str | None = field(repr=False)
    lock: Lock = Lock.OPEN
    pending: bool = False
    was_held: bool = False
    person: UsosPerson | None = None

    def differences(self, found: UsosLink) -> tuple[str, ...]:
        """Name the e-mail where USOS holds another one; case does not count (RFC 5321 domains, Exchange names)."""
        return () if (found.email or "").lower() == (self.email or "").lower() else ("email",)

    @property
    def is_somebody_else_s(self) -> bool:
        """Whether USOS has another album number under the id: then one of the two is wrong, and nothing is written."""
        return self.person is not None and self.person.is_somebody_else_than(self.album)


def usos_link_of(student: Student) -> UsosLink | None:
    """Return the link a student should have; None while the USOS id is not known."""
    if student.usos_id is None:
        return None
    address = student.working_mailbox
    waits = student.usos_state in (LinkState.REQUESTED, LinkState.STUCK)
    pending = waits and address is not None and student.usos_asked == address
    was_held = address is not None and student.usos_email == address
    return UsosLink(student.album, student.usos_id, address, pending=pending, was_held=was_held)
