"""The number of a student's record book, and what is made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class AlbumNumber:
    """The number on a student's record book (numer albumu): given by USOS, never changed, never reused."""

    digits: str

    def __post_init__(self) -> None:
        if not (self.digits.isascii() and self.digits.isdecimal() and 3 <= len(self.digits) <= 7):
            raise ValueError("an album number is 3 to 7 digits")

    @property
    def login(self) -> str:
        """The user name in the directory and the local part of the mail alias (the manual's step 3)."""
        return f"s{self.digits}"

    def __str__(self) -> str:
        return self.digits
