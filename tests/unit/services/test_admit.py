"""Admitting: recruitment's files in, each row judged alone, and nobody ever removed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path
from threading import Event
from time import sleep
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estudent.adapters.registry.admissions import SqlAdmissions
from estudent.adapters.registry.database import Database
from estudent.domain.application import Row
from estudent.domain.fault import Column, Fault, FaultKind
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb
from estudent.domain.place import in_answer
from estudent.ports import Admission, Admissions, Feed, FeedCounts, FeedProblem, Rejection, Unavailable
from estudent.services import read_feed
from estudent.services.read_feed import MOST_WAITING, Reading
from tests.builders import SORT_CODE, TODAY, WORDS, a_pesel, a_row
from tests.unit.services.registrar import FINGERPRINTS, Registrar

ANNA, EWA = {"pesel": a_pesel(serial=1)}, {"pesel": a_pesel(serial=2)}
SECOND = {"programme": "MAT-S1", "programme_name": "Matematyka"}
PASSPORT = {
    "pesel": "", "document_kind": "paszport", "document_number": "FE123456", "document_country": "UA",
    "birth_date": "2006-05-04",
}  # fmt: skip
KEY_OF_EWA = "K2\x1fINF-S1"
NRB = str(Nrb.build(SORT_CODE, "1234000000000001"))


def anna(line: int = 2, /, **columns: str) -> Row:
    return a_row("K1", line, **ANNA | {"album_number": "100001"} | columns)


def ewa(line: int = 3, /, **columns: str) -> Row:
    return a_row("K2", line, **EWA | {"album_number": "100002"} | columns)


def counts(tally: object) -> tuple[int, ...]:
    return tuple(getattr(tally, name) for name in ("read", "new", "changed", "refused", "failed"))


def remarks(tally: object) -> str:
    return "; ".join(f"{each.about}: {each.why}" for each in getattr(tally, "remarks", []))


def test_admitted_candidates_become_students(registrar: Registrar) -> None:
    assert counts(registrar.sync(anna(), ewa())) == (2, 2, 0, 0, 0)
    assert registrar.albums() == ["100001", "100002"]
    student = registrar.student("100001")
    assert (student.name.display, student.email, student.standing) == ("Łucja Żak", "k1@poczta.example", "admitted")


def test_the_same_file_is_not_even_read_again(registrar: Registrar) -> None:
    registrar.sync(anna())
    before = registrar.everything()
    assert counts(registrar.admit.run()) == (0, 0, 0, 0, 0)
    assert registrar.everything() == before


def test_the_same_rows_exported_again_change_nothing(registrar: Registrar) -> None:
    rows = anna(), ewa(), ewa(4, **SECOND), a_row("K3", 5, pesel=a_pesel(serial=3))
    registrar.sync(*rows)
    before = registrar.everything()
    registrar.later(hours=5)
    assert counts(registrar.sync(*rows)) == (4, 0, 0, 0, 0)
    assert registrar.everything() == before


def test_a_row_that_was_taken_in_before_an_upgrade_is_known_and_what_the_desk_corrected_stays(
    registrar: Registrar,
) -> None:
    registrar.sync(anna(), ewa())
    hashes = registrar.admissions.row_hashes()
    registrar.as_before_the_upgrade(anna(), ewa())
    registrar.correct_email("100001", "right@poczta.example")
    assert counts(registrar.sync(anna(), ewa(3, given_name="Ewa"))) == (2, 0, 1, 0, 0)
    assert registrar.student("100001").email == "right@poczta.example"
    assert registrar.admissions.row_hashes() == hashes | {KEY_OF_EWA: registrar.admissions.row_hashes()[KEY_OF_EWA]}


def test_a_value_that_moves_to_another_column_is_a_change(registrar: Registrar) -> None:
    """JSON Lines leave out keys that have no value."""
    values = anna(given_name="", middle_name="", usos_id="").values
    said = {column: value for column, value in values.items() if value}
    registrar.sync(Row(2, said | {Column.GIVEN_NAME: "Anna"}))
    assert counts(registrar.sync(Row(2, said | {Column.MIDDLE_NAME: "Anna"}))) == (1, 0, 1, 0, 0)
    assert (registrar.student("100001").name.given, registrar.student("100001").name.middle) == ("", "Anna")


def test_columns_in_another_order_and_empty_ones_are_no_change(registrar: Registrar) -> None:
    registrar.sync(anna())
    said = {column: value for column, value in reversed([*anna().values.items()]) if value}
    assert counts(registrar.sync(Row(2, said))) == (1, 0, 0, 0, 0)


def test_a_rehearsal_names_the_files_that_wait_and_takes_nothing_in(registrar: Registrar) -> None:
    registrar.recruitment.export(anna())
    assert "rekrutacja.csv: waits to be taken in" in remarks(registrar.admit.rehearse())
    assert registrar.everything() == []


def test_a_corrected_row_is_taken_up_by_the_next_sync_and_its_rejection_is_resolved(registrar: Registrar) -> None:
    assert counts(registrar.sync(anna(email="anna"), ewa())) == (2, 1, 0, 1, 0)
    assert registrar.open_faults() == [(2, "email", FaultKind.BAD_EMAIL)]
    registrar.later(hours=5)
    assert counts(registrar.sync(anna(), ewa())) == (2, 1, 0, 0, 0)
    assert registrar.open_faults() == []
    assert registrar.albums() == ["100001", "100002"]


def test_a_correction_in_another_file_resolves_the_rejection_too(registrar: Registrar) -> None:
    registrar.sync(anna(email="anna"))
    registrar.sync(anna(), name="poprawki.csv")
    assert registrar.open_faults() == []


def test_a_row_that_is_still_wrong_is_listed_once(registrar: Registrar) -> None:
    registrar.sync(anna(email="anna"))
    registrar.sync(anna(email="anna"), ewa())
    assert registrar.open_faults() == [(2, "email", FaultKind.BAD_EMAIL)]


def test_a_wrong_row_stops_nobody_else(registrar: Registrar) -> None:
    torn = Row(3, {}, Fault("row", FaultKind.TOO_FEW_FIELDS, "3 < 19"))
    assert counts(registrar.sync(anna(), torn, ewa(4))) == (3, 2, 0, 1, 0)
    assert registrar.open_faults() == [(3, "row", FaultKind.TOO_FEW_FIELDS)]


def test_a_changed_row_changes_the_student(registrar: Registrar) -> None:
    registrar.sync(anna())
    assert counts(registrar.sync(anna(family_name="Żak-Nowak", email="nowa@poczta.example"))) == (1, 0, 1, 0, 0)
    student = registrar.student("100001")
    assert (student.name.family, student.email) == ("Żak-Nowak", "nowa@poczta.example")


def test_a_candidate_who_is_missing_from_a_full_file_is_listed_and_stays(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa())
    tally = registrar.sync(anna())
    assert "1 candidates known from earlier are not in this full feed: K2" in remarks(tally)
    assert registrar.albums() == ["100001", "100002"]
    assert registrar.student("100002").standing is Standing.ADMITTED


def test_nobody_is_missing_from_a_file_that_is_only_a_part(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa())
    registrar.admit = replace(registrar.admit, full_feed=False)
    assert "not in this full feed" not in remarks(registrar.sync(anna()))


def test_changes_call_nobody_missing_and_leave_the_refusals_of_others_open(registrar: Registrar) -> None:
    registrar.sync(anna(email="x"), ewa(email="y"), a_row("K3", 4))
    registrar.recruitment.export(anna(in_answer(1, 1)), changes_only=True)
    assert "not in this full feed" not in remarks(registrar.admit.run())
    assert registrar.albums() == ["100001"]
    assert registrar.open_faults() == [(3, "email", FaultKind.BAD_EMAIL)]


def test_a_candidate_who_changed_and_is_still_wrong_is_listed_once(registrar: Registrar) -> None:
    registrar.sync(anna(email="x"))
    registrar.recruitment.export(anna(in_answer(1, 1), email="y"), changes_only=True)
    registrar.admit.run()
    assert registrar.open_faults() == [(in_answer(1, 1), "email", FaultKind.BAD_EMAIL)]


def test_records_of_an_answer_that_share_a_number_are_named_by_page_and_record(registrar: Registrar) -> None:
    registrar.sync(anna(in_answer(1, 100)), ewa(in_answer(2, 7), album_number="100001"))
    assert {each.fault.detail for each in registrar.admissions.rejections()} == {"1/100, 2/7"}


def test_last_year_s_students_are_not_missing_this_year(registrar: Registrar) -> None:
    registrar.sync(anna(intake="2025/2026"))
    assert "not in this full feed" not in remarks(registrar.sync(ewa()))


def test_a_candidate_whose_row_is_wrong_is_not_called_missing(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa())
    tally = registrar.sync(anna(), ewa(email="ewa"))
    assert registrar.open_faults() == [(3, "email", FaultKind.BAD_EMAIL)]
    assert "not in this full feed" not in remarks(tally)


def test_a_file_that_was_cut_off_calls_nobody_missing(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa())
    tally = registrar.sync(anna(), Row(3, {Column.CANDIDATE: "K2"}, Fault("row", FaultKind.CUT_OFF)))
    assert "ends in the middle of a row" in remarks(tally)
    assert "not in this full feed" not in remarks(tally)


@pytest.mark.parametrize(
    "column, value, respelled",
    [
        ("album_number", "100009", "100009 "),
        ("usos_id", "4711", "004711"),
        ("account_number", NRB, f"PL {NRB[:2]} {NRB[2:10]} {NRB[10:]}"),
    ],
)
def test_a_number_that_two_people_share_is_refused_to_both(
    registrar: Registrar, column: str, value: str, respelled: str
) -> None:
    strangers = {"album_number": ""}
    rows = anna(**strangers | {column: value}), ewa(**strangers | {column: respelled})
    assert counts(registrar.sync(*rows)) == (2, 0, 0, 2, 0)
    assert registrar.open_faults() == [
        (2, column, FaultKind.SHARED_IN_FILE),
        (3, column, FaultKind.SHARED_IN_FILE),
    ]
    assert registrar.people() == 0


def test_a_number_shared_by_two_people_is_refused_to_both_however_far_apart(registrar: Registrar) -> None:
    others = [a_row(f"O{at}", at, pesel=a_pesel(serial=1000 + at)) for at in range(3, 1500)]
    tally = registrar.sync(anna(), *others, ewa(1500, album_number="100001"))
    assert (tally.new, tally.refused) == (len(others), 2)
    assert registrar.albums() == []


def test_every_line_that_gives_a_number_of_somebody_else_is_named_repetitions_too(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa(album_number="100001"), ewa(4, album_number="100001"))
    assert {each.fault.detail for each in registrar.admissions.rejections()} == {"2, 3, 4"}


def test_more_new_people_than_can_wait_for_the_rest_of_the_file_are_judged_by_the_rest_of_it(
    registrar: Registrar,
) -> None:
    others = [
        a_row(f"O{at}", at, pesel=a_pesel(date(2007, 1, 1 + at // 5000), at % 5000))
        for at in range(3, MOST_WAITING + 5)
    ]
    last = ewa(MOST_WAITING + 5, album_number="100001")
    tally = registrar.sync(
        anna(), *others, last, a_row("Z1", MOST_WAITING + 6, pesel=a_pesel(serial=9000), email="nobody")
    )
    assert counts(tally) == (len(others) + 3, len(others), 0, 3, 0)
    assert registrar.open_faults() == [
        (2, "album_number", FaultKind.SHARED_IN_FILE),
        (last.line, "album_number", FaultKind.SHARED_IN_FILE),
        (last.line + 1, "email", FaultKind.BAD_EMAIL),
    ]
    shared = [each.fault for each in registrar.admissions.rejections() if each.fault.field == "album_number"]
    assert {fault.detail for fault in shared} == {f"2, {last.line}"}
    assert counts(registrar.sync(anna(), *others, last)) == (len(others) + 2, 0, 0, 2, 0)


def test_a_file_whose_end_is_reached_with_more_new_people_than_can_wait_is_read_once(registrar: Registrar) -> None:
    others = [
        a_row(f"O{at}", at, pesel=a_pesel(date(2007, 1, 1 + at // 5000), at % 5000))
        for at in range(4, MOST_WAITING + 5)
    ]
    last = ewa(MOST_WAITING + 5, album_number="100001")
    registrar.recruitment.export(anna(), a_row("Z1", 3, pesel=a_pesel(serial=9000), email="nobody"), *others, last)
    [feed] = registrar.recruitment.feeds()
    read = list[Feed]()

    def rows() -> Iterator[Row]:
        read.append(feed)
        return feed.rows()

    reading = Reading(
        replace(feed, rows=rows),
        registrar.admissions, FINGERPRINTS, WORDS, today=TODAY, full_feed=True,
    )  # fmt: skip
    assert counts(reading.to_its_end(lambda _rows: None)) == (len(others) + 3, len(others), 0, 3, 0)
    assert len(read) == 1
    assert [fault for fault in registrar.open_faults() if fault[1] == "album_number"] == [
        (2, "album_number", FaultKind.SHARED_IN_FILE),
        (last.line, "album_number", FaultKind.SHARED_IN_FILE),
    ]


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two rows at a time be judged, and two people at a time be admitted."""
    monkeypatch.setattr(read_feed, "AT_ONCE", 2)
    monkeypatch.setattr(read_feed, "MOST_WAITING", 2)


