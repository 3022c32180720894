from __future__ import annotations

import csv
import importlib.util
import io
import json
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from estudent.domain.fault import Column
from tests.integration.recruitment_folder import HEADERS, NOON, Folder, as_xlsx

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


tables = st.lists(students(), min_size=1, max_size=6)


def values_of(folder: Folder) -> list[list[str]]:
    rows = folder.rows()
    assert [row.fault for row in rows] == [None] * len(rows)
    return [[row.values[column] for column in Column] for row in rows]


@settings(max_examples=150, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(rows=tables)
def test_what_is_written_as_json_lines_comes_back(rows: list[list[str]]) -> None:
    lines = [json.dumps(dict(zip(HEADERS, row, strict=True)), ensure_ascii=False) for row in rows]
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        folder.put("a.jsonl", "\n".join(lines) + "\n")
        assert values_of(folder) == rows


@settings(max_examples=25, deadline=None)
@given(rows=tables)
def test_what_is_written_as_a_workbook_comes_back(rows: list[list[str]]) -> None:
    with TemporaryDirectory() as path:
        folder = Folder(Path(path))
        as_xlsx(folder.path / "a.xlsx", rows)
        folder.age(folder.path / "a.xlsx")
        assert values_of(folder) == rows


@settings(max_examples=150, deadline=None)
@given(rows=tables, place=st.integers(0), mark=st.integers(0), codec=st.sampled_from(["utf-8", "cp1250"]))
def test_one_stray_quotation_mark_costs_at_most_five_lines(
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


@pytest.mark.skipif(importlib.util.find_spec("sandbox.sample") is None, reason="the sample is not there yet")
def test_the_sample_reads_the_same_in_every_format_and_encoding() -> None:
    assert timedelta() < NOON - NOON.replace(hour=0)
