"""The stand-in for USOS API: signatures, fields, errors, people, migrations, faults."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx
import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, SIGNATURE_PLAINTEXT, Client

from sandbox import processes

pytestmark = pytest.mark.enable_socket
KEY, SECRET = "estudent", "the secret of the consumer"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NOBODY = "999999999"
OS_IDS = count(1001)


class Usos:
    """A running stand-in, and signed calls of it."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        env = {"USOS_CONSUMER_KEY": KEY, "USOS_CONSUMER_SECRET": SECRET}
        options = ("--folder", str(folder / "usos"), *arguments)
        self.running = processes.start("sandbox.usos", *options, env=env, log=folder / "log.txt")
        self.http = httpx.Client(base_url=self.running.url)

    def __enter__(self) -> Usos:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.running.stop()

    def call(self, method: str, **arguments: str) -> httpx.Response:
        return self.signed(Client(KEY, client_secret=SECRET), method, **arguments)

    def signed(self, client: Client, method: str, **arguments: str) -> httpx.Response:
        url, headers, body = client.sign(
            f"{self.running.url}/services/{method}", "POST", urlencode(arguments), headers=FORM
        )
        return self.http.post(url, content=body, headers=headers)

    def enter(self, **changes: Any) -> str:
        """Enter a student and return the id."""
        student = a_student(**changes)
        self.http.post("/sandbox/people", json=[student]).raise_for_status()
        return str(student["os_id"])

    def order(self, **fault: Any) -> None:
        self.http.post("/sandbox/faults", json=fault).raise_for_status()

    def email_of(self, os_id: str) -> Any:
        return self.call("users/user", user_id=os_id, fields="email").json()["email"]


@pytest.fixture(scope="module")
def usos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usos]:
    with Usos(tmp_path_factory.mktemp("usos")) as usos:
        yield usos


def a_student(**changes: Any) -> dict[str, Any]:
    os_id = next(OS_IDS)
    return {
        "os_id": os_id,
        "student_number": f"1{os_id}",
        "first_name": "Łucja",
        "last_name": "Żak",
        "programme_id": "INF-1",
        "programme_description": "Informatyka, I stopień",
        "student_status": 2,
        **changes,
    }


def refusal(answer: httpx.Response) -> tuple[int, Any, Any]:
    """Return the status, the error, and what it is about."""
    said = answer.json()
    assert said["message"]
    return answer.status_code, said.get("error"), said.get("param_name") or said.get("reason")


def test_a_request_signed_with_our_key_and_secret_is_answered(usos: Usos) -> None:
    assert usos.call("apisrv/consumer", fields="administrative_methods").status_code == 200


def test_a_signature_in_the_query_of_a_get_is_as_good(usos: Usos) -> None:
    os_id = usos.enter()
    client = Client(KEY, client_secret=SECRET, signature_type="QUERY")
    query = urlencode({"user_id": os_id, "fields": "id|email"})
    url, _, _ = client.sign(f"{usos.running.url}/services/users/user?{query}")
    assert usos.http.get(url).json() == {"id": os_id, "email": None}


@pytest.mark.parametrize(
    ("client", "message"),
    [
        (Client("stranger", client_secret=SECRET), "Invalid consumer."),
        (Client(KEY, client_secret="wrong"), "Invalid signature."),
        (Client(KEY, client_secret=SECRET, timestamp=str(int(time.time()) - 86_400)), "Expired timestamp"),
        (Client(KEY, client_secret=SECRET, timestamp=str(int(time.time()) + 86_400)), "Expired timestamp"),
        (Client(KEY, client_secret=SECRET, signature_method=SIGNATURE_PLAINTEXT), "not supported"),
        (Client(KEY, client_secret=SECRET, signature_method=SIGNATURE_HMAC_SHA256), "not supported"),
        (Client(KEY, client_secret=SECRET, resource_owner_key="t"), "Invalid access token"),
    ],
)
def test_a_request_that_is_not_signed_as_it_should_be_is_refused(usos: Usos, client: Client, message: str) -> None:
    answer = usos.signed(client, "apisrv/consumer")
    assert answer.status_code == 401
    assert message in answer.json()["message"]


def test_an_unsigned_request_is_refused(usos: Usos) -> None:
    assert refusal(usos.http.post("/services/users/user")) == (401, "method_forbidden", "consumer_missing")