class Ending:
    """The registry's door, and what happens beside the end of each admission; they are numbered from 1."""

    def __init__(self, admissions: SqlAdmissions, beside: Callable[[int], None]) -> None:
        self.admissions, self.beside, self.number = admissions, beside, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.admissions, name)

    def begin_to_admit(self, feed: int, admissions: Sequence[Admission]) -> Callable[[], None]:
        self.number += 1
        number, end = self.number, self.admissions.begin_to_admit(feed, admissions)

        def end_then() -> None:
            try:
                self.beside(number)
            finally:
                end()

        return end_then


def new_people(many: int) -> list[Row]:
    return [a_row(f"O{at}", at, pesel=a_pesel(serial=1000 + at)) for at in range(2, 2 + many)]


@pytest.mark.usefixtures("small_portions")
def test_rows_are_judged_while_the_registry_admits_those_before_them(registrar: Registrar) -> None:
    registrar.recruitment.export(*new_people(9))
    [feed] = registrar.recruitment.feeds()
    readings, later_were_read = count(1), Event()

    def rows() -> Iterator[Row]:
        reading = next(readings)
        for row in feed.rows():
            # The second reading looks through the file, the third goes on behind the first two people.
            if reading == 3 and row.line == 5:
                later_were_read.set()
            yield row

    waited = dict[int, bool]()
    slow = Ending(registrar.admissions, lambda number: waited.update({number: later_were_read.wait(20)}))
    reading = Reading(
        replace(feed, rows=rows), cast("Admissions", slow), FINGERPRINTS, WORDS, today=TODAY, full_feed=True
    )
    assert counts(reading.to_its_end(lambda _rows: None)) == (9, 9, 0, 0, 0)
    assert waited[1]


