"""Why somebody of the staff did something, as it stands in the journal for good."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

SHORTEST, LONGEST = 5, 200
LONG_NUMBER = re.compile(r"\d(?:(?:[ ./]| ?[\-\u2010-\u2015] ?)?\d){10,}")
"""Eleven digits or more, also with separators between any two, as a PESEL is read out."""


class ReasonFault(StrEnum):
    """What is wrong with a reason."""

    LENGTH = "a reason has 5 to 200 characters"
    INVISIBLE = "a reason holds no invisible characters"
    LONG_NUMBER = "a reason holds no PESEL and no other long number"


def fault_of(text: str) -> ReasonFault | None:
    """Return what is wrong with a reason, or None."""
    text = " ".join(text.split())
    if not SHORTEST <= len(text) <= LONGEST:
        return ReasonFault.LENGTH
    if not text.isprintable():
        return ReasonFault.INVISIBLE
    return ReasonFault.LONG_NUMBER if LONG_NUMBER.search(text) else None


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason in a clerk's words: 5 to 200 characters and no personal numbers."""

    text: str

    def __post_init__(self) -> None:
        if fault := fault_of(self.text):
            raise ValueError(fault.value)
        object.__setattr__(self, "text", " ".join(self.text.split()))

    def __str__(self) -> str:
        return self.text
