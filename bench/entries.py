"""Entries of invented students, for benchmarks that need no registry."""

from __future__ import annotations

from random import Random

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.person_name import PersonName
from estudent.domain.student import Language, MailboxState, Student
from sandbox.sample.people import People

DOMAIN = "student.example.pl"


def entries_of(count: int) -> list[Entry]:
    """Return the entries of so many students with mailboxes, each time the same."""
    people = People(Random(2026))
    return [_entry(at, people) for at in range(count)]


def _entry(at: int, people: People) -> Entry:
    person = people.draw()
    student = Student(
        key=at,
        album=AlbumNumber(str(100_000 + at)),
        name=PersonName(person.family_name, person.given_name),
        email=person.email,
        language=Language(person.language),
        standing=Standing.STUDYING,
        mailbox=f"{person.email.partition('@')[0]}@{DOMAIN}",
        mailbox_state=MailboxState.VERIFIED,
    )
    return entry_of(student, DOMAIN)