@pytest.mark.usefixtures("small_portions")
def test_refused_rows_are_stored_when_no_admission_is_under_way(registrar: Registrar) -> None:
    """SQLite would let them wait, and on a slow disk in vain."""
    under_way, beside = Event(), list[bool]()

    class OneWriter(Ending):
        def begin_to_admit(self, feed: int, admissions: Sequence[Admission]) -> Callable[[], None]:
            end = super().begin_to_admit(feed, admissions)
            under_way.set()

            def end_then() -> None:
                end()
                under_way.clear()

            return end_then

        def refuse(self, feed: int, rejections: Sequence[Rejection]) -> None:
            beside.append(under_way.is_set())
            self.admissions.refuse(feed, rejections)

    # Where an admission is slow, rows that are refused would be stored before it ends.
    slow = OneWriter(registrar.admissions, lambda _number: sleep(0.2))
    wrong = [a_row(f"X{at}", at, email="nobody") for at in range(6, 14)]
    registrar.recruitment.export(*new_people(4), *wrong)
    assert counts(replace(registrar.admit, admissions=cast("Admissions", slow)).run()) == (12, 4, 0, 8, 0)
    assert beside and not any(beside)
    assert len(registrar.open_faults()) == 8


@pytest.mark.usefixtures("small_portions")
def test_rows_known_from_before_an_upgrade_get_other_hashes_some_at_a_time(registrar: Registrar) -> None:
    rows = new_people(9)
    registrar.sync(*rows)
    hashes, renewed = registrar.admissions.row_hashes(), list[int]()
    registrar.as_before_the_upgrade(*rows)

    class Renewing(Ending):
        def renew_hashes(self, hashes: Mapping[str, bytes]) -> None:
            renewed.append(len(hashes))
            self.admissions.renew_hashes(hashes)

    registrar.recruitment.export(*rows)
    door = cast("Admissions", Renewing(registrar.admissions, lambda _number: None))
    assert counts(replace(registrar.admit, admissions=door).run()) == (9, 0, 0, 0, 0)
    assert (max(renewed), sum(renewed)) == (2, 9)
    assert registrar.admissions.row_hashes() == hashes


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("broken", [1, 2, 4])
def test_a_registry_that_goes_away_once_it_has_admitted_some_loses_nobody(registrar: Registrar, broken: int) -> None:
    def go_away(number: int) -> None:
        if number == broken:
            raise Unavailable("the registry does not answer: OperationalError")

    registrar.recruitment.export(*new_people(7))
    going = cast("Admissions", Ending(registrar.admissions, go_away))
    tally = replace(registrar.admit, admissions=going).run()
    assert tally.failed == 1 and "the registry does not answer" in remarks(tally)
    stored = min(2 * broken, 7)
    assert len(registrar.rows("person")) == stored
    assert counts(registrar.admit.run()) == (7, 7 - stored, 0, 0, 0)


