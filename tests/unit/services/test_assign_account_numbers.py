"""Payment accounts: USOS's number where it has one, otherwise one of the scheme, once and for good."""

from __future__ import annotations

from itertools import islice

import pytest

from estudent.domain.lifecycle import Standing
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.plan import StepKind
from estudent.domain.usos_link import UsosPerson
from estudent.services.assign_account_numbers import AssignAccountNumbers
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
