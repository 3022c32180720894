"""The file (CSV) of account numbers that a university has given before: album, number, purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.encoding import decoded
from estudent.adapters.banks.receivables import album_in
from estudent.adapters.banks.scheme import digits_of
from estudent.adapters.banks.table import rows_of
from estudent.domain.asked_for import RowFault
from estudent.domain.nrb import Nrb
from estudent.ports import NumberedStudent, Refused

COLUMNS = {"album": "album", "number": "number", "purpose": "purpose"}
LONGEST_PURPOSE = 30


def numbered_students(file: Path, purpose: str) -> Iterator[NumberedStudent | RowFault]:
    """Yield each row, or what is wrong with it; what names no purpose is for `purpose`; raise Refused for no table."""
    try:
        for line, cells in rows_of(decoded(file.read_bytes(), None), COLUMNS, ("album", "number")):
            yield _row(line, cells["album"], cells["number"], cells.get("purpose") or purpose)
    except Broken as broken:
        raise Refused(f"{file.name}: {broken}") from None
    except OSError as error:
        raise Refused(f"{file.name} cannot be read ({error.strerror})") from None


def _row(line: int, album: str, number: str, purpose: str) -> NumberedStudent | RowFault:
    try:
        return NumberedStudent(line, album_in(album, line), _number(number, line), _purpose(purpose, line))
    except Broken as broken:
        return RowFault(line, broken.field, broken.problem, broken.right)


def _number(text: str, line: int) -> Nrb:
    try:
        return Nrb(digits_of(text))
    except ValueError as error:
        raise Broken(str(error), "the 26 digits of an NRB", line=line, field="number") from None


def _purpose(text: str, line: int) -> str:
    if len(text) > LONGEST_PURPOSE:
        raise Broken("it is too long", f"a purpose of up to {LONGEST_PURPOSE} signs", line=line, field="purpose")
    return text
