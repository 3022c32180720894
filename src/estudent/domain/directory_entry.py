"""A student's entry in the directory."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.plan import Lock
from estudent.domain.student import AccountState, Student

ESI = "urn:schac:personalUniqueCode:int:esi"
STUDENT_AFFILIATIONS = ("student", "member")


@dataclass(frozen=True, slots=True)
class Entry:
    """An inetOrgPerson with the attributes of eduPerson, SCHAC and inetLocalMailRecipient that we keep up to date.

    `lock` bars every bind; the password is not ours to see or to set.
    """

    album: AlbumNumber
    uid: str
    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    display_name: str = field(repr=False)
    mail: tuple[str, ...] = field(repr=False)
    local_addresses: tuple[str, ...] = field(repr=False)
    principal_name: str
    affiliations: tuple[str, ...]
    scoped_affiliations: tuple[str, ...]
    home_organization: str
    personal_unique_code: str
    language: str
    lock: Lock

    def differences(self, found: Entry) -> tuple[str, ...]:
        """Name the fields in which `found` differs; the order of values does not matter, nor does the lock."""
        if self == found:
            return ()
        return tuple(
            each.name
            for each in fields(self)
            if each.name not in {"album", "lock"}
            and _comparable(getattr(self, each.name)) != _comparable(getattr(found, each.name))
        )


def _comparable(value: str | tuple[str, ...]) -> str | frozenset[str]:
    return value if isinstance(value, str) else frozenset(value)


def entry_of(student: Student, domain: str) -> Entry:
    """Return the entry that a student should have in the mail domain `domain`."""
    album, name = student.album, student.name
    alias = f"{album.login}@{domain}"
    mailbox = student.working_mailbox
    affiliations = STUDENT_AFFILIATIONS if student.is_owed(Owed.SIGN_IN) else ()
    return Entry(
        album=album,
        uid=album.login,
        surname=name.family,
        given_name=name.given,
        display_name=name.display,
        mail=(mailbox,) if mailbox else (),
        local_addresses=(alias, *student.former, mailbox) if mailbox else (alias, *student.former),
        principal_name=alias,
        affiliations=affiliations,
        scoped_affiliations=tuple(f"{each}@{domain}" for each in affiliations),
        home_organization=domain,
        personal_unique_code=f"{ESI}:{domain}:{album}",
        language=student.language.value,
        lock=_lock(student),
    )


def basis_of(student: Student, domain: str) -> tuple[str | None, ...]:
    """Return all that `entry_of` goes by: while none of it changes, the same entry is wanted."""
    name, mailbox_state = student.name, student.mailbox_state
    return (
        domain,
        student.album.digits,
        name.family,
        name.given,
        name.middle,
        student.language.value,
        student.standing.value,
        student.account.value,
        student.mailbox,
        mailbox_state.value if mailbox_state else None,
        *student.former,
    )


def _lock(student: Student) -> Lock:
    if not student.is_owed(Owed.SIGN_IN):
        return Lock.BARRED
    return Lock.OPEN if student.account is AccountState.ACTIVE else Lock.UNTIL_ACTIVATED
