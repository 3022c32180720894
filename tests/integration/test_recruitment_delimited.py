from __future__ import annotations

from pathlib import Path

import pytest

from estudent.domain.application import Row, texts_of
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.ports import FeedProblem
from tests.integration.recruitment_folder import HEADERS, Folder, as_csv, candidates, fields, line, table


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def fault(row: Row) -> Fault:
    assert row.fault is not None
    return row.fault


def lines_and_kinds(rows: list[Row]) -> list[tuple[int, FaultKind | None]]:
    return [(row.line, row.fault.kind if row.fault else None) for row in rows]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_delimiter_is_told_by_the_header(folder: Folder, delimiter: str) -> None:
    folder.put("a.csv", as_csv([fields(programme_name="Prawo; zaoczne, w\tOpolu")], delimiter=delimiter))
    (row,) = folder.rows()
    assert row.values[Column.PROGRAMME_NAME] == "Prawo; zaoczne, w\tOpolu"


def test_quoted_headers_may_hold_other_delimiters_and_line_ends(folder: Folder) -> None:
    headers = [*HEADERS, "Uwagi, zalety, wady,,,,,,,,,,,,,,,,,,,,", "Numer\nteczki"]
    folder.put("a.csv", as_csv([[*fields("K7"), "", ""]], headers))
    (row,) = folder.rows()
    assert (row.line, row.values[Column.CANDIDATE]) == (3, "K7")


def test_columns_stand_in_any_order_and_unknown_ones_are_ignored(folder: Folder) -> None:
    folder.put("a.csv", as_csv([["?", *reversed(fields("K7"))]], ["Ulubiony kolor", *reversed(HEADERS)]))
    (row,) = folder.rows()
    assert row.values == dict(zip(Column, fields("K7"), strict=True))


def test_headers_are_known_in_any_case_and_spacing(folder: Folder) -> None:
    spelled = "\ufeff" + ";".join(f"  {name.upper().replace(' ', '  ')}\u00a0" for name in HEADERS)
    folder.put("a.csv", spelled + "\n" + line("K7"))
    assert candidates(folder.rows()) == ["K7"]


def test_other_spellings_of_a_header_are_known(folder: Folder) -> None:
    text = table(line("K7", email="anna@poczta.example")).replace("E-mail", "Adres e-mail").replace("Imię", "Imie", 1)
    folder.put("a.csv", text)
    (row,) = folder.rows()
    assert row.values[Column.EMAIL] == "anna@poczta.example"


def test_missing_headers_are_named_by_their_first_spelling(folder: Folder) -> None:
    folder.put("a.csv", table(line()).replace("E-mail", "Poczta").replace("Numer albumu", "Album"))
    feed = folder.feed()
    assert (feed.problem, feed.detail) == (FeedProblem.HEADERS_MISSING, "E-mail, Numer albumu")


def test_optional_columns_may_be_missing(folder: Folder) -> None:
    required = ["Numer kandydata", "Status", "PESEL", "Nazwisko", "Imię", "E-mail", "Język", "Kod programu"]
    folder.put("a.csv", as_csv([["K7"] + [""] * 9], [*required, "Data rozpoczęcia", "Numer albumu"]))
    (row,) = folder.rows()
    assert len(row.values) == 10


def test_columns_may_come_in_any_order_with_others_between_them(folder: Folder) -> None:
    optional = {"Cykl", "Nazwa programu", "Numer rachunku"}
    headers = ["Uwagi", *(name for name in reversed(HEADERS) if name not in optional), "Punkty"]
    row = dict(zip(HEADERS, fields("K7"), strict=True)) | {"Uwagi": "uwaga", "Punkty": "97"}
    folder.put("a.csv", as_csv([[row[name] for name in headers]] * 2, headers))
    wanted = {column: row[name] for column, name in zip(Column, HEADERS, strict=True) if name not in optional}
    for found in folder.rows():
        assert found.values == wanted
        assert texts_of(found) == tuple(wanted.get(column, "") for column in Column)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_line_of_delimiters_alone_is_no_row(folder: Folder, end: str) -> None:
    empty = ";" * (len(HEADERS) - 1)
    folder.put("a.csv", end.join([";".join(HEADERS), empty, ";".join(fields("K7")), empty, ""]))
    assert [row.line for row in folder.rows()] == [3]