def test_a_request_changed_on_its_way_is_refused(usos: Usos) -> None:
    url, headers, _ = Client(KEY, client_secret=SECRET).sign(
        f"{usos.running.url}/services/users/change", "POST", "user_id=1&email=a%40b.pl", headers=FORM
    )
    assert usos.http.post(url, content="user_id=2&email=a%40b.pl", headers=headers).status_code == 401


def test_a_nonce_is_good_once_even_if_the_process_dies_in_between(tmp_path: Path) -> None:
    once = Client(KEY, client_secret=SECRET, nonce="once", timestamp=str(int(time.time())))
    with Usos(tmp_path) as usos:
        assert usos.signed(once, "apisrv/consumer").status_code == 200
        assert usos.signed(once, "apisrv/consumer").status_code == 401
        usos.running.kill()
    with Usos(tmp_path) as usos:
        assert usos.signed(once, "apisrv/consumer").json()["message"] == "Nonce already used: once"


def test_the_fields_asked_for_are_answered_and_no_others(usos: Usos) -> None:
    os_id = usos.enter()
    fields = "id|student_number|student_status|has_email|student_programmes[programme[id|description]]"
    assert usos.call("users/user", user_id=os_id, fields=fields).json() == {
        "id": os_id,
        "student_number": f"1{os_id}",
        "student_status": 2,
        "has_email": False,
        "student_programmes": [
            {
                "programme": {
                    "id": "INF-1",
                    "description": {"pl": "Informatyka, I stopień", "en": "Informatyka, I stopień"},
                }
            }
        ],
    }


def test_without_fields_a_user_has_an_id_and_a_name(usos: Usos) -> None:
    os_id = usos.enter()
    expected = {"id": os_id, "first_name": "Łucja", "last_name": "Żak"}
    assert usos.call("users/user", user_id=os_id).json() == expected


@pytest.mark.parametrize("fields", ["id|shoe_size", "student_programmes[programme[shoe_size]]"])
def test_a_field_that_does_not_exist_is_named_even_when_nobody_is_found(usos: Usos, fields: str) -> None:
    answer = usos.call("users/users", user_ids=NOBODY, fields=fields)
    said = answer.json()
    assert (answer.status_code, said["error"]) == (400, "field_not_found")
    assert (said["field_name"], said["method_name"]) == ("shoe_size", "services/users/users")


@pytest.mark.parametrize("fields", ["email[x]", "id|", "id[", "student_programmes[id", "a]b", "|id"])
def test_a_selector_that_cannot_be_understood_is_refused(usos: Usos, fields: str) -> None:
    os_id = usos.enter()
    answer = usos.call("users/user", user_id=os_id, fields=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "field_invalid")


def test_many_users_are_answered_by_id_and_null_stands_for_nobody(usos: Usos) -> None:
    first, second = usos.enter(), usos.enter()
    answer = usos.call("users/users", user_ids=f"{first}|{NOBODY}|{second}", fields="id").json()
    assert answer == {first: {"id": first}, NOBODY: None, second: {"id": second}}


def test_five_hundred_users_can_be_asked_for_and_no_more(usos: Usos) -> None:
    ids = [str(number) for number in range(501)]
    assert len(usos.call("users/users", user_ids="|".join(ids[:500])).json()) == 500
    assert refusal(usos.call("users/users", user_ids="|".join(ids))) == (400, "param_invalid", "user_ids")


def test_what_is_missing_or_unknown_is_named(usos: Usos) -> None:
    assert refusal(usos.call("users/user")) == (400, "param_missing", "user_id")
    assert refusal(usos.call("users/user", user_id=NOBODY)) == (400, "object_not_found", "user")
    assert usos.call("users/enable").status_code == 404


def test_a_user_is_found_by_pesel(usos: Usos) -> None:
    os_id = usos.enter(pesel="44051401359")
    assert usos.call("users/pesel", pesel="44051401359", fields="id|pesel").json() == {
        "id": os_id,
        "pesel": "44051401359",
    }
    assert refusal(usos.call("users/pesel", pesel="02070803628")) == (400, "object_not_found", "user")


