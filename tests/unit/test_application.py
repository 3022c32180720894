"""Rows of recruitment's feeds: what is taken in, and which fault each wrong row has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from estudent.bootstrap import Campus, now
from estudent.domain import application
from estudent.domain.application import (
    Application,
    Laid,
    Row,
    Vocabulary,
    application_key,
    read_application,
    texts_of,
)
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb
from estudent.settings import RegistrySettings, Settings
from sandbox.sample import Row as SampleRow
from sandbox.sample import generate
from tests.builders import TODAY, WORDS, a_pesel, a_row

KIND = FaultKind
NRB = "61109010140000071219812874"
PASSPORT = {"pesel": "", "document_kind": "paszport", "document_number": "FE123456", "document_country": "UA"}
FOREIGNER = PASSPORT | {"birth_date": "2006-05-04"}


def read(row: Row) -> Application:
    found = read_application(row, WORDS, TODAY)
    assert isinstance(found, Application), found
    return found


def faults(row: Row) -> list[tuple[str, FaultKind]]:
    found = read_application(row, WORDS, TODAY)
    return [(fault.field, fault.kind) for fault in found] if isinstance(found, list) else []


def real_words() -> Vocabulary:
    """Return the words that stand in the real wiring; nothing connects."""
    from estudent.adapters.registry.journal import Author  # noqa: PLC0415

    settings = Settings(registry=RegistrySettings(fingerprint_key=SecretStr("x" * 32)))
    return Campus(settings, Author("test", "", now)).admit.words


WRONG: list[tuple[str, dict[str, str], str, FaultKind]] = [
    ("no candidate number", {"candidate": "", "email": "a@poczta.example"}, "candidate", KIND.MISSING),
    ("no status", {"status": ""}, "status", KIND.MISSING),
    ("no family name", {"family_name": " "}, "family_name", KIND.MISSING),
    ("no e-mail", {"email": ""}, "email", KIND.MISSING),
    ("no language", {"language": ""}, "language", KIND.MISSING),
    ("no programme", {"programme": ""}, "programme", KIND.MISSING),
    ("no start", {"start": ""}, "start", KIND.MISSING),
    ("an unknown status", {"status": "może"}, "status", KIND.UNKNOWN_WORD),
    ("an unknown language", {"language": "tlh"}, "language", KIND.UNKNOWN_WORD),
    ("an unknown document", FOREIGNER | {"document_kind": "karta biblioteczna"}, "document_kind", KIND.UNKNOWN_WORD),
    ("a start on the 31st of February", {"start": "2026-02-31"}, "start", KIND.BAD_DATE),
    ("a start in words", {"start": "po wakacjach"}, "start", KIND.BAD_DATE),
    ("an American start", {"start": "10/01/2026"}, "start", KIND.BAD_DATE),
    ("a birth date that does not exist", FOREIGNER | {"birth_date": "30.02.2006"}, "birth_date", KIND.BAD_DATE),
    ("no birth date of a foreigner", FOREIGNER | {"birth_date": ""}, "birth_date", KIND.MISSING),
    ("a digit in the family name", {"family_name": "Nowak2"}, "family_name", KIND.BAD_NAME),
    ("a sign in the given name", {"given_name": "Anna?"}, "given_name", KIND.BAD_NAME),
    ("a sign in the middle name", {"middle_name": "(Ewa)"}, "middle_name", KIND.BAD_NAME),
    ("a family name of a paragraph", {"family_name": "A" * 101}, "family_name", KIND.BAD_NAME),
    ("an e-mail without @", {"email": "anna.poczta.example"}, "email", KIND.BAD_EMAIL),
    ("two e-mails", {"email": "a@poczta.example, b@poczta.example"}, "email", KIND.BAD_EMAIL),
    ("an e-mail without a domain", {"email": "anna@poczta"}, "email", KIND.BAD_EMAIL),
    ("a wrong check digit", {"pesel": "44051401358"}, "pesel", KIND.BAD_PESEL),
    ("a short PESEL", {"pesel": "4405140135"}, "pesel", KIND.BAD_PESEL),
    ("a PESEL of the 32nd", {"pesel": "02070803629"[:4] + "3203628"}, "pesel", KIND.BAD_PESEL),
    ("a birth date that is not the PESEL's", {"birth_date": "2007-03-15"}, "birth_date", KIND.BIRTH_DATES_DISAGREE),
    (
        "somebody born in the future",
        FOREIGNER | {"birth_date": "2031-05-17"},
        "birth_date",
        KIND.IMPLAUSIBLE_BIRTH_DATE,
    ),
    ("a child of 13", FOREIGNER | {"birth_date": "2013-05-17"}, "birth_date", KIND.IMPLAUSIBLE_BIRTH_DATE),
    ("somebody of 101", {"pesel": a_pesel(date(1925, 1, 1))}, "birth_date", KIND.IMPLAUSIBLE_BIRTH_DATE),
    ("neither PESEL nor document", {"pesel": "", "birth_date": "2006-05-04"}, "pesel", KIND.NO_IDENTITY),
    ("a document without its kind", FOREIGNER | {"document_kind": ""}, "document_kind", KIND.MISSING),
    ("a document without its country", FOREIGNER | {"document_country": ""}, "document_country", KIND.MISSING),
    ("a country that does not exist", FOREIGNER | {"document_country": "XQ"}, "document_country", KIND.BAD_DOCUMENT),
    ("a document number too short", FOREIGNER | {"document_number": "A1"}, "document_number", KIND.BAD_DOCUMENT),
    ("letters in the album number", {"album_number": "A123"}, "album_number", KIND.BAD_ALBUM_NUMBER),
    ("an album number too long", {"album_number": "12345678"}, "album_number", KIND.BAD_ALBUM_NUMBER),
    ("a USOS id of zero", {"usos_id": "0"}, "usos_id", KIND.BAD_USOS_ID),
    ("a negative USOS id", {"usos_id": "-5"}, "usos_id", KIND.BAD_USOS_ID),
    ("a USOS id in words", {"usos_id": "OS_5"}, "usos_id", KIND.BAD_USOS_ID),
    ("an account number mistyped", {"account_number": NRB[:-1] + "5"}, "account_number", KIND.BAD_ACCOUNT_NUMBER),
    ("a German account", {"account_number": "DE89370400440532013000"}, "account_number", KIND.BAD_ACCOUNT_NUMBER),
    ("a bell in the given name", {"given_name": "An\x07na"}, "given_name", KIND.CONTROL_CHARACTER),
    ("a NUL in the e-mail", {"email": "a\0@poczta.example"}, "email", KIND.CONTROL_CHARACTER),
    ("a right-to-left mark", {"family_name": "Nowak\u200f"}, "family_name", KIND.CONTROL_CHARACTER),
    ("a line break within the intake", {"intake": "2026\n2027"}, "intake", KIND.CONTROL_CHARACTER),
    ("a given name of 10,000 letters", {"given_name": "A" * 10_000}, "given_name", KIND.TOO_LONG),
]


@pytest.mark.parametrize("columns, field, kind", [wrong[1:] for wrong in WRONG], ids=[wrong[0] for wrong in WRONG])
def test_a_wrong_row_is_refused_with_its_field_and_fault(columns: dict[str, str], field: str, kind: FaultKind) -> None:
    columns = dict(columns)
    assert faults(a_row(columns.pop("candidate", "K1"), **columns)) == [(field, kind)]


def test_a_row_that_could_not_be_read_keeps_the_reader_s_fault() -> None:
    torn = Fault("row", KIND.TOO_FEW_FIELDS, "13 < 19")
    assert read_application(Row(7, {}, torn), WORDS, TODAY) == [torn]


def test_all_faults_of_a_row_are_told_at_once() -> None:
    row = a_row(email="", pesel="123", album_number="x", programme="")
    assert faults(row) == [
        ("email", KIND.MISSING),
        ("pesel", KIND.BAD_PESEL),
        ("programme", KIND.MISSING),
        ("album_number", KIND.BAD_ALBUM_NUMBER),
    ]


def test_a_fault_never_holds_the_value() -> None:
    row = a_row(pesel="44051401358", email="jan.kowalski.poczta", album_number="A987654", account_number=NRB[:-1] + "5")
    found = read_application(row, WORDS, TODAY)
    assert isinstance(found, list) and len(found) == 4
    for value in ("44051401358", "jan.kowalski", "A987654", NRB[:-1]):
        assert value not in repr(found)
        assert all(value not in fault.problem(language) for fault in found for language in ("pl", "en"))


def test_a_good_row_becomes_an_application() -> None:
    found = read(a_row("K7", album_number="123456", usos_id="000042", account_number=f"PL {NRB}", middle_name="Ewa"))
    assert (found.candidate, found.intake, found.standing) == ("K7", "2026/2027", Standing.ADMITTED)
    assert (str(found.album), found.usos_id, found.account_number) == ("123456", 42, Nrb(NRB))
    assert (found.name.display, found.name.middle, found.birth_date) == ("Łucja Żak", "Ewa", date(2007, 3, 14))
    assert (found.study.programme, found.study.start) == ("INF-S1", date(2026, 10, 1))
    assert found.is_welcome


def test_a_foreigner_is_read_by_their_document() -> None:
    found = read(a_row(**FOREIGNER | {"document_country": "ua", "document_number": "fe 123-456"}))
    assert found.pesel is None
    assert found.document == IdentityDocument(DocumentKind.PASSPORT, "FE123456", "UA")


@pytest.mark.parametrize("start", ["2026-10-01", "01.10.2026", "1.10.2026", "2026-10-01T00:00:00", "2026-10-01 00:00"])
def test_a_start_is_read_in_every_usual_form(start: str) -> None:
    assert read(a_row(start=start)).study.start == date(2026, 10, 1)


@pytest.mark.parametrize("pesel", ["070314 12345", "070314-12345"])
def test_a_pesel_may_be_written_in_two_parts(pesel: str) -> None:
    right = a_pesel()
    assert read(a_row(pesel=right[:6] + pesel[6] + right[6:])).pesel is not None


def test_words_are_read_whatever_their_case() -> None:
    assert read(a_row(status="PRZYJĘTY", language="PL")).standing is Standing.ADMITTED


@pytest.mark.parametrize("status, welcome", [("rezygnacja", False), ("zakwalifikowany", False), ("student", True)])
def test_only_whoever_was_admitted_becomes_a_student(status: str, welcome: bool) -> None:
    assert read(a_row(status=status)).is_welcome is welcome


def test_an_application_never_shows_personal_data() -> None:
    shown = repr(read(a_row("K7", account_number=NRB)))
    assert "K7" in shown
    assert all(secret not in shown for secret in ("Łucja", "k7@poczta.example", NRB, "2007", a_pesel()))


@given(st.dictionaries(st.sampled_from(Column), st.text(max_size=300)))
def test_whatever_stands_in_a_row_it_is_read_or_refused_and_nothing_breaks(values: dict[Column, str]) -> None:
    usual = a_row().values
    found = read_application(Row(2, {**usual, **values}), WORDS, TODAY)
    assert isinstance(found, Application) or (found and all(isinstance(fault, Fault) for fault in found))


TELLING = [
    "", " ", "0", "7", "100001", "004711", a_pesel(), "44051401358", "2006-05-04", "2007-03-14", "2026-10-01",
    "1.10.2026", "31.02.2026", "1899-01-01", "Żak-Nowak", "O’Neil", "J4n", "x" * 101, "x" * 255, "a@b.pl", "a@b", "pl",
    "PL", "ua", "przyjęty", "rezygnacja", "paszport", "FE123456", NRB, f"PL {NRB}", "a\u00a0b", "a\u200bb", "\x1f",
]  # fmt: skip


@given(st.dictionaries(st.sampled_from(Column), st.sampled_from(TELLING)), st.sampled_from([{}, FOREIGNER]))
def test_a_row_that_is_read_plainly_is_read_carefully_in_the_same_way(
    values: dict[Column, str], base: dict[str, str]
) -> None:
    changed = {**a_row(**base).values, **values}
    if plainly := application._read_plainly(texts_of(Row(2, changed)), WORDS, TODAY):
        reader = application._Reader(changed, WORDS, TODAY)
        assert (plainly, reader.faults) == (reader.application(), [])


@pytest.mark.parametrize("values", [{}, FOREIGNER])
def test_an_ordinary_row_is_read_plainly(values: dict[str, str]) -> None:
    row = a_row(**values)
    assert application._read_plainly(texts_of(row), WORDS, TODAY) == read(row)


@given(st.permutations(list(Column)), st.integers(1, len(Column)), st.data())
def test_what_a_table_lays_out_says_what_a_dictionary_of_it_does(
    order: list[Column], width: int, data: st.DataObject
) -> None:
    values = {column: data.draw(st.text(max_size=3)) for column in order[:width]}
    laid: Mapping[Column, str] = Laid(tuple(values), tuple(values.get(column, "") for column in Column))
    assert laid == values
    assert ([*laid], [*laid.values()]) == ([*values], [*values.values()])
    assert texts_of(Row(2, laid)) == texts_of(Row(2, values))
    assert [column for column in Column if column in laid] == [column for column in Column if column in values]


def test_a_row_that_a_table_laid_out_never_shows_what_it_says() -> None:
    assert "Żak" not in repr(Row(2, Laid((Column.FAMILY_NAME,), ("Żak",) * len(Column))))


def test_every_good_row_of_a_whole_recruitment_is_read() -> None:
    words = real_words()
    refused = [row.candidate for row in generate(2000).rows if isinstance(read_as(row, "%d.%m.%Y", words), list)]
    assert refused == []


def test_every_good_row_is_read_with_iso_dates_too() -> None:
    words = real_words()
    assert all(isinstance(read_as(row, "%Y-%m-%d", words), Application) for row in generate(200).rows)


def read_as(row: SampleRow, date_format: str, words: Vocabulary) -> Application | list[Fault]:
    values = dict(zip((Column(name) for name in row._fields), row.texts(date_format), strict=True))
    return read_application(Row(2, values), words, TODAY)


def test_two_programmes_of_one_candidate_are_two_applications() -> None:
    assert application_key("K1", "INF-S1") != application_key("K1", "MAT-S1")
    assert application_key("K1", "2INF") != application_key("K12", "INF")