def test_two_columns_of_one_meaning_refuse_the_file(folder: Folder) -> None:
    folder.put("a.csv", as_csv([[*fields(), "x"]], [*HEADERS, "Nr albumu"]))
    feed = folder.feed()
    assert feed.problem is FeedProblem.UNREADABLE
    assert "several columns mean Numer albumu" in feed.detail


def test_excels_separator_line_is_obeyed(folder: Folder) -> None:
    folder.put("a.csv", "sep=,\r\n" + as_csv([fields("K7")], delimiter=","))
    (row,) = folder.rows()
    assert (row.line, row.values[Column.CANDIDATE]) == (3, "K7")


def test_doubled_quotation_marks_are_one(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1", programme_name='"Studia ""Prawo"" zaoczne"')))
    (row,) = folder.rows()
    assert row.values[Column.PROGRAMME_NAME] == 'Studia "Prawo" zaoczne'


def test_a_row_is_named_by_the_line_on_which_it_starts(folder: Folder) -> None:
    rows = [fields("K1"), fields("K2", programme_name="Prawo\nw\nOpolu"), fields("K3")]
    folder.put("a.csv", as_csv(rows))
    assert [(row.line, row.values[Column.CANDIDATE]) for row in folder.rows()] == [(2, "K1"), (3, "K2"), (6, "K3")]


def test_a_field_over_five_lines_is_read(folder: Folder) -> None:
    folder.put("a.csv", as_csv([fields("K1", programme_name="a\nb\nc\nd\ne"), fields("K2")]))
    assert candidates(folder.rows()) == ["K1", "K2"]


def test_a_field_over_six_lines_is_damage_and_the_next_row_is_read(folder: Folder) -> None:
    folder.put("a.csv", as_csv([fields("K1", programme_name="a\nb\nc\nd\ne\nf"), fields("K2")]))
    rows = folder.rows()
    assert lines_and_kinds(rows)[0] == (2, FaultKind.UNREADABLE_ROW)
    assert (rows[-1].line, candidates(rows)[-1]) == (8, "K2")


def test_one_stray_quotation_mark_spoils_one_student_and_nobody_else(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1"), line("K2", family_name='"Nowak'), *(line(f"K{n}") for n in range(3, 300))))
    rows = folder.rows()
    assert lines_and_kinds(rows[:3]) == [(2, None), (3, FaultKind.UNREADABLE_ROW), (4, None)]
    assert candidates(rows) == ["K1", "", *(f"K{n}" for n in range(3, 300))]
    assert [row.line for row in rows] == list(range(2, 301))


def test_a_lost_quotation_mark_among_quoted_fields_spoils_one_student(folder: Folder) -> None:
    quoted = [";".join(f'"{field}"' for field in fields(f"K{n}")) + "\n" for n in range(5)]
    quoted[1] = quoted[1].replace('"Żółć"', '"Żółć')
    quoted[3] = quoted[3].replace('"Żółć"', '"Żół"ć"')
    folder.put("a.csv", table(*quoted))
    assert candidates(folder.rows()) == ["K0", "", "K2", "", "K4"]


def test_a_last_field_that_never_ends_spoils_one_student(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1", account_number='"61'), line("K2"), line("K3")))
    assert candidates(folder.rows()) == ["", "K2", "K3"]


@pytest.mark.parametrize("field", ["candidate", "family_name", "account_number"])
def test_stray_marks_in_two_rows_never_make_one_student_of_two(folder: Folder, field: str) -> None:
    first, second = line("K1", **{field: '"Nowak'}), line("K2", **{field: 'Nowak"'})
    folder.put("a.csv", table(first, second, line("K3")))
    rows = folder.rows()
    assert lines_and_kinds(rows) == [(2, FaultKind.UNREADABLE_ROW), (3, FaultKind.UNREADABLE_ROW), (4, None)]


def test_stray_marks_in_neighbouring_rows_are_told_apart_from_other_faults(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1", family_name='"Nowak'), "K2;x\n", "K3\0;x\n", line("K4")))
    assert lines_and_kinds(folder.rows()) == [
        (2, FaultKind.UNREADABLE_ROW),
        (3, FaultKind.TOO_FEW_FIELDS),
        (4, FaultKind.CONTROL_CHARACTER),
        (5, None),
    ]


def test_a_pair_of_marks_inside_an_unquoted_field_is_part_of_it_and_one_mark_is_not(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1", programme_name='Prawo "A"'), line("K2", programme_name='8" rury')))
    good, spoiled = folder.rows()
    assert good.values[Column.PROGRAMME_NAME] == 'Prawo "A"'
    assert fault(spoiled).kind is FaultKind.UNREADABLE_ROW


def test_too_few_fields_are_counted(folder: Folder) -> None:
    folder.put("a.csv", table("K1;2026Z;x\n", line("K2")))
    rows = folder.rows()
    assert rows[0].fault == Fault("row", FaultKind.TOO_FEW_FIELDS, "3 of 19")
    assert candidates(rows) == ["", "K2"]


def test_too_many_fields_are_counted(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1").replace("\n", ";;x\n"), line("K2")))
    rows = folder.rows()
    assert rows[0].fault == Fault("row", FaultKind.TOO_MANY_FIELDS, "21 of 19")
    assert candidates(rows) == ["", "K2"]


def test_empty_fields_at_the_end_are_tolerated(folder: Folder) -> None:
    folder.put("a.csv", ";".join(HEADERS) + ";;\n" + line("K1") + line("K2").replace("\n", ";; ;\n"))
    assert candidates(folder.rows()) == ["K1", "K2"]


@pytest.mark.parametrize("end", ["K3;2026Z", 'K3;2026Z;"przyj', 'K3;2026Z;"przyj\nęty', "K"])
def test_a_file_that_ends_inside_a_row_says_so(folder: Folder, end: str) -> None:
    folder.put("a.csv", table(line("K1"), line("K2"), end))
    assert lines_and_kinds(folder.rows()) == [(2, None), (3, None), (4, FaultKind.CUT_OFF)]


def test_a_whole_last_row_needs_no_line_end(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1"), line("K2").rstrip("\n")))
    assert candidates(folder.rows()) == ["K1", "K2"]


@pytest.mark.parametrize("field", ["", "No\0wak", '"No\0wak"'])
def test_a_nul_byte_spoils_one_row(folder: Folder, field: str) -> None:
    spoiled = line("K2", middle_name=field) if field else "\0\0\0\n"
    folder.put("a.csv", table(line("K1"), spoiled, line("K3")))
    rows = folder.rows()
    assert rows[1].fault == Fault("row", FaultKind.CONTROL_CHARACTER, "U+0000")
    assert candidates(rows) == ["K1", "", "K3"]


def test_blank_lines_are_skipped_and_counted(folder: Folder) -> None:
    folder.put("a.csv", "\n \n" + table("\n", line("K1"), "   \n", ";" * 18 + "\n", '"";""\n', line("K2"), "\n\n"))
    assert [(row.line, row.values[Column.CANDIDATE]) for row in folder.rows()] == [(5, "K1"), (9, "K2")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_windows_unix_and_old_macs_end_them(folder: Folder, end: str) -> None:
    folder.put("a.csv", table(line("K1"), line("K2")).replace("\n", end))
    assert [(row.line, row.values[Column.CANDIDATE]) for row in folder.rows()] == [(2, "K1"), (3, "K2")]


@pytest.mark.parametrize(
    "row", ['K1;{};"x\n', "{};K1\n", "{}" + ";" * 40 + "x\n", '"{}"x;' + ";" * 17 + "\n", "{}\0\n", "{}"]
)
def test_a_fault_never_tells_a_pesel(folder: Folder, row: str) -> None:
    folder.put("a.csv", table(line("K1"), row.format("05260112345")))
    spoiled = folder.rows()[1]
    assert "05260112345" not in repr(spoiled)
    assert "0526" not in fault(spoiled).detail + fault(spoiled).masked


def test_a_field_longer_than_the_csv_module_reads_spoils_one_row(folder: Folder) -> None:
    folder.put("a.csv", table(line("K1", programme_name="a" * 200_000), line("K2")))
    assert candidates(folder.rows()) == ["", "K2"]


@pytest.mark.parametrize("name", ["a.csv", "a.CSV", "a.txt", "a.tsv", "a.Tsv"])
def test_delimited_text_comes_under_several_names(folder: Folder, name: str) -> None:
    folder.put(name, table(line("K1")))
    assert candidates(folder.rows()) == ["K1"]
