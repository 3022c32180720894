"""What the rows of one file say about each other: repetitions and contradictions."""

from __future__ import annotations

from collections.abc import Set
from zlib import crc32

from estudent.domain.application import Row, application_key
from estudent.domain.fault import Column, Fault, FaultKind

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

CHECKSUM = 4


class Consistency:
    """Remembers the good rows of a file, a few bytes for each, to recognise repetitions and contradictions."""

    def __init__(self) -> None:
        self._applications: dict[str, tuple[int, bytes]] = {}
        self._people: dict[int, tuple[int, bytes]] = {}

    def keys(self) -> Set[str]:
        """Return the keys of the applications that were kept."""
        return self._applications.keys()

    def keep(self, row: Row, key: str, row_hash: bytes) -> None:
        """Remember a good row."""
        self._applications[key] = (row.line, row_hash)
        self._people.setdefault(owner(row), (row.line, _personal(row)))

    def repeats(self, key: str, row_hash: bytes) -> bool:
        """Tell whether an equal row was kept earlier."""
        return key in self._applications and self._applications[key][1] == row_hash

    def contradiction(self, row: Row, key: str) -> Fault | None:
        """Return the fault of a row that says other things of its person, or its application, than an earlier one."""
        if row.fault:
            return None
        if key in self._applications:
            return Fault("row", FaultKind.CONTRADICTS_LINE, str(self._applications[key][0]))
        line, personal = self._people.get(owner(row), (0, b""))
        return _contradiction(row, line, personal) if line else None


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


def _personal(row: Row) -> bytes:
    values = (row.values.get(column, "").strip() for column in PERSONAL)
    return b"".join(crc32(value.encode()).to_bytes(CHECKSUM) for value in values)


def _contradiction(row: Row, line: int, personal: bytes) -> Fault | None:
    own = _personal(row)
    differing = [
        column.value
        for at, column in enumerate(PERSONAL)
        if own[at * CHECKSUM : (at + 1) * CHECKSUM] != personal[at * CHECKSUM : (at + 1) * CHECKSUM]
    ]
    return Fault(differing[0], FaultKind.CONTRADICTS_LINE, str(line)) if differing else None
