"""The made-up recruitment export: right where it should be, wrong only where it says so."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from schwifty import IBAN
from stdnum.pl import pesel as pesel_number

from sandbox.sample import HEADERS, Row, Sample, generate, write_csv, write_jsonl, write_xlsx
from sandbox.sample.breakage import single_breakages

STUDENTS = 2000


@pytest.fixture(scope="module")
def sample() -> Sample:
    return generate(STUDENTS)


@pytest.fixture(scope="module")
def lines(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("sample") / "rekrutacja-2026.csv"
    write_csv(sample, path)
    return path.read_bytes().decode("utf-8-sig").split("\r\n")


def fields(line: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=";"))


def people(sample: Sample) -> list[Row]:
    return list({row.candidate: row for row in sample.rows}.values())


def repeated(values: list[str]) -> list[str]:
    return [value for value, times in Counter(filter(None, values)).items() if times > 1]


def test_the_same_seed_gives_the_same_file_and_another_seed_another(tmp_path: Path) -> None:
    for name, seed in {"first": 1, "again": 1, "other": 2}.items():
        write_csv(generate(300, seed), tmp_path / name)
    first, again, other = ((tmp_path / name).read_bytes() for name in ("first", "again", "other"))
    assert first == again != other


def test_the_headers_stand_in_the_order_that_the_university_uses(lines: list[str]) -> None:
    assert fields(lines[0]) == list(HEADERS.values())
    assert lines[0].startswith("Numer kandydata;Cykl;Status;PESEL;") and lines[0].endswith(";Numer rachunku")


def test_as_many_students_are_admitted_as_were_asked_for(sample: Sample) -> None:
    assert len(sample.students) == STUDENTS


def test_some_candidates_resign_and_some_students_take_a_second_programme(sample: Sample) -> None:
    assert sum(row.status == "rezygnacja" for row in sample.rows) == 30
    assert len(repeated([row.candidate for row in sample.rows])) == 20


def test_every_pesel_is_valid_and_holds_the_birth_date(sample: Sample) -> None:
    with_pesel = [row for row in sample.rows if row.pesel]
    assert [
        row for row in with_pesel if pesel_number.get_birth_date(pesel_number.validate(row.pesel)) != row.birth_date
    ] == []


def test_everybody_is_born_from_1995_to_2008(sample: Sample) -> None:
    assert all(date(1995, 1, 1) <= row.birth_date <= date(2008, 12, 31) for row in sample.rows)


def test_whoever_has_no_pesel_has_a_document_with_its_country(sample: Sample) -> None:
    foreign = [row for row in sample.rows if not row.pesel]
    assert foreign
    assert all(re.fullmatch("[A-Z]{2}", row.document_country) and row.document_number for row in foreign)


def test_every_account_number_is_a_right_nrb(sample: Sample) -> None:
    numbers = [row.account_number for row in sample.students if row.account_number]
    assert all(IBAN(f"PL{number}", validate_bban=True) for number in numbers)
    assert len(numbers) / STUDENTS == pytest.approx(0.2, abs=0.03)


@pytest.mark.parametrize(
    "field", ["pesel", "document_number", "email", "album_number", "usos_id", "account_number", "candidate"]
)
def test_no_two_people_share_a_number_or_an_address(sample: Sample, field: str) -> None:
    assert repeated([getattr(row, field) for row in people(sample)]) == []


def test_album_numbers_are_consecutive_and_shuffled(sample: Sample) -> None:
    numbers = [int(album) for album in sample.albums]
    assert sorted(numbers) == list(range(100_001, 100_001 + 1940))
    assert numbers != sorted(numbers)


def test_different_students_share_full_names_and_siblings_share_surnames(sample: Sample) -> None:
    assert len(repeated([f"{row.given_name} {row.family_name}" for row in people(sample)])) >= 10
    twins = Counter((row.family_name, row.birth_date) for row in people(sample) if row.pesel)
    assert max(twins.values()) > 1


def test_names_come_in_all_their_forms(sample: Sample) -> None:
    names = [(row.given_name, row.family_name, row.document_country) for row in sample.rows]
    assert any(family.endswith("ska") for _, family, _ in names)
    assert any("-" in family for _, family, _ in names)
    assert any(re.search("[а-яґіїє]", family) for _, family, _ in names)
    assert any(family == "Nguyễn" for _, family, _ in names)
    assert any(not given and country == "ID" for given, _, country in names)


def test_every_address_is_in_a_reserved_domain(sample: Sample) -> None:
    address = re.compile(r"[a-z0-9.]+@(poczta|mail)\.example")
    assert [row.email for row in sample.rows if not address.fullmatch(row.email)] == []


def test_every_kind_of_broken_row_is_there(sample: Sample) -> None:
    expected = {breakage.kind for breakage in single_breakages()} | {"album_shared", "account_shared", "contradiction"}
    assert {broken.kind for broken in sample.broken} == expected


def test_broken_rows_stand_on_the_lines_that_it_names(sample: Sample, lines: list[str]) -> None:
    by_kind = {broken.kind: lines[broken.line - 1] for broken in sample.broken}
    assert ";31.02.2026;" in by_kind["date_impossible"]
    assert "\0" in by_kind["nul"]
    assert len(by_kind["too_long"]) > 10_000
    assert by_kind["stray_quote"].count('"') == 1
    assert len(fields(by_kind["too_few_fields"])) < len(HEADERS) < len(fields(by_kind["too_many_fields"]))
    assert not pesel_number.is_valid(fields(by_kind["pesel_checksum"])[3])


def test_a_contradicting_row_stands_below_the_row_that_it_contradicts(sample: Sample, lines: list[str]) -> None:
    for broken in sample.broken:
        if broken.kind == "contradiction":
            candidate = fields(lines[broken.line - 1])[0]
            assert any(line.startswith(candidate) for line in lines[1 : broken.line - 1])


def test_a_sample_without_broken_rows_has_none() -> None:
    assert generate(100, broken=False).broken == []


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_small_samples_are_whole_too(count: int) -> None:
    assert len(generate(count).students) == count


def test_usos_knows_everybody_with_an_album_number(sample: Sample) -> None:
    known = {str(person["student_number"]): person for person in sample.people_for_usos()}
    assert set(known) == set(sample.albums)
    told = [row for row in sample.students if row.usos_id]
    assert all(str(known[row.album_number]["os_id"]) == row.usos_id for row in told)
    assert 0 < len(known) - len(told) < 0.05 * STUDENTS


def test_an_old_encoding_gets_plain_letters_where_it_lacks_others(sample: Sample, tmp_path: Path) -> None:
    write_csv(sample, tmp_path / "old.csv", encoding="cp1250", delimiter="\t")
    text = (tmp_path / "old.csv").read_text(encoding="cp1250")
    assert "\tNguyen\t" in text and "\tImię\t" in text


def test_a_workbook_holds_the_good_rows_with_real_dates(sample: Sample, tmp_path: Path) -> None:
    write_xlsx(generate(60), tmp_path / "list.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "list.xlsx").worksheets[0].values)
    assert rows[0][:4] == ("Numer kandydata", "Cykl", "Status", "PESEL")
    assert hasattr(rows[1][7], "year") and isinstance(rows[1][0], str)


def test_json_lines_hold_an_object_a_line(tmp_path: Path) -> None:
    write_jsonl(generate(60, broken=False), tmp_path / "list.jsonl")
    objects = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(list(found) == list(HEADERS.values()) for found in objects)
