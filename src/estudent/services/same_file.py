"""What the rows of one file say about each other: repetitions and contradictions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from operator import itemgetter
from typing import TypeAlias

from estudent.domain.application import BETWEEN, application_key
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

WHOSE = (Column.PESEL, Column.DOCUMENT_NUMBER, Column.CANDIDATE)
"""The columns by which rows of one file are the same person's, the surest first."""

application_of = itemgetter(Column.CANDIDATE, Column.PROGRAMME)
personal_of = itemgetter(*PERSONAL)
Values: TypeAlias = Mapping[Column, str]


class Consistency:
    """Remembers the good rows of a file, a few bytes for each, to recognise repetitions and contradictions."""

    def __init__(self) -> None:
        # Texts and numbers alone: what holds other objects makes the garbage collector look through all of it.
        self._hashes: dict[str, bytes] = {}
        self._lines: dict[str, int] = {}
        self._people: dict[int, str] = {}
        self.intakes = set[str]()

    def keys(self) -> Set[str]:
        """Return the keys of the applications that were kept."""
        return self._hashes.keys()

    def keep(self, line: int, values: Values, key: str, whose: int, row_hash: bytes) -> None:
        """Remember a good row."""
        self._hashes[key], self._lines[key] = row_hash, line
        self.intakes.add(values[Column.INTAKE].strip())
        if whose not in self._people:
            self._people[whose] = BETWEEN.join((str(line), *_personal(values)))

    def repeats(self, key: str, row_hash: bytes) -> bool:
        """Tell whether an equal row was kept earlier."""
        return self._hashes.get(key) == row_hash

    def contradiction(self, values: Values, key: str, whose: int) -> Fault | None:
        """Return the fault of a row that says other things of its person, or its application, than an earlier one."""
        if key in self._lines:
            return Fault("row", FaultKind.CONTRADICTS_LINE, place(self._lines[key]))
        earlier = self._people.get(whose)
        return _contradiction(values, *earlier.split(BETWEEN)) if earlier else None


def key_of(values: Values) -> str:
    """Return the key of the application that a row holds."""
    candidate, programme = application_of(values)
    return application_key(candidate.strip(), programme.strip())


def owner(values: Values) -> int:
    """Return a number that is equal for rows of the same person: by PESEL, else document, else candidate number."""
    for column in WHOSE:
        if value := values[column].strip():
            return hash((column, value))
    return 0


def _personal(values: Values) -> Iterable[str]:
    """Return a row's personal values; what parts them stands in none, where a file has it for a space."""
    personal: tuple[str, ...] = personal_of(values)
    return [each.replace(BETWEEN, " ") for each in personal] if BETWEEN in "".join(personal) else personal


def _contradiction(values: Values, line: str, *personal: str) -> Fault | None:
    pairs = zip(PERSONAL, _personal(values), personal, strict=True)
    differing = next((column for column, own, earlier in pairs if own.strip() != earlier.strip()), None)
    return Fault(differing.value, FaultKind.CONTRADICTS_LINE, place(int(line))) if differing else None