@pytest.mark.usefixtures("small_portions")
def test_whoever_is_refused_in_small_portions_is_named_once_and_the_others_are_in(registrar: Registrar) -> None:
    rows = new_people(5)
    taken = a_row("X1", 7, pesel=a_pesel(serial=11), album_number="100001")
    twice = a_row("X2", 8, pesel=a_pesel(serial=12), album_number="100001")
    refusing(registrar, "Lis")
    tally = registrar.sync(*rows, taken, twice, ewa(9, family_name="Lis"), a_row("X3", 10, email="nobody"))
    assert counts(tally) == (9, 5, 0, 3, 1)
    assert registrar.open_faults() == [
        (7, "album_number", FaultKind.SHARED_IN_FILE),
        (8, "album_number", FaultKind.SHARED_IN_FILE),
        (10, "email", FaultKind.BAD_EMAIL),
    ]
    assert remarks(tally).count("row 9: the registry refuses") == 1


def test_a_number_of_another_student_is_refused(registrar: Registrar) -> None:
    registrar.sync(anna(), name="first.csv")
    assert counts(registrar.sync(ewa(album_number="100001"), name="second.csv")) == (1, 0, 0, 1, 0)
    assert registrar.open_faults() == [(3, "album_number", FaultKind.TAKEN_BY_ANOTHER)]


