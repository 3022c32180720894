"""The port `Usos`: one contract for the fake and for USOS API, and what happens when USOS falters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import pytest

from estudent.adapters.usos import UsosApi
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.domain.usos_link import UsosPerson
from estudent.ports import Misconfigured, Unavailable
from sandbox.processes import start
from tests.contract.usos_contract import NOBODY, UsosContract, World, a_link, results
from tests.fakes import FakeUsos

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
ACCOUNT = Nrb.build("10901014", "0000071219812874")
SECRET = "right"
NUMBERS = count(5001)


class TestFakeUsos(UsosContract):
    @pytest.fixture
    def world(self) -> World:
        fake = FakeUsos(UsosPerson(1, "123457", None, True), UsosPerson(2, "123458", None, True))
        fake.accounts[2] = ACCOUNT
        return World(fake, person=1, album="123457", payer=2, account=ACCOUNT)


@dataclass(frozen=True)
class StandIn:
    """The stand-in's levers, which a real USOS does not have."""

    url: str
    http: httpx.Client

    def adapter(self, secret: str = SECRET, **options: Any) -> UsosApi:
        return UsosApi(self.url, "key", secret, **{"retry_delay": 0.01, "timeout": 5.0, **options})

    def enter(self, **columns: Any) -> int:
        """Let the dean's office enter a student; return the USOS id."""
        number = next(NUMBERS)
        person = {"os_id": str(number), "first_name": "Jan", "last_name": "Kowalski", "student_status": 2}
        entries = [{**person, "student_number": f"2{number}", **columns}]
        self.http.post(f"{self.url}/sandbox/people", json=entries).raise_for_status()
        return number

    def fail(self, **fault: Any) -> None:
        """Let the next calls of `users/change` go wrong; status 0 cuts the connection."""
        wanted = {"path_contains": "users/change", **fault}
        self.http.post(f"{self.url}/sandbox/faults", json=wanted).raise_for_status()


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("usos")
    environment = {"USOS_CONSUMER_KEY": "key", "USOS_CONSUMER_SECRET": SECRET}
    running = start("sandbox.usos", "--folder", str(folder), env=environment, log=folder / "log")
    with httpx.Client() as http:
        yield StandIn(running.url, http)
    running.stop()


@pytest.fixture
def usos(stand_in: StandIn) -> Iterator[UsosApi]:
    with stand_in.adapter() as usos:
        yield usos
    stand_in.http.delete(f"{stand_in.url}/sandbox/faults")


class TestUsosApi(UsosContract):
    @pytest.fixture
    def world(self, usos: UsosApi, stand_in: StandIn) -> World:
        person, payer = stand_in.enter(), stand_in.enter(account_number=ACCOUNT.digits)
        return World(usos, person, f"2{person}", payer, ACCOUNT, by_id_alone=True)


@pytest.mark.parametrize("fault", [{"status": 503}, {"status": 0}, {"status": 0, "after_effect": True}])
def test_an_address_arrives_though_an_answer_was_lost(usos: UsosApi, stand_in: StandIn, fault: dict[str, Any]) -> None:
    person = stand_in.enter()
    stand_in.fail(**fault)
    step = a_link(person, f"2{person}")
    assert results(list(usos.carry_out([step]))) == [Result.DONE]
    assert usos.find([person])[person].email == step.wanted.email


def test_a_usos_that_stays_disturbed_leaves_the_step_for_later(usos: UsosApi, stand_in: StandIn) -> None:
    person = stand_in.enter()
    stand_in.fail(status=500, times=9)
    (outcome,) = usos.carry_out([a_link(person, f"2{person}")])
    assert (outcome.result, "try later" in outcome.detail) == (Result.FAILED, True)


def test_a_usos_that_answers_too_late_is_unavailable(stand_in: StandIn) -> None:
    person = stand_in.enter()
    stand_in.fail(status=200, delay=0.6)
    with stand_in.adapter(timeout=0.2, retries=0) as hasty:
        (outcome,) = hasty.carry_out([a_link(person, f"2{person}")])
    assert outcome.result is Result.FAILED


def test_an_address_that_somebody_else_has_is_refused_without_being_named(usos: UsosApi, stand_in: StandIn) -> None:
    first, second = stand_in.enter(), stand_in.enter()
    list(usos.carry_out([a_link(first, f"2{first}", "same@student.example.pl")]))
    (outcome,) = usos.carry_out([a_link(second, f"2{second}", "same@student.example.pl")])
    assert outcome.result is Result.REFUSED
    assert "email_already_used" in outcome.detail
    assert "@" not in outcome.detail


def test_many_addresses_are_handed_over_side_by_side(usos: UsosApi, stand_in: StandIn) -> None:
    persons = [stand_in.enter() for _ in range(70)]
    steps = (a_link(person, f"2{person}") for person in persons)
    assert set(results(list(usos.carry_out(steps)))) == {Result.DONE}
    assert all(person.email for person in usos.find(persons).values())


def test_a_person_without_an_account_has_none(usos: UsosApi, stand_in: StandIn) -> None:
    assert usos.account_numbers([stand_in.enter(), NOBODY]) == {}


def test_a_wrong_secret_stops_everything(stand_in: StandIn) -> None:
    with stand_in.adapter("wrong") as usos, pytest.raises(Misconfigured, match="consumer key"):
        usos.find([1])


def test_the_check_names_the_version(usos: UsosApi) -> None:
    assert "7.3.0.0-4" in usos.check()


def test_a_usos_that_is_not_there_is_unavailable() -> None:
    with UsosApi("http://127.0.0.1:9", "key", SECRET, retries=0) as usos, pytest.raises(Unavailable):
        usos.check()
