"""Account numbers that the university gave before eStudent come in from a file, once and for good."""

from __future__ import annotations

from pathlib import Path

import pytest

from estudent.adapters.banks.account_numbers import numbered_students
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Tally
from estudent.ports import Refused
from estudent.services.import_account_numbers import ImportAccountNumbers
from tests.builders import SORT_CODE, a_pesel, a_row
from tests.unit.services.registrar import Registrar

OLD = [Nrb.build(SORT_CODE, f"777700000000000{at}") for at in range(4)]
HEAD = "album;number;purpose\n"


@pytest.fixture
def students(registrar: Registrar) -> list[int]:
    for at in range(2):
        registrar.sync(a_row(f"K{at}", at + 2, pesel=a_pesel(serial=at), album_number=str(100_000 + at)))
    return registrar.everybody()


def take(registrar: Registrar, folder: Path, *rows: str, apply: bool = True) -> Tally:
    (folder / "old.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    service = ImportAccountNumbers(registrar.students, registrar.numbers)
    return service.run("old.csv", numbered_students(folder / "old.csv", "tuition"), apply=apply)


def test_numbers_come_in_once_however_they_are_written(
    registrar: Registrar, students: list[int], tmp_path: Path
) -> None:
    rows = (f"100000;PL{OLD[0].in_groups};", f"100001;{OLD[1]};tuition", f"100001;{OLD[2]};dormitory")
    assert take(registrar, tmp_path, *rows, apply=False).new == 3
    assert registrar.numbers.held(students, "tuition") == {}
    assert take(registrar, tmp_path, *rows).new == 3
    assert registrar.numbers.held(students, "tuition") == dict(zip(students, OLD, strict=False))
    assert registrar.numbers.held(students, "dormitory") == {students[1]: OLD[2]}
    again = take(registrar, tmp_path, *rows)
    assert (again.read, again.new, again.refused) == (3, 0, 0)


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (f"100001;{str(OLD[1])[:-1]}9;", "line 3, field number: its check digits are wrong"),
        ("100001;12;", "line 3, field number: an account number (NRB) has 26 digits"),
        (f"1;{OLD[1]};", "line 3, field album: this is no album number"),
        (f"999999;{OLD[1]};", "line 3, field album: no student has this album number"),
        (f"100001;{OLD[0]};", "line 3, field number: it is another student's"),
        (f"100000;{OLD[1]};", "line 3, field number: the student has another one"),
        (f"100001;{OLD[1]};{'x' * 31}", "line 3, field purpose: it is too long"),
    ],
)
def test_a_faulty_row_is_told_by_line_and_field_and_stops_no_other(
    registrar: Registrar, students: list[int], tmp_path: Path, row: str, says: str
) -> None:
    tally = take(registrar, tmp_path, f"100000;{OLD[0]};", row)
    (remark,) = tally.remarks
    assert (tally.new, tally.refused, remark.about) == (1, 1, "old.csv") and remark.why.startswith(says)
    assert str(OLD[0]) not in remark.why and registrar.numbers.held(students, "tuition")[students[0]] == OLD[0]


def test_a_file_that_is_no_table_is_refused_by_name(registrar: Registrar, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    with pytest.raises(Refused, match=r"old.csv: line 1: the header lacks album, number"):
        list(numbered_students(tmp_path / "old.csv", "tuition"))