def test_a_usos_id_typed_wrong_never_makes_one_student_of_two(registrar: Registrar) -> None:
    registrar.sync(anna(usos_id="4711"), name="first.csv")
    registrar.sync(ewa(usos_id="4711", album_number="", family_name="Inna"), name="second.csv")
    assert registrar.open_faults() == [(3, "usos_id", FaultKind.TAKEN_BY_ANOTHER)]
    assert registrar.student("100001").name.family == "Żak"


def test_a_pesel_that_was_typed_wrong_may_be_corrected(registrar: Registrar) -> None:
    registrar.sync(anna(usos_id="4711"))
    assert counts(registrar.sync(anna(usos_id="4711", **EWA | {"email": "k1@poczta.example"}))) == (1, 0, 1, 0, 0)


def test_an_album_number_never_changes(registrar: Registrar) -> None:
    registrar.sync(anna())
    assert counts(registrar.sync(anna(album_number="100099"))) == (1, 0, 0, 1, 0)
    assert registrar.open_faults() == [(2, "album_number", FaultKind.WOULD_CHANGE)]
    assert registrar.albums() == ["100001"]


def test_a_usos_id_never_changes(registrar: Registrar) -> None:
    registrar.sync(anna(usos_id="4711"))
    registrar.sync(anna(usos_id="4712"))
    assert registrar.open_faults() == [(2, "usos_id", FaultKind.WOULD_CHANGE)]
    assert registrar.student("100001").usos_id == 4711


def test_an_account_number_never_changes(registrar: Registrar) -> None:
    registrar.sync(anna(account_number=NRB))
    registrar.sync(anna(account_number=str(Nrb.build(SORT_CODE, "1234000000000002"))))
    assert registrar.open_faults() == [(2, "account_number", FaultKind.WOULD_CHANGE)]
    assert registrar.student("100001").account_number == Nrb(NRB)


def test_a_row_that_has_lost_its_numbers_takes_none_away(registrar: Registrar) -> None:
    registrar.sync(anna(usos_id="4711", account_number=NRB))
    registrar.sync(anna(album_number="", usos_id="", account_number="", email="nowa@poczta.example"))
    student = registrar.student("100001")
    assert (student.usos_id, student.account_number, student.email) == (4711, Nrb(NRB), "nowa@poczta.example")


def test_a_student_of_two_programmes_is_one_student(registrar: Registrar) -> None:
    assert counts(registrar.sync(anna(), anna(3, **SECOND))) == (2, 1, 1, 0, 0)
    assert registrar.albums() == ["100001"]
    assert len(registrar.rows("study")) == 2


def test_a_person_with_two_candidate_numbers_is_one_student_by_pesel(registrar: Registrar) -> None:
    again = a_row("K9", 3, **ANNA | SECOND | {"album_number": "100001", "email": "k1@poczta.example"})
    assert counts(registrar.sync(anna(), again)) == (2, 1, 1, 0, 0)
    assert registrar.people() == 1