def test_bank_accounts_are_answered_for_the_user_on_whose_behalf_we_ask(usos: Usos) -> None:
    payer, other = usos.enter(account_number="PL61109010140000071219812874"), usos.enter()
    fields = "account_number|currency[id]"
    assert usos.call("payments/user_accounts", as_user_id=payer, fields=fields).json() == [
        {"account_number": "PL61109010140000071219812874", "currency": {"id": "PLN"}}
    ]
    assert usos.call("payments/user_accounts", as_user_id=other).json() == []
    assert refusal(usos.call("payments/user_accounts")) == (400, "method_forbidden", "user_missing")


def test_an_email_that_was_set_is_answered(usos: Usos) -> None:
    os_id = usos.enter()
    assert usos.call("users/change", user_id=os_id, email=f"s{os_id}@example.pl").json() == {}
    assert usos.email_of(os_id) == f"s{os_id}@example.pl"


def test_an_email_of_another_person_is_refused_in_any_spelling(usos: Usos) -> None:
    owner, other = usos.enter(), usos.enter()
    usos.call("users/change", user_id=owner, email=f"s{owner}@example.pl").raise_for_status()
    answer = usos.call("users/change", user_id=other, email=f"S{owner}@Example.pl")
    assert refusal(answer) == (400, "param_invalid", "email")
    assert usos.email_of(other) is None
    assert usos.call("users/change", user_id=owner, email=f"s{owner}@example.pl").status_code == 200


def test_a_change_of_nobody_or_to_no_email_or_by_get_is_refused(usos: Usos) -> None:
    os_id = usos.enter()
    change = "users/change"
    assert refusal(usos.call(change, user_id=NOBODY, email="a@b.pl")) == (400, "object_not_found", "user")
    assert refusal(usos.call(change, user_id=os_id, email="not an e-mail")) == (400, "param_invalid", "email")
    assert refusal(usos.call(change, user_id=os_id)) == (400, "param_missing", "email")
    url, headers, _ = Client(KEY, client_secret=SECRET).sign(f"{usos.running.url}/services/{change}?user_id={os_id}")
    assert refusal(usos.http.get(url, headers=headers)) == (400, "method_forbidden", "post_required")


def test_rights_that_the_consumer_was_not_given_are_missing_and_refused(tmp_path: Path) -> None:
    lacking = ("services/users/change", "services/payments/user_accounts")
    options = [word for method in lacking for word in ("--not-granted", method)]
    with Usos(tmp_path, *options) as usos:
        os_id = usos.enter()
        granted = usos.call("apisrv/consumer", fields="administrative_methods").json()
        assert granted == {"administrative_methods": ["services/users/pesel", "services/users/user"]}
        change = usos.call("users/change", user_id=os_id, email="a@b.pl")
        assert refusal(change)[:2] == (400, "method_forbidden")
        accounts = usos.call("payments/user_accounts", as_user_id=os_id)
        assert refusal(accounts) == (400, "param_forbidden", "as_user_id")


def test_the_installation_and_its_methods_are_described_to_anybody(usos: Usos) -> None:
    assert usos.http.get("/services/apisrv/installation?fields=version").json() == {"version": "7.3.0.0-4"}
    names = [method["name"] for method in usos.http.get("/services/apiref/method_index").json()]
    assert {"services/users/users", "services/users/change", "services/payments/user_accounts"} <= set(names)
    for name in names:
        assert usos.http.get("/services/apiref/method", params={"name": name}).json()["name"] == name


def test_a_description_says_who_may_call_and_what_is_answered(usos: Usos) -> None:
    described = usos.http.get("/services/apiref/method?name=services/users/pesel").json()
    assert described["auth_options"]["administrative_only"] is True
    assert {"id", "email", "student_number"} <= {field["name"] for field in described["result_fields"]}


def test_entering_the_same_people_again_changes_nothing_and_keeps_their_emails(usos: Usos) -> None:
    student = a_student()
    os_id = str(student["os_id"])
    first = usos.http.post("/sandbox/people", json=[student]).json()
    usos.call("users/change", user_id=os_id, email=f"s{os_id}@example.pl").raise_for_status()
    again = usos.http.post("/sandbox/people", json=[{**student, "last_name": "Nowak"}, student]).json()
    assert again["people"] == first["people"]
    [entered] = [each for each in usos.http.get("/sandbox/people").json() if each["os_id"] == os_id]
    assert (entered["last_name"], entered["email"]) == ("Żak", f"s{os_id}@example.pl")


