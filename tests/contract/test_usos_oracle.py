"""The adapter for the university's Oracle objects, against a double of the driver; not run against a server."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from estudent.adapters.usos import UsosOracle, oracledb
from estudent.adapters.usos.database import NOT_SET_UP, meaning
from estudent.domain.album_number import AlbumNumber
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.ports import Misconfigured, Refused, Unavailable
from tests.contract import oracle_double
from tests.contract.oracle_double import PROCEDURE, VIEW, Detail, OracleDouble
from tests.contract.usos_contract import UsosContract, World, a_link, results

ACCOUNT = Nrb.build("10901014", "0000071219812874")


@pytest.fixture
def server() -> OracleDouble:
    server = OracleDouble()
    server.enter(1, "123457")
    server.enter(2, "123458", nr_konta=f"PL{ACCOUNT.digits}")
    return server


def usos(server: OracleDouble, view: str = VIEW, procedure: str = PROCEDURE) -> UsosOracle:
    return UsosOracle(server.connect, server, view, procedure)


class TestUsosOracle(UsosContract):
    @pytest.fixture
    def world(self, server: OracleDouble) -> World:
        return World(usos(server), person=1, album="123457", payer=2, account=ACCOUNT)


def test_an_identifier_that_differs_is_not_the_address(server: OracleDouble) -> None:
    server.enter(3, "123459", email="jan@student.example.pl", identyfikator="jkowalski")
    server.enter(4, "123460", email="ewa@student.example.pl")
    found = usos(server).find([3, 4])
    assert not found[3].holds("jan@student.example.pl")
    assert not found[4].holds("ewa@student.example.pl")


def test_an_album_number_of_two_persons_is_nobody_s(server: OracleDouble) -> None:
    server.enter(3, "123457")
    assert usos(server).ids_of([AlbumNumber("123457"), AlbumNumber("123458")]) == {AlbumNumber("123458"): 2}


def test_a_study_that_is_not_active_is_told(server: OracleDouble) -> None:
    server.enter(3, None, aktywny="N")
    person = usos(server).find([3])[3]
    assert (person.active, person.album) == (False, None)


def test_persons_are_asked_for_five_hundred_at_a_time(server: OracleDouble) -> None:
    usos(server).find(range(1, 1203))
    assert server.statements == [(VIEW, 500), (VIEW, 500), (VIEW, 202)]


def test_a_person_who_stands_twice_in_the_view_is_used_for_nothing(server: OracleDouble) -> None:
    server.enter(1, "999999")
    with pytest.raises(Misconfigured, match="twice"):
        usos(server).find([1])
    with pytest.raises(Misconfigured, match="twice"):
        usos(server).ids_of([AlbumNumber("123457"), AlbumNumber("999999")])


def test_without_a_connection_no_more_addresses_are_tried(server: OracleDouble) -> None:
    tries: list[int] = []

    def connect() -> oracle_double.Connection:
        tries.append(1)
        raise Unavailable("Oracle does not answer")

    with pytest.raises(Unavailable):
        list(UsosOracle(connect, server, VIEW, PROCEDURE).carry_out([a_link(1, "123457"), a_link(2, "123458")]))
    assert len(tries) == 1


def test_what_somebody_else_keeps_locked_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = SimpleNamespace(call_timeout=0)
    monkeypatch.setitem(sys.modules, "oracledb", SimpleNamespace(connect=lambda **_: opened, Error=oracle_double.Error))
    connect, _ = oracledb("usos.example:1521/USOS", "estudent", "secret")
    connect()
    assert 0 < opened.call_timeout <= 60_000


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ("ADRES_ZAJETY", "another person"),
        ("BRAK_STUDIOW", "no active study"),
        ("INNE", "INNE"),
        ("a@b.pl 1", "no code"),
    ],
)
def test_the_procedure_s_refusals_are_told_without_values(server: OracleDouble, answer: str, told: str) -> None:
    server.answer = answer
    (outcome,) = usos(server).carry_out([a_link(1, "123457")])
    assert outcome.result is Result.REFUSED
    assert told in outcome.detail and "@" not in outcome.detail


def test_a_lost_commit_is_tried_again_and_changes_nothing_twice(server: OracleDouble) -> None:
    with usos(server) as adapter:
        server.fails_on_commit, server.fails_with = True, [oracle_double.OperationalError(Detail("DPY-4011"))]
        step = a_link(1, "123457")
        assert results(list(adapter.carry_out([step, step]))) == [Result.FAILED, Result.DONE]
        assert adapter.find([1])[1].holds(step.wanted.email or "")
    assert server.connections == 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        *((oracle_double.DatabaseError(Detail(code)), Misconfigured) for code in sorted(NOT_SET_UP)),
        (oracle_double.DatabaseError(Detail("ORA-20017")), Refused),
        (oracle_double.IntegrityError(Detail("ORA-00001")), Refused),
        (oracle_double.DataError(Detail("ORA-01438")), Refused),
        (oracle_double.OperationalError(Detail("DPY-6005")), Unavailable),
        (oracle_double.InterfaceError(Detail("DPY-1001")), Unavailable),
        (oracle_double.DatabaseError(Detail("ORA-00600")), Unavailable),
        (oracle_double.Error(), Unavailable),
    ],
)
def test_every_error_has_a_meaning_without_values(
    server: OracleDouble, error: Exception, expected: type[Exception]
) -> None:
    told = meaning(error, server, "the view")
    assert type(told) is expected
    assert "@" not in str(told)


def test_another_view_or_procedure_stops_everything(server: OracleDouble) -> None:
    with pytest.raises(Misconfigured, match="ORA-00942"):
        usos(server, view="estudent.inny").check()
    with pytest.raises(Misconfigured, match="ORA-06550"):
        list(usos(server, procedure="estudent.inna").carry_out([a_link(1, "123457")]))


@pytest.mark.parametrize("name", ["osoby; DROP TABLE x", "1osoby", "a.b.c.d", "a b", "osoby--"])
def test_what_is_no_name_never_comes_into_a_statement(server: OracleDouble, name: str) -> None:
    with pytest.raises(Misconfigured, match="no name"):
        usos(server, view=name)


def test_without_a_procedure_we_only_look(server: OracleDouble) -> None:
    adapter = usos(server, procedure="")
    assert not adapter.takes_links()
    assert "we only look" in adapter.check()


def test_without_the_library_the_doctor_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "oracledb", None)
    with pytest.raises(Misconfigured, match="install"):
        oracledb("usos.example:1521/USOS", "estudent", "secret")