def test_a_foreigner_who_gets_a_pesel_later_stays_the_same_student(registrar: Registrar) -> None:
    registrar.sync(anna(**PASSPORT))
    registrar.sync(anna(**PASSPORT | {"pesel": a_pesel(), "birth_date": ""}))
    assert registrar.people() == 1


def test_namesakes_born_on_the_same_day_are_two_students(registrar: Registrar) -> None:
    registrar.sync(anna(email="rodzina@poczta.example"), ewa(email="rodzina@poczta.example"))
    assert registrar.albums() == ["100001", "100002"]


def test_rows_that_contradict_each_other_are_refused_but_for_the_first(registrar: Registrar) -> None:
    rows = anna(), anna(3, **SECOND | {"family_name": "Inna"})
    assert counts(registrar.sync(*rows)) == (2, 1, 0, 1, 0)
    assert registrar.open_faults() == [(3, "family_name", FaultKind.CONTRADICTS_LINE)]
    assert registrar.student("100001").name.family == "Żak"


@pytest.mark.parametrize("column", ["family_name", "given_name", "email", "language", "account_number", "birth_date"])
def test_a_sign_that_parts_values_parts_none_in_a_file(registrar: Registrar, column: str) -> None:
    first = anna(2, account_number=NRB)
    ended = {Column(column): f"{first.values.get(Column(column), '')}\x1f"}
    rows = [replace(each, values=dict(each.values) | ended) for each in (first, anna(3, account_number=NRB, **SECOND))]
    assert counts(registrar.sync(*rows))[1:4] == (1, 1, 0)


def test_two_different_rows_of_one_application_contradict_each_other(registrar: Registrar) -> None:
    registrar.sync(anna(), anna(3, status="rezygnacja"))
    assert registrar.open_faults() == [(3, "row", FaultKind.CONTRADICTS_LINE)]
    assert registrar.student("100001").standing is Standing.ADMITTED


def test_a_row_repeated_word_for_word_is_no_fault(registrar: Registrar) -> None:
    assert counts(registrar.sync(anna(), anna(3))) == (2, 1, 0, 0, 0)


@pytest.mark.parametrize("many", [0, 600])
@pytest.mark.parametrize("turned", [False, True])
def test_whose_pesel_somebody_else_had_by_mistake_is_somebody_new_once_it_is_corrected(
    registrar: Registrar, many: int, turned: bool
) -> None:
    registrar.sync(a_row("K1", 2, **EWA, album_number="100001"))
    others = [a_row(f"O{at}", at, pesel=a_pesel(serial=1000 + at)) for at in range(4, 4 + many)]
    rows = [anna(), *others, ewa(3, family_name="Lis", album_number="")]
    assert counts(registrar.sync(*(reversed(rows) if turned else rows)))[1:4] == (many + 1, 1, 0)
    assert (registrar.people(), registrar.student("100001").name.family) == (many + 2, "Żak")


def test_a_row_that_fits_two_students_is_refused(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa())
    mixed = a_row("K1", 2, **EWA | SECOND | {"album_number": ""})
    registrar.sync(mixed, name="mixed.csv")
    assert registrar.open_faults() == [(2, "row", FaultKind.TWO_STUDENTS_MATCH)]


def test_a_number_that_comes_later_moves_the_student_on(registrar: Registrar) -> None:
    tally = registrar.sync(anna(album_number=""))
    assert "1 candidates await their album number, the first since 2026-09-15" in remarks(tally)
    assert (registrar.albums(), registrar.people()) == ([], 1)
    registrar.later(days=2)
    tally = registrar.sync(anna())
    assert (registrar.albums(), registrar.people()) == (["100001"], 1)
    assert "await" not in remarks(tally)


def test_whoever_waits_for_a_number_waits_since_the_first_day(registrar: Registrar) -> None:
    registrar.sync(anna(album_number=""))
    registrar.later(days=2)
    tally = registrar.sync(anna(album_number="", email="nowa@poczta.example"))
    assert "the first since 2026-09-15" in remarks(tally)


def test_whoever_resigns_from_one_of_two_programmes_stays_a_student(registrar: Registrar) -> None:
    registrar.sync(anna(), anna(3, **SECOND))
    registrar.sync(anna(status="rezygnacja"), anna(3, **SECOND))
    assert registrar.student("100001").standing is Standing.ADMITTED
    registrar.sync(anna(status="rezygnacja"), anna(3, **SECOND | {"status": "rezygnacja"}))
    assert registrar.student("100001").standing is Standing.RESIGNED


