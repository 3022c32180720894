from __future__ import annotations

import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from estudent.domain.fault import Column, Fault, FaultKind
from estudent.ports import FeedProblem
from tests.integration.recruitment_folder import Folder, as_xlsx, fields


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def student(**cells: object) -> list[object]:
    """Return one student's cells, some of which are no text."""
    texts: list[object] = list(fields())
    for column, cell in cells.items():
        texts[list(Column).index(Column(column))] = cell
    return texts


def put(folder: Folder, *rows: list[object], above: int = 0) -> None:
    as_xlsx(folder.path / "list.xlsx", rows, above)
    folder.age(folder.path / "list.xlsx")


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("start", date(2026, 10, 1), "2026-10-01"),
        ("start", datetime(2026, 10, 1), "2026-10-01"),  # noqa: DTZ001 - a workbook knows no time zones
        ("start", datetime(2026, 10, 1, 8, 30), "2026-10-01T08:30:00"),  # noqa: DTZ001
        ("start", "01.10.2026", "01.10.2026"),
        ("album_number", 100001, "100001"),
        ("album_number", "0100001", "0100001"),
        ("usos_id", 100001.0, "100001"),
        ("usos_id", 1.5, "1.5"),
        ("pesel", 5260112345, "05260112345"),
        ("pesel", 260112345, "00260112345"),
        ("pesel", 75260112345, "75260112345"),
        ("pesel", "05260112345", "05260112345"),
        ("status", True, "TRUE"),
        ("middle_name", None, ""),
        ("account_number", "61109010140000071219812874", "61109010140000071219812874"),
    ],
)
def test_a_cell_becomes_the_text_that_was_meant(folder: Folder, column: str, cell: object, text: str) -> None:
    put(folder, student(**{column: cell}))
    (row,) = folder.rows()
    assert (row.values[Column(column)], row.fault) == (text, None)


@pytest.mark.parametrize(("column", "cell"), [("account_number", 61109010140000071219812874), ("candidate", 2**53 + 2)])
def test_a_number_that_has_lost_digits_spoils_its_row(folder: Folder, column: str, cell: object) -> None:
    put(folder, student(**{column: cell}), student(candidate="K2"))
    spoiled, good = folder.rows()
    detail = "liczba zamiast tekstu / a number instead of text"
    assert spoiled.fault == Fault(column, FaultKind.UNREADABLE_ROW, detail)
    assert Column(column) not in spoiled.values
    assert good.fault is None


def test_a_row_is_named_by_its_number_in_the_sheet(folder: Folder) -> None:
    put(folder, student(candidate="K1"), [], student(candidate="K2"), above=2)
    assert [(row.line, row.values[Column.CANDIDATE]) for row in folder.rows()] == [(4, "K1"), (6, "K2")]


def test_a_sheet_without_students_is_empty(folder: Folder) -> None:
    put(folder)
    assert folder.feed().problem is FeedProblem.EMPTY


def test_a_missing_column_is_named(folder: Folder) -> None:
    as_xlsx(folder.path / "list.xlsx", [student()], headers=["x", *[""] * 18])
    folder.age(folder.path / "list.xlsx")
    feed = folder.feed()
    assert feed.problem is FeedProblem.HEADERS_MISSING
    assert feed.detail.startswith("Numer kandydata, Status, PESEL")


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04 not a zip", b"Numer kandydata;Status\n", b"\xd0\xcf\x11\xe0 old Excel"]
)
def test_a_broken_workbook_says_what_to_do(folder: Folder, content: bytes) -> None:
    folder.put("list.xlsx", content)
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "save it again as XLSX" in feed.detail


def test_a_workbook_cut_short_by_the_network_is_unreadable(folder: Folder) -> None:
    put(folder, *[student(candidate=f"K{n}") for n in range(100)])
    path = folder.path / "list.xlsx"
    folder.put("list.xlsx", path.read_bytes()[:-500])
    assert folder.feed().problem is FeedProblem.UNREADABLE


def test_a_zip_that_is_no_workbook_is_unreadable(folder: Folder) -> None:
    with zipfile.ZipFile(folder.path / "list.xlsx", "w") as archive:
        archive.writestr("list.csv", "Numer kandydata")
    folder.age(folder.path / "list.xlsx")
    assert folder.feed().problem is FeedProblem.UNREADABLE


def test_a_cell_in_the_farthest_corner_does_not_take_the_memory_of_the_machine(folder: Folder) -> None:
    put(folder, student(), above=0)
    book = (folder.path / "list.xlsx").read_bytes()
    folder.put("list.xlsx", _with_dimension(folder.path, book, b"A1:XFD1048576"))
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "delete what stands far below or beside it" in feed.detail


def _with_dimension(path: Path, book: bytes, reference: bytes) -> bytes:
    old, new = path / "old.zip", path / "new.zip"
    old.write_bytes(book)
    with zipfile.ZipFile(old) as before, zipfile.ZipFile(new, "w") as after:
        for part in before.namelist():
            after.writestr(part, before.read(part).replace(b"A1:S2", reference))
    return new.read_bytes()
