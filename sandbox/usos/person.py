"""A person as the dean's office enters one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

STATUSES = (None, 0, 1, 2)
RECEIVABLE = ("title", "amount", "currency", "due_date")


class NoPerson(ValueError):
    """What was posted does not describe a person; says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """Columns of DZ_OSOBY, DZ_STUDENCI and DZ_PROGRAMY_OSOB that a student's account needs (facts 2.1)."""

    os_id: str
    first_name: str
    last_name: str
    student_number: str | None = None
    programme_id: str | None = None
    programme_description: str | None = None
    student_status: int | None = None
    account_number: str | None = None
    pesel: str | None = None
    receivables: tuple[dict[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not (self.os_id.isascii() and self.os_id.isdecimal()):
            raise NoPerson(f"os_id is a number, not {self.os_id!r}")
        if self.student_status not in STATUSES:
            raise NoPerson("student_status is 0 (no student), 1 (inactive), 2 (active) or null")
        if not all(isinstance(value, str | None) for value in self._texts()):
            raise NoPerson("all but os_id, student_status and receivables is text")
        if not all(set(each) == set(RECEIVABLE) for each in self.receivables):
            raise NoPerson(f"a receivable has {', '.join(RECEIVABLE)}")

    def _texts(self) -> list[object]:
        return [
            getattr(self, field.name) for field in fields(self) if field.name not in ("student_status", "receivables")
        ]


def read(entry: Any) -> Person:
    """Return the person that an entry of the posted list describes; an e-mail in it is not the person's own."""
    if not isinstance(entry, dict):
        raise NoPerson("a person is an object")
    try:
        told = {"os_id": str(entry.get("os_id", "")), "receivables": tuple(entry.get("receivables", ()))}
        return Person(**{**entry, **told})
    except TypeError as error:
        raise NoPerson(str(error).partition(" ")[2]) from error
