"""A receivable as the university's system asks for it, before anybody knows whose account it goes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from estudent.domain.album_number import AlbumNumber


@dataclass(frozen=True, slots=True)
class AskedFor:
    """One receivable, or one instalment of it, which is a receivable with a due date of its own.

    `source` is its number in the system it comes from; under it a later file corrects it or, `cancelled`, takes it
    back. `purpose` says which of the student's accounts it is paid to, empty for the main one.
    """

    line: int
    source: str
    album: AlbumNumber
    purpose: str
    title: str
    amount: Decimal
    currency: str
    due: date
    cancelled: bool = False
    instalment: int | None = None
    instalments: int | None = None

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("a receivable is not negative; cancel it, or give money back")


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that is not taken: where, what is wrong, and what would be right; nothing of it is personal."""

    line: int
    field: str
    problem: str
    right: str

    def __str__(self) -> str:
        return f"line {self.line}, field {self.field}: {self.problem}; right is: {self.right}"


@dataclass(slots=True)
class Taken:
    """What became of a file's rows."""

    new: int = 0
    changed: int = 0
    cancelled: int = 0
    unchanged: int = 0
    faults: list[RowFault] = field(default_factory=list)
