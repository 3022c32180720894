from __future__ import annotations

import csv
import io
import json
import re
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estudent.domain.fault import Column
from sandbox.sample import Row as SampleRow
from sandbox.sample import Sample, generate, write_csv, write_jsonl, write_xlsx
from sandbox.sample.files import POLISH_DATE
from tests.integration.recruitment_folder import HEADERS, Folder, as_xlsx

LETTERS = "aeżółćęńĄŚŹąśź ŻŁ\"'-.;,\t0123456789"
CODECS = ["utf-8", "utf-8-sig", "utf-16", "cp1250", "iso8859-2"]
texts = st.text(LETTERS, max_size=8)
long_texts = texts | st.builds("{}\n{}".format, st.text(LETTERS, max_size=3), st.text(LETTERS, max_size=3))
dates = st.dates(date(1920, 1, 1), date(2030, 1, 1)).flatmap(
    lambda day: st.sampled_from([day.isoformat(), f"{day:%d.%m.%Y}", f"{day.day}.{day.month}.{day.year}"])
)


@st.composite
def students(draw: st.DrawFn) -> list[str]:
    """Draw one student's fields, of which one may hold a line end."""
    fields = draw(st.lists(texts, min_size=len(Column), max_size=len(Column)))
    fields[0] = draw(st.from_regex(r"K[0-9]{1,4}", fullmatch=True))
    fields[list(Column).index(Column.START)] = draw(dates)
    fields[draw(st.integers(1, len(Column) - 1))] = draw(long_texts)
    return fields


def stripped(rows: list[list[str]]) -> list[list[str]]:
    return [[field.strip() for field in row] for row in rows]


tables = st.lists(students(), min_size=1, max_size=6)


def values_of(folder: Folder) -> list[list[str]]:
    rows = folder.rows()
    assert [row.fault for row in rows] == [None] * len(rows)
    return [[row.values[column] for column in Column] for row in rows]


@settings(max_examples=150)
@given(
    rows=tables,
    codec=st.sampled_from(CODECS),
    delimiter=st.sampled_from([";", ",", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\r\n", "\n"]),
)
def test_what_is_written_as_csv_comes_back(
    rows: list[list[str]], codec: str, delimiter: str, quoting: int, end: str
) -> None:
    text = io.StringIO()
    # Few bytes cannot tell Windows-1250 from ISO-8859-2; a list of students holds enough of them, as this line does.
    typical = ["K0", *["ąśź"] * (len(Column) - 1)]
    csv.writer(text, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows([HEADERS, typical, *rows])  # type: ignore[arg-type]
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        folder.put("a.csv", text.getvalue().encode(codec))
        assert values_of(folder) == [typical, *rows]


@settings(max_examples=60)
@given(rows=tables)
def test_what_is_written_as_json_lines_comes_back(rows: list[list[str]]) -> None:
    lines = [json.dumps(dict(zip(HEADERS, row, strict=True)), ensure_ascii=False) for row in rows]
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        folder.put("a.jsonl", "\n".join(lines) + "\n")
        assert values_of(folder) == rows


@settings(max_examples=10)
@given(rows=tables)
def test_what_is_written_as_a_workbook_comes_back(rows: list[list[str]]) -> None:
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        as_xlsx(folder.path / "a.xlsx", rows)
        folder.age(folder.path / "a.xlsx")
        assert stripped(values_of(folder)) == stripped(rows)


@settings(max_examples=150)
@given(rows=tables, place=st.integers(0), mark=st.integers(0), codec=st.sampled_from(["utf-8", "cp1250"]))
def test_one_stray_quotation_mark_costs_one_student_at_most(
    rows: list[list[str]], place: int, mark: int, codec: str
) -> None:
    plain = [[field.translate({ord(sign): "x" for sign in '";\n'}) for field in row] for row in rows * 3]
    lines = [";".join(row) for row in plain]
    spoiled = place % len(lines)
    at = mark % (len(lines[spoiled]) + 1)
    lines[spoiled] = f'{lines[spoiled][:at]}"{lines[spoiled][at:]}'
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        folder.put("a.csv", "\n".join([";".join(HEADERS), "ś" + ";" * 18, *lines, ""]).encode(codec))
        found = {row.line: [row.values[column] for column in Column] for row in folder.rows() if not row.fault}
    assert {n: found.get(n + 3) for n in range(len(plain)) if n != spoiled} == {
        n: row for n, row in enumerate(plain) if n != spoiled
    }


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(300)


def read(folder: Folder) -> dict[int, list[str]]:
    """Return the good rows by their line, with dates as Polish exports write them."""
    found = {row.line: [row.values[column] for column in Column] for row in folder.rows() if not row.fault}
    return {number: [_polish(field) for field in fields] for number, fields in found.items()}


def _polish(field: str) -> str:
    return re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3.\2.\1", field)


def expected(sample: Sample, first: int = 2) -> dict[int, list[str]]:
    return {n: line.texts(POLISH_DATE) for n, line in enumerate(sample.lines, first) if isinstance(line, SampleRow)}


@pytest.mark.parametrize("date_format", ["%d.%m.%Y", "%Y-%m-%d"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_good_student_of_a_csv_sample_is_read(
    tmp_path: Path, sample: Sample, codec: str, delimiter: str, date_format: str
) -> None:
    folder = Folder(tmp_path)
    write_csv(sample, tmp_path / "a.csv", codec, delimiter, date_format)
    folder.age(tmp_path / "a.csv")
    wanted = expected(sample)
    assert {number: row for number, row in read(folder).items() if number in wanted} == wanted


@pytest.mark.parametrize("codec", ["cp1250", "iso8859-2"])
def test_every_good_student_of_an_old_encoding_is_read_as_it_was_written(
    tmp_path: Path, sample: Sample, codec: str
) -> None:
    folder = Folder(tmp_path)
    write_csv(sample, tmp_path / "a.csv", codec)
    folder.age(tmp_path / "a.csv")
    wanted = {
        number: [field.encode(codec, "plain-letters").decode(codec) for field in row]
        for number, row in expected(sample).items()
    }
    assert {number: row for number, row in read(folder).items() if number in wanted} == wanted


def test_every_good_student_of_a_json_sample_is_read(tmp_path: Path, sample: Sample) -> None:
    folder = Folder(tmp_path)
    write_jsonl(sample, tmp_path / "a.jsonl")
    folder.age(tmp_path / "a.jsonl")
    wanted = expected(sample, first=1)
    assert {number: row for number, row in read(folder).items() if number in wanted} == wanted


def test_every_good_student_of_a_workbook_sample_is_read(tmp_path: Path, sample: Sample) -> None:
    folder = Folder(tmp_path)
    write_xlsx(sample, tmp_path / "a.xlsx")
    folder.age(tmp_path / "a.xlsx")
    wanted = expected(sample)
    assert {number: row for number, row in read(folder).items() if number in wanted} == wanted


def test_rows_of_a_sample_that_are_torn_are_told(tmp_path: Path, sample: Sample) -> None:
    folder = Folder(tmp_path)
    write_csv(sample, tmp_path / "a.csv")
    folder.age(tmp_path / "a.csv")
    torn = {"too_few_fields", "too_many_fields", "stray_quote", "nul"}
    wanted = {broken.line for broken in sample.broken if broken.kind in torn}
    assert {row.line for row in folder.rows() if row.fault} == wanted
