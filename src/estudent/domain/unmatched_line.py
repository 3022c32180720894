"""A statement's line at the desk, and whose it might be: clues for a clerk, never acted upon by themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from estudent.domain.album_number import AlbumNumber
from estudent.domain.statement import StatementLine

ALBUM_NUMBER = re.compile(r"(?<![0-9])[0-9]{3,7}(?![0-9])")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


class Clue(StrEnum):
    """Why a line might be somebody's."""

    ALBUM_NUMBER = "album number in the title"
    NEAR_ACCOUNT = "account number differs by a typing error"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A student's account that a line might be meant for; `owed` is what is open on it in the line's currency."""

    account: int
    album: AlbumNumber
    name: str = field(repr=False)
    purpose: str
    clues: tuple[Clue, ...]
    owed: Decimal


@dataclass(frozen=True, slots=True)
class DeskLine:
    """A line as the desk sees it: where it stands, what became of it and why; `album` is whose account it is on."""

    key: int
    file: str
    statement: str
    line: StatementLine
    state: str
    reason: str
    decision: str
    album: AlbumNumber | None = None


def album_numbers_in(text: str) -> list[str]:
    """Return what could be album numbers in a transfer's title."""
    return list(dict.fromkeys(ALBUM_NUMBER.findall(text)))


def names_in(text: str) -> list[str]:
    """Return the words of a text as names are written: ŁUCJA ŻAK gives Łucja and Żak."""
    return list(dict.fromkeys(word.title() for word in WORD.findall(text) if len(word) > 1))


def mistyped(number: str) -> Iterator[str]:
    """Yield the patterns (_ is any digit) that one wrong digit, and the numbers that two swapped ones, lead to."""
    for at in range(len(number)):
        yield f"{number[:at]}_{number[at + 1 :]}"
    for at in range(len(number) - 1):
        if number[at] != number[at + 1]:
            yield f"{number[:at]}{number[at + 1]}{number[at]}{number[at + 2 :]}"
