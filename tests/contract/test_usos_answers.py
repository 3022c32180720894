"""What the adapter for USOS API makes of answers, from the documented ones to nonsense."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest

from estudent.adapters.usos import UsosApi, errors
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Result
from estudent.ports import FarSideError, Misconfigured, NotFound, Refused, Unavailable
from tests.contract.scripted import Script, scripted
from tests.contract.usos_contract import a_link
from tests.foreign import exceptions_of

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
GOOD = Nrb.build("10901014", "0000071219812874")


def usos(script: Script, retries: int = 0) -> UsosApi:
    return UsosApi(script.url, "key", "secret", retries=retries, retry_delay=0.0, timeout=2.0)


def a_person(usos_id: int, **fields: Any) -> dict[str, Any]:
    return {"id": str(usos_id), "student_number": "123456", "email": None, "student_status": 2, **fields}


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (401, {"message": "Invalid consumer."}, Misconfigured),
        (403, {"error": "method_forbidden", "reason": "no"}, Misconfigured),
        (400, {"error": "method_forbidden", "reason": "no"}, Misconfigured),
        (400, {"error": "param_forbidden", "param_name": "as_user_id"}, Misconfigured),
        (400, {"error": "param_invalid", "param_name": "user_ids"}, Refused),
        (400, {"error": "param_missing", "param_name": "user_ids"}, Refused),
        (400, {"error": "object_not_found", "reason": "user"}, NotFound),
        (400, {"error": "field_not_found", "field_name": "email"}, Misconfigured),
        (400, {"error": "something_new"}, Refused),
        (302, "", Unavailable),
        (400, "<html>bad request</html>", Unavailable),
        (404, "<html>no such page</html>", Misconfigured),
        (429, {"message": "Slow down."}, Unavailable),
        (502, "<html>bad gateway</html>", Unavailable),
        (200, "<html>welcome</html>", Unavailable),
        (200, {"message": "No.", "error": "method_forbidden", "reason": "no"}, Misconfigured),
        (200, {"message": "No.", "error": "object_not_found", "reason": "user"}, NotFound),
        (200, {"message": "No.", "error": "param_invalid", "param_name": "user_ids"}, Refused),
        (200, [1, 2], Misconfigured),
        (200, None, Misconfigured),
        (200, {"7": {"id": "7"}}, Misconfigured),
        (200, {"7": {"id": "7", "student_number": 123456, "email": None, "student_status": 2}}, Misconfigured),
        (200, {"7": {"id": "7", "student_number": "123456", "email": {}, "student_status": 2}}, Misconfigured),
        (200, {"7": {"id": "7", "student_number": "123456", "email": None, "student_status": "2"}}, Misconfigured),
    ],
)
def test_every_answer_has_a_meaning(status: int, body: Any, meaning: type[FarSideError]) -> None:
    with scripted((status, body)) as script, usos(script) as adapter, pytest.raises(FarSideError) as raised:
        adapter.find([7])
    assert type(raised.value) is meaning


def test_a_disturbed_usos_is_asked_again_with_a_new_signature() -> None:
    with scripted((500, {}), (503, {}), (200, {"7": a_person(7)})) as script, usos(script, retries=3) as adapter:
        assert set(adapter.find([7])) == {7}
    assert len({authorization for authorization, _ in script.requests}) == 3


def test_a_refusal_is_not_asked_again() -> None:
    with scripted((400, {"error": "param_invalid"})) as script, usos(script, retries=3) as adapter:
        with pytest.raises(Refused):
            adapter.find([7])
        assert len(script.requests) == 1


@pytest.mark.parametrize("answer", [{"8": a_person(8)}, {"7": a_person(8)}, {"7": a_person(7), "8": a_person(8)}])
def test_an_answer_about_somebody_else_is_refused(answer: dict[str, Any]) -> None:
    with scripted((200, answer)) as script, usos(script) as adapter, pytest.raises(Refused, match="not asked for"):
        adapter.find([7])


@pytest.mark.parametrize("said", [None, {}, []], ids=["null", "object", "list"])
def test_whatever_a_method_that_writes_returns_its_success_is_one(said: Any) -> None:
    with scripted((200, said)) as script, usos(script) as adapter:
        assert [outcome.result for outcome in adapter.carry_out([a_link(7, "123456")])] == [Result.DONE]
        assert len(script.requests) == 1


@pytest.mark.parametrize(("status", "page"), [(302, ""), (400, "<html>maintenance</html>")])
def test_a_gateway_s_page_refuses_nobody(status: int, page: str) -> None:
    with scripted((status, page)) as script, usos(script) as adapter:
        assert [outcome.result for outcome in adapter.carry_out([a_link(7, "123456")])] == [Result.FAILED]


def test_a_status_that_our_key_may_not_see_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with scripted((200, {"7": a_person(7), "8": a_person(8, student_status=None)})) as script, usos(script) as adapter:
        adapter.find([7, 8])
    assert "USOS hides from our consumer key whether 1 of 2 persons study" in caplog.messages


def test_a_student_who_is_not_active_or_hidden_is_told_apart() -> None:
    answer = {"7": a_person(7, student_status=1, student_number=""), "8": a_person(8, student_status=None), "9": None}
    with scripted((200, answer)) as script, usos(script) as adapter:
        found = adapter.find([7, 8, 9])
    assert {person.active for person in found.values()} == {False}
    assert (set(found), found[7].album) == ({7, 8}, None)


def test_persons_are_asked_for_five_hundred_at_a_time() -> None:
    with scripted((200, {})) as script, usos(script) as adapter:
        adapter.find(range(1, 1251))
    assert sorted(body.partition("user_ids=")[2].partition("&")[0].count("%7C") + 1 for _, body in script.requests) == [
        250,
        500,
        500,
    ]


def test_only_the_first_account_in_zlotys_is_taken() -> None:
    accounts = [
        {"account_number": "PL00 0000", "currency": "EUR"},
        {"account_number": GOOD.in_groups, "currency": {"id": "PLN"}},
        {"account_number": "00", "currency": "PLN"},
    ]
    with scripted((200, accounts)) as script, usos(script) as adapter:
        assert adapter.account_numbers([7]) == {7: GOOD}


def test_an_account_number_that_does_not_check_is_skipped_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    wrong = "11" + GOOD.digits[2:]
    with scripted((200, [{"account_number": wrong, "currency": "PLN"}])) as script, usos(script) as adapter:
        assert adapter.account_numbers([7]) == {}
    (record,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "USOS id 7" in record.getMessage()
    assert wrong[-10:] not in record.getMessage()


def test_a_forbidden_method_stops_the_whole_run() -> None:
    answers = [(200, {}), (400, {"error": "method_forbidden", "reason": "no"})]
    with scripted(*answers) as script, usos(script) as adapter:
        outcomes = []
        with pytest.raises(Misconfigured, match="services/users/change"):
            outcomes += [outcome.result for outcome in adapter.carry_out(a_link(n, "123456") for n in range(1, 200))]
    assert len(script.requests) < 199


def test_a_usos_that_is_down_leaves_the_step_for_later() -> None:
    with scripted((503, {})) as script, usos(script) as adapter:
        assert [outcome.result for outcome in adapter.carry_out([a_link(7, "123456")])] == [Result.FAILED]


def test_a_missing_administrative_method_is_named() -> None:
    answers = [
        (200, {"version": "7.3.0"}),
        (200, {"administrative_methods": ["services/users/pesel"]}),
        (200, described(["user_ids"], ["id", "student_number", "email"])),
        (200, described(["user_id", "email"], [])),
        (400, {"error": "param_invalid", "param_name": "name"}),
    ]
    with scripted(*answers) as script, usos(script) as adapter, pytest.raises(Misconfigured) as raised:
        adapter.check()
    told = str(raised.value)
    assert "7.3.0" in told
    assert "services/users/users (no field student_status;" in told
    assert "services/users/change (not granted to our consumer key;" in told
    assert "services/payments/user_accounts (this installation has no such method;" in told


def described(arguments: list[str], fields: list[str]) -> dict[str, Any]:
    return {
        "arguments": [{"name": each} for each in arguments],
        "result_fields": [{"name": each} for each in fields],
    }


def test_account_numbers_alone_may_be_missing() -> None:
    answers = [
        (200, {"version": "7.3.0"}),
        (200, {"administrative_methods": ["services/users/change"]}),
        (200, described(["user_ids"], ["id", "student_number", "email", "student_status"])),
        (200, described(["user_id", "email"], [])),
        (200, described([], ["account_number", "currency"])),
    ]
    with scripted(*answers) as script, usos(script) as adapter:
        assert "account numbers cannot be read from it" in adapter.check()


@pytest.mark.parametrize("answer", [[], {}, {"arguments": None, "result_fields": []}])
def test_a_description_that_we_do_not_know_is_no_yes(answer: Any) -> None:
    answers = [(200, {"version": "7.3.0"}), (200, {"administrative_methods": None}), (200, answer)]
    with scripted(*answers) as script, usos(script) as adapter, pytest.raises(Misconfigured, match="apiref"):
        adapter.check()


@pytest.mark.parametrize(
    ("granted", "takes"),
    [(None, False), ([], False), (["services/users/change"], True), (["services/users/pesel"], False)],
)
def test_addresses_are_handed_over_only_where_that_is_granted(granted: list[str] | None, takes: bool) -> None:
    with scripted((200, {"administrative_methods": granted})) as script, usos(script) as adapter:
        assert [adapter.takes_links() for _ in range(3)] == [takes] * 3
        assert len(script.requests) == 1


def test_secrets_do_not_travel_in_the_clear() -> None:
    with UsosApi("http://usos.example.pl", "key", "secret") as adapter, pytest.raises(Misconfigured, match="https"):
        adapter.find([7])


@pytest.mark.parametrize("foreign", exceptions_of(httpx), ids=lambda each: each.__name__)
def test_every_exception_of_httpx_has_a_meaning(foreign: type[Exception]) -> None:
    assert issubclass(foreign, errors.FOREIGN)
    assert isinstance(errors.translated(foreign.__new__(foreign), "services/users/users"), Unavailable | Misconfigured)
