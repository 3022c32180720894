"""Recognise whose a row is: by PESEL, document, USOS id or candidate number, never by name or e-mail."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from estudent.domain.application import PLACE, Row, Texts, texts_of
from estudent.domain.fault import Column, Fault, FaultKind, masked
from estudent.domain.place import place
from estudent.ports import Identity, KnownStudent
from estudent.services.same_file import CANDIDATE, owner

RECOGNISED_BY = frozenset({"pesel", "document", "usos_id", "candidate"})
BELONGS_TO_ONE = {
    "album": Column.ALBUM_NUMBER,
    "usos_id": Column.USOS_ID,
    "account_number": Column.ACCOUNT_NUMBER,
}
"""The parts of an identity that no two people may share."""

numbers_of = attrgetter(*BELONGS_TO_ONE)


class SharedValues:
    """The album numbers, USOS ids and account numbers that a file's rows give to different people, with their lines."""

    def __init__(self) -> None:
        self._first = [(column, PLACE[column], dict[str, tuple[int, int, int]]()) for column in BELONGS_TO_ONE.values()]
        self._lines: dict[tuple[Column, str], list[int]] = {}
        self._values = set[str | None]()

    @classmethod
    def among(cls, rows: Iterable[Row]) -> SharedValues:
        """Find them in all of these rows."""
        shared = cls()
        for row in rows:
            if not row.fault:
                texts = texts_of(row)
                shared.add(row.line, texts, owner(texts))
        return shared

    def may_concern(self, identity: Identity) -> bool:
        """Tell whether one of these numbers may be shared; hardly anybody's is, and then nothing more is asked."""
        return not self._values.isdisjoint((identity.album, str(identity.usos_id), identity.account_number))

    def add(self, line: int, texts: Texts, whose: int) -> None:
        """Look at another row; a repeated candidate number or document means the same person."""
        here = whose, hash(texts[CANDIDATE].strip()), line
        for column, at, seen in self._first:
            if (text := texts[at]) and (value := text if text.isdecimal() and text[0] != "0" else plain(column, text)):
                other = seen.setdefault(value, here)
                if other is not here and other[0] != here[0] and other[1] != here[1]:
                    self._lines.setdefault((column, value), [other[2]]).append(line)
                    self._values.add(value)

    def fault(self, part: str, value: str) -> Fault | None:
        """Return the fault of a value, as `plain` writes it, that different people share, or None."""
        column = BELONGS_TO_ONE[part]
        lines = self._lines.get((column, value))
        if not lines:
            return None
        return Fault(column.value, FaultKind.SHARED_IN_FILE, ", ".join(map(place, lines)), masked(value))


def plain(column: Column, value: str) -> str:
    """Return a number as its type reads it: without PL, spaces and hyphens, and a USOS id without zeros in front."""
    number = value if value.isdecimal() else value.strip().upper().removeprefix("PL").replace(" ", "").replace("-", "")
    return number.lstrip("0") if column is Column.USOS_ID else number


def recognise(identity: Identity, known: list[KnownStudent], shared: SharedValues) -> int | Fault | None:
    """Return the key of the student whose row this is, None for somebody new, or the fault that keeps it open."""
    if not known and not shared.may_concern(identity):
        return None
    mine = [student for student in known if student.found_by & RECOGNISED_BY]
    if len(mine) > 1:
        how = ", ".join(sorted(part for student in mine for part in student.found_by & RECOGNISED_BY))
        return Fault("row", FaultKind.TWO_STUDENTS_MATCH, how)
    student = mine[0] if mine else None
    if student and student.found_by & RECOGNISED_BY == {"usos_id"} and _have_two_pesels(identity, student):
        return Fault(Column.USOS_ID.value, FaultKind.TAKEN_BY_ANOTHER, masked=masked(str(identity.usos_id)))
    return _fault(identity, student, known, shared) or (student.key if student else None)


def _have_two_pesels(identity: Identity, student: KnownStudent) -> bool:
    return bool(identity.pesel and student.pesel and identity.pesel != student.pesel)


def _fault(
    identity: Identity, student: KnownStudent | None, known: list[KnownStudent], shared: SharedValues
) -> Fault | None:
    parts = [part for part, value in zip(BELONGS_TO_ONE, numbers_of(identity), strict=True) if value is not None]
    faults = (_fault_of(part, identity, student, known, shared) for part in parts)
    return next((fault for fault in faults if fault), None)


def _fault_of(
    part: str, identity: Identity, student: KnownStudent | None, known: list[KnownStudent], shared: SharedValues
) -> Fault | None:
    value = getattr(identity, part)
    if student and part in student.found_by:
        return None
    if any(part in other.found_by for other in known):
        return Fault(BELONGS_TO_ONE[part].value, FaultKind.TAKEN_BY_ANOTHER, masked=masked(str(value)))
    if student and getattr(student, part, None) is not None:
        return Fault(BELONGS_TO_ONE[part].value, FaultKind.WOULD_CHANGE, masked=masked(str(value)))
    return shared.fault(part, str(value))