@pytest.mark.parametrize("wrong", [{"os_id": "x"}, {"student_status": 3}, {"first_name": 1}, {"shoe_size": 44}])
def test_people_who_cannot_be_are_refused_with_all_the_others(usos: Usos, wrong: dict[str, Any]) -> None:
    before = usos.http.get("/sandbox/people").json()
    assert usos.http.post("/sandbox/people", json=[a_student(), a_student(**wrong)]).status_code == 400
    assert usos.http.get("/sandbox/people").json() == before


def test_two_people_cannot_have_one_pesel(usos: Usos) -> None:
    usos.enter(pesel="02270803624")
    assert usos.http.post("/sandbox/people", json=[a_student(pesel="02270803624")]).status_code == 409


def test_with_manual_migrations_people_and_corrections_show_only_after_the_next_one(tmp_path: Path) -> None:
    with Usos(tmp_path, "--migrations", "manual") as usos:
        student = a_student()
        os_id = usos.enter(**student)
        assert refusal(usos.call("users/user", user_id=os_id)) == (400, "object_not_found", "user")
        assert usos.http.post("/sandbox/migrate").json()["migrated"] == 1
        usos.enter(**{**student, "last_name": "Nowak"})
        assert usos.call("users/user", user_id=os_id).json()["last_name"] == "Żak"
        usos.http.post("/sandbox/migrate").raise_for_status()
        assert usos.call("users/user", user_id=os_id).json()["last_name"] == "Nowak"


def test_migrations_at_set_times_come_as_the_clock_is_put_forward(tmp_path: Path) -> None:
    now = datetime.now(ZoneInfo("Europe/Warsaw"))
    begins = now + timedelta(hours=3)
    with Usos(tmp_path, "--migrations", f"{begins:%H:%M}") as usos:
        os_id = usos.enter()
        usos.http.post("/sandbox/clock", json={"seconds": 3600}).raise_for_status()
        assert usos.call("users/user", user_id=os_id).status_code == 400
        usos.http.post("/sandbox/clock", json={"seconds": 7300}).raise_for_status()
        assert usos.call("users/user", user_id=os_id).status_code == 200
        later = usos.enter()
        assert usos.call("users/user", user_id=later).status_code == 400
        ahead = usos.http.get("/sandbox/clock").json()["now"]
        usos.running.kill()
    with Usos(tmp_path, "--migrations", f"{begins:%H:%M}") as usos:
        assert usos.http.get("/sandbox/clock").json()["now"] >= ahead
        assert usos.call("users/user", user_id=later).status_code == 400
        usos.http.post("/sandbox/clock", json={"seconds": 86_400}).raise_for_status()
        assert usos.call("users/user", user_id=later).status_code == 200


@pytest.mark.parametrize("order", [{"seconds": -1}, {"seconds": "soon"}, {}, []])
def test_the_clock_is_put_forward_alone(usos: Usos, order: Any) -> None:
    assert usos.http.post("/sandbox/clock", json=order).status_code == 400


def test_usosweb_knows_an_identifier_only_after_the_next_migration(tmp_path: Path) -> None:
    receivable = {"title": "Czesne", "amount": "1850.00", "currency": "PLN", "due_date": "2026-10-15"}
    with Usos(tmp_path, "--migrations", "manual") as usos:
        os_id = usos.enter(receivables=[receivable], account_number="61109010140000071219812874")
        usos.http.post("/sandbox/migrate").raise_for_status()
        usos.call("users/change", user_id=os_id, email="lucja@student.example.pl").raise_for_status()
        page = "/usosweb/platnosci?identyfikator=Lucja%40student.example.pl"
        unknown = usos.http.get(page)
        assert (unknown.status_code, "nieznany użytkownik" in unknown.text) == (404, True)
        usos.http.post("/sandbox/migrate").raise_for_status()
        known = usos.http.get(page)
        assert known.status_code == 200
        for shown in ("Łucja Żak", "Czesne", "1850.00 PLN", "2026-10-15", "61109010140000071219812874"):
            assert shown in known.text


def test_a_receivable_that_lacks_something_is_none(usos: Usos) -> None:
    assert usos.http.post("/sandbox/people", json=[a_student(receivables=[{"title": "Czesne"}])]).status_code == 400


