"""What the rows of one file say about each other: repetitions and contradictions."""

from __future__ import annotations

from array import array
from collections.abc import Set
from typing import TypeAlias

from estudent.domain.application import Row, application_key
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.place import place

PERSONAL = (
    Column.PESEL,
    Column.DOCUMENT_NUMBER,
    Column.BIRTH_DATE,
    Column.FAMILY_NAME,
    Column.GIVEN_NAME,
    Column.MIDDLE_NAME,
    Column.EMAIL,
    Column.LANGUAGE,
    Column.ALBUM_NUMBER,
    Column.USOS_ID,
    Column.ACCOUNT_NUMBER,
)
"""The columns in which two rows of one person must agree."""

Personal: TypeAlias = "array[int]"
"""A row's personal values, eight bytes of hash for each."""


class Consistency:
    """Remembers the good rows of a file, a few bytes for each, to recognise repetitions and contradictions."""

    def __init__(self) -> None:
        self._applications: dict[str, tuple[int, bytes]] = {}
        self._people: dict[int, tuple[int, Personal]] = {}

    def keys(self) -> Set[str]:
        """Return the keys of the applications that were kept."""
        return self._applications.keys()

    def keep(self, row: Row, key: str, row_hash: bytes) -> None:
        """Remember a good row."""
        self._applications[key] = (row.line, row_hash)
        whose = owner(row)
        if whose not in self._people:
            self._people[whose] = (row.line, _personal(row))

    def repeats(self, key: str, row_hash: bytes) -> bool:
        """Tell whether an equal row was kept earlier."""
        return key in self._applications and self._applications[key][1] == row_hash

    def contradiction(self, row: Row, key: str) -> Fault | None:
        """Return the fault of a row that says other things of its person, or its application, than an earlier one."""
        if row.fault:
            return None
        if key in self._applications:
            return Fault("row", FaultKind.CONTRADICTS_LINE, place(self._applications[key][0]))
        earlier = self._people.get(owner(row))
        return _contradiction(row, *earlier) if earlier else None


def key_of(row: Row) -> str:
    """Return the key of the application that a row holds."""
    candidate, programme = row.values.get(Column.CANDIDATE, ""), row.values.get(Column.PROGRAMME, "")
    return application_key(candidate.strip(), programme.strip())


def owner(row: Row) -> int:
    """Return a number that is equal for rows of the same person: by PESEL, else document, else candidate number."""
    for column in (Column.PESEL, Column.DOCUMENT_NUMBER, Column.CANDIDATE):
        if value := row.values.get(column, "").strip():
            return hash((column, value))
    return 0


def _personal(row: Row) -> Personal:
    get = row.values.get
    return array("q", [hash(get(column, "").strip()) for column in PERSONAL])


def _contradiction(row: Row, line: int, personal: Personal) -> Fault | None:
    pairs = zip(PERSONAL, _personal(row), personal, strict=True)
    differing = next((column for column, own, earlier in pairs if own != earlier), None)
    return Fault(differing.value, FaultKind.CONTRADICTS_LINE, place(line)) if differing else None
