"""Builders: what a test does not say has a sensible value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import ESI, Entry
from estudent.domain.plan import Lock

DOMAIN = "student.example.pl"


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