def test_it_does_not_matter_from_which_of_two_programmes_somebody_resigns(registrar: Registrar) -> None:
    registrar.sync(anna(), anna(3, **SECOND))
    registrar.sync(anna(), anna(3, **SECOND | {"status": "rezygnacja"}))
    assert registrar.student("100001").standing is Standing.ADMITTED


def test_whoever_comes_back_is_the_same_student_with_the_same_number(registrar: Registrar) -> None:
    registrar.sync(anna(status="rezygnacja"), ewa())
    assert registrar.albums() == ["100002"]
    registrar.sync(anna(), ewa())
    registrar.sync(anna(status="rezygnacja"), ewa())
    registrar.sync(anna(), ewa())
    assert registrar.albums() == ["100001", "100002"]
    assert registrar.student("100001").standing is Standing.ADMITTED


@pytest.mark.parametrize("status", ["zakwalifikowany", "rezygnacja"])
def test_whoever_was_not_admitted_or_resigned_at_once_is_nobody_here(registrar: Registrar, status: str) -> None:
    assert counts(registrar.sync(anna(status=status))) == (1, 0, 0, 0, 0)
    assert registrar.people() == 0


def test_whom_recruitment_does_not_admit_any_more_is_named_and_stays(registrar: Registrar) -> None:
    registrar.sync(anna())
    tally = registrar.sync(anna(status="zakwalifikowany"))
    assert "K1: recruitment admitted this candidate earlier and does not any more" in remarks(tally)
    assert registrar.student("100001").standing is Standing.ADMITTED


@pytest.mark.parametrize("problem", FeedProblem)
def test_a_file_with_a_problem_is_left_alone_and_named(registrar: Registrar, problem: FeedProblem) -> None:
    registrar.recruitment.export(anna(), problem=problem)
    registrar.recruitment.export(ewa(), name="good.csv")
    assert f"rekrutacja.csv: {problem.value}" in remarks(registrar.admit.run())
    assert registrar.albums() == ["100002"]


def test_a_reading_that_was_interrupted_starts_anew_and_finds_its_work_done(registrar: Registrar) -> None:
    def killed(_rows: int) -> None:
        raise KeyboardInterrupt

    registrar.recruitment.export(anna(), ewa(), anna(4, **SECOND | {"email": "x"}))
    with pytest.raises(KeyboardInterrupt):
        registrar.admit.run(killed)
    assert counts(registrar.admit.run()) == (3, 0, 0, 1, 0)
    assert registrar.albums() == ["100001", "100002"]
    assert len(registrar.open_faults()) == 1


def test_a_registry_that_does_not_answer_leaves_the_file_for_the_next_sync(registrar: Registrar) -> None:
    class Down:
        def __getattr__(self, name: str) -> object:
            return getattr(registrar.admissions, name)

        def begin_to_admit(self, feed: int, admissions: object) -> Callable[[], None]:
            raise Unavailable("the registry does not answer: OperationalError")

    registrar.recruitment.export(anna())
    tally = replace(registrar.admit, admissions=Down()).run()  # type: ignore[arg-type]
    assert tally.failed == 1 and "the registry does not answer" in remarks(tally)
    assert counts(registrar.admit.run()) == (1, 1, 0, 0, 0)


def refusing(registrar: Registrar, family: str) -> None:
    """Let the database take nobody of this family name, as a constraint would."""
    trigger = f"CREATE TRIGGER strict BEFORE INSERT ON person WHEN NEW.family_name LIKE '{family}'"
    with registrar.database.writing() as connection:
        connection.exec_driver_sql(f"{trigger} BEGIN SELECT RAISE(ABORT, 'no'); END")


def refusing_no_more(registrar: Registrar) -> None:
    with registrar.database.writing() as connection:
        connection.exec_driver_sql("DROP TRIGGER strict")


@pytest.mark.parametrize("many", [0, 1, 30])
def test_one_whom_the_registry_refuses_keeps_nobody_else_out(registrar: Registrar, many: int) -> None:
    rows = [a_row(f"O{at}", at, pesel=a_pesel(serial=1000 + at)) for at in range(4, 4 + many)]
    rows = [anna(), *rows, ewa(3, family_name="Lis")]
    refusing(registrar, "Lis")
    tally = registrar.sync(*rows)
    assert counts(tally) == (many + 2, many + 1, 0, 0, 1)
    assert "rekrutacja.csv: row 3: the registry refuses: IntegrityError" in remarks(tally)
    refusing_no_more(registrar)
    assert counts(registrar.admit.run()) == (many + 2, 1, 0, 0, 0)
    assert registrar.albums() == ["100001", "100002"]


