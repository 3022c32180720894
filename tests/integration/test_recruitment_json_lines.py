from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from estudent.domain.fault import Column, Fault, FaultKind
from estudent.ports import FeedProblem
from tests.integration.recruitment_folder import HEADERS, Folder, candidates, fields


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def student(candidate: str = "K1", /, **others: object) -> str:
    """Return one student's line, whose further keys come last."""
    named: Mapping[str, object] = dict(zip(HEADERS, fields(candidate), strict=True)) | others
    return json.dumps(named, ensure_ascii=False) + "\n"


def unreadable(field: str, detail: str) -> Fault:
    return Fault(field, FaultKind.UNREADABLE_ROW, detail)


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.JSONL"])
def test_students_come_as_json_lines(folder: Folder, name: str) -> None:
    folder.put(name, student("K1") + "\n" + student("K2"))
    assert [(row.line, row.values[Column.CANDIDATE]) for row in folder.rows()] == [(1, "K1"), (3, "K2")]


def test_keys_may_be_our_own_column_names(folder: Folder) -> None:
    folder.put("a.jsonl", json.dumps(dict(zip([column.value for column in Column], fields("K7"), strict=True))) + "\n")
    (row,) = folder.rows()
    assert row.values == dict(zip(Column, fields("K7"), strict=True))


@pytest.mark.parametrize(
    ("header", "value", "text"),
    [("PESEL", 5260112345, "05260112345"), ("Numer albumu", 100001, "100001"), ("Drugie imię", None, "")],
)
def test_numbers_and_nulls_become_text(folder: Folder, header: str, value: object, text: str) -> None:
    folder.put("a.jsonl", student(**{header: value}))
    (row,) = folder.rows()
    assert text == row.values[Column.PESEL if header == "PESEL" else folder.files.headers.known[header.casefold()]]


@pytest.mark.parametrize("value", [True, 1.5, ["x"], {"x": "y"}])
def test_other_values_spoil_their_row_alone(folder: Folder, value: object) -> None:
    folder.put("a.jsonl", student("K1", Status=value) + student("K2"))
    spoiled, good = folder.rows()
    assert spoiled.fault == unreadable("status", f"JSON {type(value).__name__}")
    assert good.fault is None


def test_an_account_number_stored_as_a_number_spoils_its_row(folder: Folder) -> None:
    folder.put("a.jsonl", student(**{"Numer rachunku": 61109010140000071219812874}))
    (row,) = folder.rows()
    assert row.fault == unreadable("account_number", "liczba zamiast tekstu / a number instead of text")


@pytest.mark.parametrize("line", ["{'PESEL': 05260112345}\n", "[" * 100_000 + "\n", '{"PESEL": ' + "1" * 5000 + "}\n"])
def test_a_line_that_is_no_json_spoils_one_row(folder: Folder, line: str) -> None:
    folder.put("a.jsonl", student("K1") + line + student("K3"))
    rows = folder.rows()
    assert rows[1].fault == unreadable("row", "JSON")
    assert candidates(rows) == ["K1", "", "K3"]


@pytest.mark.parametrize("line", ['["05260112345"]\n', "5260112345\n", "null\n"])
def test_a_line_that_is_no_object_spoils_one_row(folder: Folder, line: str) -> None:
    folder.put("a.jsonl", student("K1") + line)
    assert folder.rows()[1].fault == unreadable("row", "JSON: {}")


def test_a_last_line_cut_short_says_so(folder: Folder) -> None:
    folder.put("a.jsonl", student("K1") + student("K2")[:40])
    assert folder.rows()[1].fault == Fault("row", FaultKind.CUT_OFF)


def test_two_keys_of_one_column_spoil_the_row(folder: Folder) -> None:
    folder.put("a.jsonl", student("K1") + student("K2", Email="other@poczta.example"))
    assert folder.rows()[1].fault == unreadable("row", "JSON: dwa klucze jednej kolumny / two keys of one column")


def test_a_nul_byte_spoils_one_row(folder: Folder) -> None:
    folder.put("a.jsonl", student("K1") + student("K2").replace("Żółć", "Żół\0ć"))
    assert folder.rows()[1].fault == Fault("row", FaultKind.CONTROL_CHARACTER, "U+0000")


def test_a_column_that_programs_leave_out_where_it_is_null_is_not_missing(folder: Folder) -> None:
    without = json.dumps({key: "x" for key in HEADERS if key != "Numer albumu"}) + "\n"
    folder.put("a.jsonl", without + student("K2"))
    assert len(folder.rows()) == 2


def test_a_column_that_no_student_has_is_named(folder: Folder) -> None:
    folder.put("a.jsonl", student("K1").replace("E-mail", "Poczta"))
    feed = folder.feed()
    assert (feed.problem, feed.detail) == (FeedProblem.HEADERS_MISSING, "E-mail")


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_objects_is_empty(folder: Folder, content: str) -> None:
    folder.put("a.jsonl", content)
    assert folder.feed().problem is FeedProblem.EMPTY


def test_json_of_several_lines_is_no_json_lines(folder: Folder) -> None:
    folder.put("a.jsonl", json.dumps([dict.fromkeys(HEADERS, "05260112345")], indent=1))
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "one object on each line" in feed.detail
