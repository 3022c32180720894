"""Mailboxes: what one should be like in Microsoft 365."""

from __future__ import annotations

from dataclasses import dataclass, field

from estudent.domain.album_number import AlbumNumber
from estudent.domain.plan import Lock, Step, StepKind
from estudent.domain.student import MailboxState, Student


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A user of Microsoft 365 with a licence, a primary address and the album alias.

    `identifier` is Microsoft's object id, known once the user exists; `immutable_id` never changes.
    A found mailbox is `ready` when Exchange has it; a wanted one always is. `trouble` says what Microsoft shows to hold
    a found one up. Of a wanted one, `looks` counts the looks since it last got on, and `again` asks Microsoft to make a
    mailbox once more that did not come; `former` are primary addresses of earlier names, which stay aliases for good.
    """

    album: AlbumNumber
    primary: str = field(repr=False)
    alias: str
    given_name: str = field(repr=False)
    surname: str = field(repr=False)
    display_name: str = field(repr=False)
    language: str
    identifier: str | None = None
    licensed: bool = True
    ready: bool = True
    aliased: bool = True
    lock: Lock = Lock.OPEN
    trouble: str = ""
    looks: int = 0
    again: bool = False
    former: tuple[str, ...] = field(default=(), repr=False)

    @property
    def secondary(self) -> tuple[str, ...]:
        """Return all addresses but the primary one; mail to each arrives in the mailbox."""
        return (self.alias, *self.former)

    @property
    def works(self) -> bool:
        """Whether everything was seen to be there that makes mail arrive under both addresses."""
        return self.licensed and self.ready and self.aliased

    @property
    def reachable(self) -> bool:
        """Whether Exchange lets the mailbox be changed; without a licence it only shows its addresses."""
        return self.licensed and self.ready

    def differences(self, found: Mailbox) -> tuple[str, ...]:
        """Name what `found` still lacks: its licence, its mailbox, its alias, the right address or name."""
        names = ("primary", "licensed", "ready", "aliased", "display_name", "given_name", "surname")
        return tuple(name for name in names if getattr(self, name) != getattr(found, name))


def needs_licence(step: Step[Mailbox]) -> bool:
    """Tell whether a step takes one of the seats that the university has paid for."""
    return step.kind is StepKind.ADD or "licensed" in step.fields


def mailbox_of(student: Student, domain: str) -> Mailbox | None:
    """Return the mailbox that a student asked for, or None without a request."""
    if student.mailbox is None:
        return None
    name = student.name
    return Mailbox(
        album=student.album,
        primary=student.mailbox,
        alias=f"{student.album.login}@{domain}",
        given_name=name.given,
        surname=name.family,
        display_name=name.display,
        language=student.language.value,
        identifier=student.mailbox_id,
        looks=student.mailbox_looks,
        again=student.mailbox_state is MailboxState.RETRIED,
        former=student.former,
    )