def test_a_registry_that_refuses_everybody_is_not_asked_for_each_of_them(registrar: Registrar) -> None:
    rows = [a_row(f"O{at}", at, pesel=a_pesel(serial=1000 + at)) for at in range(2, 200)]
    refusing(registrar, "%")
    tally = registrar.sync(*rows)
    assert tally.failed == 1 and "rekrutacja.csv: the registry refuses: IntegrityError" in remarks(tally)
    refusing_no_more(registrar)
    assert counts(registrar.admit.run()) == (198, 198, 0, 0, 0)


def test_the_registry_and_its_reports_hold_no_pesel_and_no_document_number(registrar: Registrar) -> None:
    registrar.sync(anna(), ewa(**PASSPORT), a_row("K3", 4, pesel="44051401358"))
    kept = repr(registrar.everything())
    assert all(secret not in kept for secret in (ANNA["pesel"], "FE123456", "44051401358"))


def test_a_shifted_row_s_pesel_is_not_kept_as_a_candidate_number(registrar: Registrar) -> None:
    registrar.sync(a_row(a_pesel(), 2, status=""))
    assert [each.candidate for each in registrar.admissions.rejections()] == [""]


def test_what_a_student_was_given_follows_at_once(registrar: Registrar) -> None:
    registrar.sync(anna(account_number=NRB, usos_id="4711"))
    student = registrar.student("100001")
    assert (student.account_number, student.usos_id) == (Nrb(NRB), 4711)
    assert registrar.mailboxes.taken(["s100001@student.example.pl"]) == {"s100001@student.example.pl"}
    assert [line.step for line in registrar.journal.of(student.key)] == ["admitted"]


def test_files_of_one_name_are_told_apart_by_time_and_content(registrar: Registrar) -> None:
    registrar.sync(anna())
    (feed,) = registrar.recruitment.feeds()
    assert registrar.admissions.knows(feed)
    assert not registrar.admissions.knows(Feed(feed.name, "other", feed.modified_at, feed.rows))
    registrar.admissions.close(registrar.admissions.open(feed), FeedCounts())
    assert len(registrar.rows("feed")) == 1


def test_rejections_are_listed_with_the_newest_file_first(registrar: Registrar) -> None:
    registrar.sync(anna(email="x"), name="old.csv")
    registrar.sync(ewa(email="y"), name="new.csv")
    listed: list[Rejection] = registrar.admissions.rejections()
    assert [(each.feed, each.line, each.candidate) for each in listed] == [("new.csv", 3, "K2"), ("old.csv", 2, "K1")]


PERSON = st.integers(1, 5)
ROWS = st.builds(
    lambda candidate, person, album, usos_id, programme, status, email: a_row(
        f"K{candidate}",
        pesel=a_pesel(serial=person),
        album_number=album,
        usos_id=usos_id,
        programme=programme,
        status=status,
        email=f"{email}{person}@poczta.example",
    ),
    PERSON,
    PERSON,
    st.sampled_from(["", "100001", "100002", "100003"]),
    st.sampled_from(["", "1", "2", "3"]),
    st.sampled_from(["INF", "MAT"]),
    st.sampled_from(["przyjęty", "przyjęty", "rezygnacja", "zakwalifikowany"]),
    st.sampled_from("ab"),
)
FILES = st.lists(st.lists(ROWS, max_size=8), min_size=1, max_size=4)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES)
def test_whatever_recruitment_exports_nobody_s_number_changes_is_shared_or_is_lost(
    migrated: Path, files: list[list[Row]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = shutil.copy(migrated, Path(folder) / "registry.sqlite")
        registrar = Registrar(Database(f"sqlite:///{path}"))
        owners: dict[str, int] = {}
        for rows in files:
            tally = registrar.sync(*(replace(row, line=line) for line, row in enumerate(rows, 2)))
            assert tally.failed == 0 and tally.read == len(rows)
            now = {str(student.album): student.key for student in registrar.students.load(registrar.everybody())}
            assert now.items() >= owners.items()
            assert len(set(now.values())) == len(now)
            owners = now
        before = registrar.everything()
        registrar.admit.run()
        assert registrar.everything() == before
        registrar.database.close()
