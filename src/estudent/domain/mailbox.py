"""Mailboxes: the rules for their names, proposals, and what one should be like in Microsoft 365."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from estudent.domain.album_number import AlbumNumber
from estudent.domain.person_name import PersonName, Transliterate, latin
from estudent.domain.plan import Lock
from estudent.domain.student import Student

RFC_2142 = """info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp
list list-request"""
OFFICES = """admin administrator root system helpdesk it rektor rektorat kanclerz kwestor kwestura dziekan dziekanat
rekrutacja cos biuro sekretariat noreply no-reply mailer-daemon student studenci"""
RESERVED = frozenset(f"{RFC_2142} {OFFICES}".split())
ALLOWED = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
LONGEST = 40


def check_local_part(local: str) -> str:
    """Return the name in lower case, or raise ValueError saying which rule it breaks."""
    local = local.strip().lower()
    if not 3 <= len(local) <= LONGEST:
        raise ValueError(f"a name has 3 to {LONGEST} characters")
    if not ALLOWED.fullmatch(local):
        raise ValueError("a name has the letters a-z, digits, and single dots, hyphens or underscores between them")
    if not re.search("[a-z]", local):
        raise ValueError("a name needs at least one letter")
    if local in RESERVED:
        raise ValueError("this name is reserved for an office")
    if re.fullmatch(r"s\d+", local):
        raise ValueError("names of s and digits are kept for the aliases with album numbers")
    return local


def proposals(name: PersonName, transliterate: Transliterate) -> Iterator[str]:
    """Yield names for a student's mailbox, best first, without end: numbers are the last resort."""
    given, middle, family = (latin(part, transliterate) for part in (name.given, name.middle, name.family))
    if not re.search("[a-z]", given + family):  # letters that transliterate to digits, or to nothing, make no name
        given, middle, family = "", "", "student"
    stems = list(dict.fromkeys(_stems(given, middle, family or "student")))
    yield from (stem for stem in stems if _fits(stem))
    stem = stems[0][: LONGEST - 7].rstrip(".")
    yield from (numbered for number in count(2) if _fits(numbered := f"{stem}.{number}"))


def _stems(given: str, middle: str, family: str) -> list[str]:
    if not given:
        return [family]
    stems = [f"{given}.{family}"]
    if middle:
        stems.append(f"{given}.{middle[0]}.{family}")
    return [*stems, f"{given[0]}.{family}", f"{family}.{given}"]


def _fits(local: str) -> bool:
    try:
        check_local_part(local)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A user of Microsoft 365 with a licence, a primary address and the album alias.

    `identifier` is Microsoft's object id, known once the user exists; `immutable_id` never changes.
    A found mailbox is `ready` when Exchange has it; a wanted one always is.
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

    def differences(self, found: Mailbox) -> tuple[str, ...]:
        """Name what `found` still lacks: its licence, its mailbox, its alias, the right address or name."""
        names = ("primary", "licensed", "ready", "aliased", "display_name", "given_name", "surname")
        return tuple(name for name in names if getattr(self, name) != getattr(found, name))


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
    )
