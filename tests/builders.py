"""Builders: what a test does not say has a sensible value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from estudent.domain.album_number import AlbumNumber
from estudent.domain.application import Row, Vocabulary
from estudent.domain.directory_entry import ESI, Entry
from estudent.domain.fault import Column
from estudent.domain.identity_document import DocumentKind
from estudent.domain.lifecycle import Standing
from estudent.domain.person_name import PersonName
from estudent.domain.pesel import WEIGHTS
from estudent.domain.plan import Lock
from estudent.domain.student import Language, Student

DOMAIN = "student.example.pl"
TODAY = date(2026, 9, 15)
WORDS = Vocabulary(
    statuses={
        "przyjęty": Standing.ADMITTED,
        "student": Standing.STUDYING,
        "rezygnacja": Standing.RESIGNED,
        "zakwalifikowany": None,
    },
    documents={"paszport": DocumentKind.PASSPORT, "dowód": DocumentKind.IDENTITY_CARD},
    languages={language.value: language for language in Language},
    countries=frozenset({"PL", "UA", "VN", "ID"}),
)
SORT_CODE = "10901014"


def an_entry(album: str = "123456", **changes: Any) -> Entry:
    """The entry of a student who has not activated the account and has no mailbox yet; `changes` are its fields."""
    number = AlbumNumber(album)
    alias = f"{number.login}@{DOMAIN}"
    entry = Entry(
        album=number,
        uid=number.login,
        surname="Żak",
        given_name="Łucja",
        display_name="Łucja Żak",
        mail=(),
        local_addresses=(alias,),
        principal_name=alias,
        affiliations=("student", "member"),
        scoped_affiliations=(f"student@{DOMAIN}", f"member@{DOMAIN}"),
        home_organization=DOMAIN,
        personal_unique_code=f"{ESI}:{DOMAIN}:{album}",
        language="pl",
        lock=Lock.UNTIL_ACTIVATED,
    )
    return replace(entry, **changes)


def a_student(album: str = "123456", **changes: Any) -> Student:
    """Somebody admitted who has nothing yet; the registry's key is the album number unless said otherwise."""
    student = Student(
        key=int(album),
        album=AlbumNumber(album),
        name=PersonName("Żak", "Łucja"),
        email=f"{album}@poczta.example",
        language=Language.POLISH,
        standing=Standing.ADMITTED,
    )
    return replace(student, **changes)


def a_pesel(born: date = date(2007, 3, 14), serial: int = 1) -> str:
    """The PESEL of somebody born on this day of 1900 to 2099; `serial` has up to four digits."""
    month = born.month + (20 if born.year >= 2000 else 0)
    ten = f"{born.year % 100:02d}{month:02d}{born.day:02d}{serial:04d}"
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, ten, strict=False))
    return f"{ten}{-total % 10}"


def a_row(candidate: str = "K1", line: int = 2, /, **columns: str) -> Row:
    """A good row of somebody admitted, with a PESEL of their own; an empty text empties a column."""
    number = sum(ord(letter) * 31**place for place, letter in enumerate(candidate)) % 10_000
    usual = {
        "intake": "2026/2027",
        "status": "przyjęty",
        "pesel": a_pesel(serial=number),
        "family_name": "Żak",
        "given_name": "Łucja",
        "email": f"{candidate.lower()}@poczta.example",
        "language": "pl",
        "programme": "INF-S1",
        "programme_name": "Informatyka",
        "start": "2026-10-01",
    }
    values = {column.value: "" for column in Column} | {"candidate": candidate} | usual | columns
    return Row(line, {Column(name): value for name, value in values.items()})