def test_only_an_e_mail_that_became_another_one_is_a_change(tmp_path: Path) -> None:
    with Usos(tmp_path) as usos:
        os_id = usos.enter()
        for email in ("a@example.pl", "a@example.pl", "b@example.pl"):
            usos.call("users/change", user_id=os_id, email=email).raise_for_status()
        changed = usos.http.get("/sandbox/changes").json()
        assert changed == [{"os_id": os_id, "email": email} for email in ("a@example.pl", "b@example.pl")]


def test_the_same_seed_brings_the_same_bad_luck(tmp_path: Path) -> None:
    shares = ("--slow", "0.1", "--failing", "0.2", "--html", "0.1", "--lost", "0.2", "--seed", "3")
    seen = []
    for name in ("first", "second"):
        with Usos(tmp_path / name, *shares) as usos:
            seen.append([ended(usos) for _ in range(60)])
            befell = usos.http.get("/sandbox/luck").json()["befell"]
            assert all(befell.values())
    assert seen[0] == seen[1]
    assert {0, 200, 500} <= {status for status, _ in seen[0]}
    assert (200, "text/html; charset=utf-8") in seen[0]


def ended(usos: Usos) -> tuple[int, str]:
    try:
        answer = usos.call("apisrv/installation")
    except httpx.RemoteProtocolError:
        return 0, ""
    return answer.status_code, answer.headers["content-type"]


def test_more_calls_than_the_rate_allows_are_turned_away(tmp_path: Path) -> None:
    with Usos(tmp_path, "--rate", "5") as usos:
        statuses = [usos.call("apisrv/installation").status_code for _ in range(20)]
        assert statuses[:5] == [200] * 5
        assert 429 in statuses


def test_what_was_answered_outlives_a_power_cut_of_the_process(tmp_path: Path) -> None:
    with Usos(tmp_path) as usos:
        os_id = usos.enter()
        usos.call("users/change", user_id=os_id, email="a@example.pl").raise_for_status()
        usos.running.kill()
    with Usos(tmp_path) as usos:
        assert usos.email_of(os_id) == "a@example.pl"


def test_a_fault_befalls_as_many_matching_calls_before_any_effect(usos: Usos) -> None:
    os_id = usos.enter()
    usos.order(path_contains="users/change", status=503, times=2)
    for _ in range(2):
        assert usos.call("users/change", user_id=os_id, email=f"s{os_id}@example.pl").status_code == 503
    assert usos.email_of(os_id) is None
    assert usos.call("users/change", user_id=os_id, email=f"s{os_id}@example.pl").status_code == 200


def test_after_the_effect_the_change_is_made_though_the_answer_is_lost(usos: Usos) -> None:
    for status in (502, 0):
        os_id = usos.enter()
        usos.order(path_contains="users/change", status=status, after_effect=True)
        try:
            answered = usos.call("users/change", user_id=os_id, email=f"s{os_id}@example.pl").status_code
        except httpx.RemoteProtocolError:
            answered = 0
        assert (answered, usos.email_of(os_id)) == (status, f"s{os_id}@example.pl")


def test_a_fault_of_delay_alone_answers_late_and_true(usos: Usos) -> None:
    os_id = usos.enter()
    usos.order(path_contains="users/user", status=200, delay=0.2)
    started = time.monotonic()
    assert usos.call("users/user", user_id=os_id, fields="id").json() == {"id": os_id}
    assert time.monotonic() - started >= 0.2


def test_faults_can_be_looked_at_and_forgotten(usos: Usos) -> None:
    usos.order(path_contains="users/pesel", status=500, times=9)
    [fault] = usos.http.get("/sandbox/faults").json()
    assert fault["times"] == 9
    assert usos.http.delete("/sandbox/faults").status_code == 204
    assert usos.http.get("/sandbox/faults").json() == []
    assert usos.http.post("/sandbox/faults", json={"status": 99}).status_code == 400


def test_calls_are_counted_by_method_and_by_status(usos: Usos) -> None:
    before = usos.http.get("/sandbox/requests").json()["by_method"].get("services/users/pesel", 0)
    usos.call("users/pesel")
    after = usos.http.get("/sandbox/requests").json()
    assert after["by_method"]["services/users/pesel"] == before + 1
    assert after["total"] == sum(after["by_status"].values())


def test_the_page_shows_names_as_text(usos: Usos) -> None:
    os_id = usos.enter(last_name="<script>alert(1)</script>")
    page = usos.http.get("/", params={"search": f"1{os_id}"})
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
