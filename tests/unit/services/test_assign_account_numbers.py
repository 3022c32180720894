"""Payment accounts: USOS's number where it has one, otherwise one of the scheme, once and for good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import cast

import pytest
from sqlalchemy import select

from estudent.adapters.registry.tables import payment_account
from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.plan import StepKind
from estudent.domain.usos_link import UsosPerson
from estudent.ports import AccountNumbers
from estudent.services.assign_account_numbers import AssignAccountNumbers
from estudent.services.link_usos import SOMEBODY_ELSE
from estudent.services.watch_schemes import WatchSchemes
from tests.builders import SORT_CODE, a_pesel, a_row
from tests.fakes import FakeUsos
from tests.unit.services.registrar import Registrar

SCHEME = PaymentScheme("tuition", SORT_CODE, "1234", b"a secret of the university: 32 bytes")
HELD = Nrb.build(SORT_CODE, "9999000000000001")


@pytest.fixture
def usos() -> FakeUsos:
    return FakeUsos(*(UsosPerson(4000 + at, str(100_000 + at), None, True) for at in range(3)))


def assign(registrar: Registrar, usos: FakeUsos, scheme: PaymentScheme | None = SCHEME) -> AssignAccountNumbers:
    return AssignAccountNumbers(registrar.students, usos, registrar.numbers, "tuition", scheme)


def admit(registrar: Registrar, students: int = 3, **columns: str) -> None:
    registrar.sync(
        *(
            a_row(
                f"K{at}", at + 2, pesel=a_pesel(serial=at), album_number=str(100_000 + at), usos_id=str(4000 + at),
                **columns,
            )
            for at in range(students)
        )
    )  # fmt: skip


def numbers(registrar: Registrar) -> list[Nrb | None]:
    return [student.account_number for student in registrar.students.load(registrar.everybody())]


def test_every_student_gets_the_first_number_of_their_own(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    assert assign(registrar, usos).apply(registrar.everybody()).new == 3
    assert numbers(registrar) == [next(SCHEME.draw(key)) for key in registrar.everybody()]


def test_a_second_run_gives_nothing_and_changes_nothing(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    assign(registrar, usos).apply(registrar.everybody())
    before = registrar.everything()
    assert assign(registrar, usos).apply(registrar.everybody()).new == 0
    assert registrar.everything() == before


def test_a_number_that_usos_holds_comes_first(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    usos.accounts[4001] = HELD
    assign(registrar, usos).apply(registrar.everybody())
    assert numbers(registrar)[1] == HELD


def test_a_number_once_given_stays_whatever_usos_says_later(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    assign(registrar, usos).apply(registrar.everybody())
    before = numbers(registrar)
    usos.accounts[4001] = HELD
    assert assign(registrar, usos).apply(registrar.everybody()).new == 0
    assert numbers(registrar) == before


def test_a_number_that_usos_holds_for_two_goes_to_neither_twice(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    usos.accounts[4000] = usos.accounts[4001] = HELD
    tally = assign(registrar, usos).apply(registrar.everybody())
    assert (tally.new, tally.refused, [remark.about for remark in tally.remarks]) == (2, 1, ["100001"])
    assert numbers(registrar).count(HELD) == 1


@pytest.mark.parametrize("scheme", [SCHEME, None])
def test_the_number_of_somebody_else_under_the_usos_id_is_nobody_s(
    registrar: Registrar, usos: FakeUsos, scheme: PaymentScheme | None
) -> None:
    admit(registrar, 2)
    usos.persons[4001] = replace(usos.persons[4001], album="100009")
    usos.accounts[4001] = HELD
    tally = assign(registrar, usos, scheme).apply(registrar.everybody())
    assert [(remark.about, remark.why) for remark in tally.remarks] == [("100001", SOMEBODY_ELSE)]
    assert (tally.refused, numbers(registrar)[1]) == (1, None)
    usos.persons[4001] = replace(usos.persons[4001], album="100001")
    assign(registrar, usos, scheme).apply(registrar.everybody())
    assert numbers(registrar)[1] == HELD


def test_the_number_of_a_person_without_an_album_number_is_not_taken(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar, 2)
    usos.persons[4001] = replace(usos.persons[4001], album=None)
    usos.accounts[4001] = HELD
    tally = assign(registrar, usos, None).apply(registrar.everybody())
    assert (tally.refused, numbers(registrar)) == (0, [None, None])


def test_a_number_that_somebody_has_already_means_the_next_draw(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar, 2)
    one, other = registrar.everybody()
    first, second = islice(SCHEME.draw(one), 2)
    assert registrar.numbers.give(other, "tuition", first, "usos")
    assign(registrar, usos).apply([one])
    assert numbers(registrar) == [second, first]


def test_without_a_scheme_usos_owns_the_numbers_and_the_others_wait(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    usos.accounts[4001] = HELD
    tally = assign(registrar, usos, None).apply(registrar.everybody())
    assert (tally.read, tally.new, tally.refused) == (3, 1, 0)
    assert numbers(registrar) == [None, HELD, None]


def test_a_forecast_counts_whoever_has_no_number(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    registrar.numbers.give(registrar.everybody()[0], "tuition", HELD, "usos")
    forecast = assign(registrar, usos).forecast(registrar.everybody())
    assert (forecast.looked_at, forecast.steps[StepKind.ADD]) == (3, 2)
    assert numbers(registrar) == [HELD, None, None]


@pytest.mark.parametrize("status", ["rezygnacja"])
def test_whoever_has_left_gets_none_and_keeps_what_they_had(registrar: Registrar, usos: FakeUsos, status: str) -> None:
    admit(registrar, 2)
    assign(registrar, usos).apply(registrar.everybody()[:1])
    had = numbers(registrar)
    admit(registrar, 2, status=status)
    assert [student.standing for student in registrar.students.load(registrar.everybody())] == [Standing.RESIGNED] * 2
    assert assign(registrar, usos).apply(registrar.everybody()).read == 0
    assert numbers(registrar) == had


KEY = b"a secret of the university: 32 bytes"
ROOM = PaymentScheme("dormitory", SORT_CODE, "5678", KEY)
FACULTY = PaymentScheme("tuition", SORT_CODE, "9999", KEY, frozenset({"ARCH"}))


def accounts(registrar: Registrar) -> set[tuple[int, str, str]]:
    """Return whose, for which purpose and after which prefix the numbers are."""
    with registrar.database.reading() as connection:
        rows = connection.execute(select(*payment_account.c["student_id", "purpose", "nrb"]))
        return {(whose, purpose, nrb[10:14]) for whose, purpose, nrb in rows}


def test_everybody_is_given_a_number_for_each_purpose(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar, 2)
    service = replace(assign(registrar, usos), further=[ROOM])
    one, other = everybody = registrar.everybody()
    assert service.forecast(everybody).steps[StepKind.ADD] == 4
    assert service.apply(everybody).new == 4
    expected = {(key, *kind) for key in (one, other) for kind in (("tuition", "1234"), ("dormitory", "5678"))}
    assert accounts(registrar) == expected
    assert (service.apply(everybody).new, service.forecast(everybody).steps[StepKind.ADD]) == (0, 0)


def test_a_faculty_with_a_bank_of_its_own_has_its_own_numbers(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar, 1, programme="ARCH")
    registrar.sync(a_row("K7", 9, pesel=a_pesel(serial=7), album_number="100007", usos_id="4007"))
    one, other = registrar.everybody()
    replace(assign(registrar, usos), further=[FACULTY]).apply([one, other])
    assert accounts(registrar) == {(one, "tuition", "9999"), (other, "tuition", "1234")}


@pytest.mark.parametrize(
    ("given", "last_year", "warns"), [(0, 0, False), (45_000, 45_000, True), (60_000, 20_000, False)]
)
def test_a_scheme_that_runs_out_is_told_a_year_before(given: int, last_year: int, warns: bool) -> None:
    class Numbers:
        def count(self, start: str, since: datetime) -> tuple[int, int]:
            assert (start, since) == (f"{SORT_CODE}12345678901", datetime(2026, 10, 1, tzinfo=UTC))
            return given, last_year

    scheme = PaymentScheme("tuition", SORT_CODE, "12345678901", KEY)
    watch = WatchSchemes(cast(AccountNumbers, Numbers()), [scheme], lambda: datetime(2027, 10, 1, tzinfo=UTC))
    told = watch.check()
    assert told.startswith("WARNING: ") == warns and f"{90_000 - given} left for tuition" in told
    remarks = [(each.about, "run out within a year" in each.why) for each in watch.run().remarks]
    assert remarks == ([("tuition", True)] if warns else [])


def test_what_was_given_is_counted_by_prefix_and_year(registrar: Registrar, usos: FakeUsos) -> None:
    admit(registrar)
    assign(registrar, usos).apply(registrar.everybody())
    long_ago = datetime(2000, 1, 1, tzinfo=UTC)
    assert registrar.numbers.count(SCHEME.start, long_ago) == (3, 3)
    assert registrar.numbers.count(SCHEME.start, datetime(2100, 1, 1, tzinfo=UTC)) == (3, 0)
    assert registrar.numbers.count(FACULTY.start, long_ago) == (0, 0)
