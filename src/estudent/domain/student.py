"""A student as the services see one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed, Standing, owes
from estudent.domain.mailbox_life import Parting
from estudent.domain.mailbox_rename import Rename
from estudent.domain.nrb import Nrb
from estudent.domain.person_name import PersonName


class Language(StrEnum):
    """The languages in which we write to students."""

    POLISH = "pl"
    ENGLISH = "en"
    UKRAINIAN = "uk"


class AccountState(StrEnum):
    """PREPARED: the entry is locked and has no password until the student activates the account."""

    PREPARED = "prepared"
    ACTIVE = "active"


class MailboxState(StrEnum):
    """How far a mailbox was seen to be (facts: no two of these steps are done in one request).

    CREATED: Microsoft has the user. AWAITED: the user has the licence. OPENED: Exchange has the mailbox.
    ALIASED: Exchange has accepted the alias. VERIFIED: both addresses were read back.
    CONFLICT: the address is somebody else's. STUCK: a person must act. RETRIED: somebody at the desk has.
    """

    REQUESTED = "requested"
    CREATED = "created"
    AWAITED = "awaited"
    OPENED = "opened"
    ALIASED = "aliased"
    VERIFIED = "verified"
    CONFLICT = "conflict"
    STUCK = "stuck"
    RETRIED = "retried"


class LinkState(StrEnum):
    """How far a student's way into USOS was seen to be.

    AWAITED: USOS does not show the person yet. PERSON: it does, without an active study. ACTIVE: the study is active.
    REQUESTED: USOS has accepted our address. LINKED: USOS holds it. VERIFIED: USOSweb has taken it over since.
    CONFLICT: the person of this id has another album number. STUCK: a person must act. RETRIED: somebody at the desk
    has.
    """

    AWAITED = "awaited"
    PERSON = "person"
    ACTIVE = "active"
    REQUESTED = "requested"
    LINKED = "linked"
    VERIFIED = "verified"
    CONFLICT = "conflict"
    STUCK = "stuck"
    RETRIED = "retried"


@dataclass(frozen=True, slots=True)
class Study:
    """One programme that a student takes up."""

    programme: str
    name: str
    start: date


@dataclass(frozen=True, slots=True)
class Student:
    """One student with an album number and everything that the registry holds for the other systems.

    `key` is the registry's own number of the student, the only thing besides album numbers that flows pass on.
    `former` are other primary addresses of the mailbox, that were so once or will be soon, and are its aliases;
    `usos_asked` is the address that USOS was last asked to hold, `usos_email` ours as it was seen there;
    `parting` is how far the mailbox is closed, `rename` how far it is on its way to another address.
    """

    key: int
    album: AlbumNumber
    name: PersonName = field(repr=False)
    email: str = field(repr=False)
    language: Language
    standing: Standing
    account: AccountState = AccountState.PREPARED
    usos_id: int | None = None
    mailbox: str | None = field(default=None, repr=False)
    mailbox_state: MailboxState | None = None
    mailbox_id: str | None = None
    mailbox_looks: int = 0
    usos_email: str | None = field(default=None, repr=False)
    usos_state: LinkState | None = None
    usos_asked: str | None = field(default=None, repr=False)
    account_number: Nrb | None = field(default=None, repr=False)
    former: tuple[str, ...] = field(default=(), repr=False)
    parting: Parting | None = None
    rename: Rename | None = None

    def is_owed(self, what: Owed) -> bool:
        """Tell whether the university owes this student `what` by the lifecycle's table."""
        return owes(self.standing, what)

    @property
    def is_being_renamed(self) -> bool:
        """Whether the mailbox's addresses are being moved, and by nobody else at the same time."""
        return self.rename is not None and self.rename.under_way

    @property
    def working_mailbox(self) -> str | None:
        """The mail address once it was seen to work, None before."""
        return self.mailbox if self.mailbox_state is MailboxState.VERIFIED else None
