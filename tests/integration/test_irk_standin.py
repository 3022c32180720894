"""The stand-in for IRK: as strict as what is known of the real one, and moody by seed or by order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.irk.entries import REGISTRATION, entry
from tests.contract.irk_office import TOKEN, start_irk
from tests.contract.recruitment_contract import cells

pytestmark = pytest.mark.enable_socket
KEYS = count(1)


class Irk:
    """A running stand-in, asked with a token."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.running = start_irk(folder, *options)
        self.api = httpx.Client(base_url=f"{self.running.url}/api", headers={"Authorization": f"Token {TOKEN}"})
        self.sandbox = httpx.Client(base_url=self.running.url)

    def close(self) -> None:
        self.api.close()
        self.sandbox.close()
        self.running.stop()

    def enter(self, **columns: str) -> int:
        """Enter an application of somebody new; return the application's id, which is the applicant's, too."""
        number = next(KEYS)
        self.put(number, **columns)
        return number

    def put(self, number: int, **columns: str) -> None:
        """Enter or correct an application."""
        body = [entry(number, cells(number, **{"intake": REGISTRATION, **columns}))]
        self.sandbox.post("/sandbox/applications", json=body).raise_for_status()

    def listed(self, **asked: Any) -> list[int]:
        """Return the ids on one page of the list."""
        return [
            each["id"] for each in self.api.get("/applications/", params=asked).raise_for_status().json()["results"]
        ]


@pytest.fixture(scope="module")
def irk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Irk]:
    irk = Irk(tmp_path_factory.mktemp("irk"), "--changed-since", "modified_after")
    yield irk
    irk.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Irk]]:
    """Starts further ones, all on one folder."""
    started: list[Irk] = []

    def begin(*options: str) -> Irk:
        started.append(Irk(tmp_path, *options))
        return started[-1]

    yield begin
    for each in started:
        each.close()


@pytest.mark.parametrize("given", [{}, {"Authorization": "Token wrong"}, {"Authorization": f"Bearer {TOKEN}"}], ids=str)
def test_nobody_is_told_anything_without_the_right_token(irk: Irk, given: dict[str, str]) -> None:
    answer = httpx.get(f"{irk.running.url}/api/applications/", headers=given)
    assert (answer.status_code, list(answer.json())) == (401, ["detail"])


@pytest.mark.parametrize("path", ["/applications/", "/applicants/1", "/registrations/"])
def test_nothing_can_be_written(irk: Irk, path: str) -> None:
    assert irk.api.post(path, json={}).status_code == 405


@pytest.mark.parametrize(
    "path", ["/applicants/999999999", "/applications/999999999", "/users/", "/applications/?page=99"]
)
def test_what_is_not_there_is_not_found(irk: Irk, path: str) -> None:
    assert irk.api.get(path).status_code == 404


@pytest.mark.parametrize("asked", [{"registration": "("}, {"admitted": "perhaps"}, {"modified_after": "soon"}], ids=str)
def test_an_argument_without_sense_is_refused_with_an_error_s_number(irk: Irk, asked: dict[str, str]) -> None:
    irk.enter()
    answer = irk.api.get("/applications/", params=asked)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "detail"}


def test_registrations_are_a_regular_expression(irk: Irk) -> None:
    one, other = irk.enter(intake="AB_1"), irk.enter(intake="AB_12")
    assert irk.listed(registration="^AB_1$") == [one]
    assert irk.listed(registration="AB_1") == [one, other]
    assert irk.listed(registration="^(AB_12|NONE)$") == [other]


def test_a_filter_that_is_not_known_is_ignored(irk: Irk) -> None:
    number = irk.enter(intake="UNKNOWN_FILTER")
    assert irk.listed(registration="UNKNOWN_FILTER", changed_after="2099-01-01") == [number]


def test_pages_say_how_many_there_are_and_where_the_next_is(irk: Irk) -> None:
    numbers = [irk.enter(intake="PAGES") for _ in range(5)]
    first = irk.api.get("/applications/", params={"registration": "PAGES", "page_length": 2}).json()
    assert (first["count"], first["previous"], [each["id"] for each in first["results"]]) == (5, None, numbers[:2])
    second = irk.api.get(first["next"]).json()
    assert [each["id"] for each in second["results"]] == numbers[2:4]
    assert irk.api.get(second["next"]).json()["next"] is None


def test_a_page_has_no_more_than_irk_gives(start: Callable[..., Irk]) -> None:
    irk = start("--most", "2")
    for _ in range(3):
        irk.enter()
    assert len(irk.listed(page_length=1000)) == 2


def test_an_applicant_comes_with_the_password_that_real_ones_drag_along(irk: Irk) -> None:
    applicant = irk.api.get(f"/applicants/{irk.enter()}").json()
    assert {"password", "cas_password_override", "modification_date", "basic_data"} <= set(applicant)


def test_changes_are_listed_by_their_time(irk: Irk) -> None:
    old, new = irk.enter(intake="TIMES"), irk.enter(intake="TIMES")
    time.sleep(0.05)
    moment = irk.api.get(f"/applicants/{new}").json()["modification_date"]
    irk.put(old, intake="TIMES", email="other@poczta.example")
    assert irk.listed(registration="TIMES", modified_after=moment) == [old, new]
    later = irk.api.get(f"/applicants/{old}").json()["modification_date"]
    assert irk.listed(registration="TIMES", modified_after=later) == [old]


def test_entering_the_same_again_is_no_change(irk: Irk) -> None:
    number = irk.enter()
    before = irk.api.get(f"/applicants/{number}").json()
    irk.put(number)
    assert irk.api.get(f"/applicants/{number}").json() == before


def test_a_change_shows_late_and_is_dated_early(start: Callable[..., Irk]) -> None:
    irk = start("--lag", "0.5")
    number = irk.enter()
    entered = time.time()
    assert irk.api.get(f"/applicants/{number}").status_code == 404
    while irk.api.get(f"/applicants/{number}").status_code == 404:
        time.sleep(0.05)
    dated = datetime.fromisoformat(irk.api.get(f"/applicants/{number}").json()["modification_date"])
    assert dated.timestamp() <= entered < time.time() - 0.4


def test_whoever_asks_too_often_is_told_how_long_to_wait(start: Callable[..., Irk]) -> None:
    irk = start("--quota", "2", "--window", "30")
    answers = [irk.api.get("/applications/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 30
    assert "throttled" in answers[-1].json()["detail"]


def test_the_same_seed_brings_the_same_luck(irk: Irk) -> None:
    runs = []
    for seed in (7, 7, 8):
        irk.sandbox.put("/sandbox/profile", json={"failing": 0.3, "throttled": 0.2, "seed": seed}).raise_for_status()
        runs.append([irk.api.get("/registrations/").status_code for _ in range(30)])
    irk.sandbox.put("/sandbox/profile", json={})
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("wrong", [{"html": 2}, {"cut": -1}, {"nonsense": 0.1}, {"cut": 0.6, "html": 0.6}, []], ids=str)
def test_shares_that_cannot_be_are_refused(irk: Irk, wrong: object) -> None:
    assert irk.sandbox.put("/sandbox/profile", json=wrong).status_code == 400


@pytest.mark.parametrize("wrong", [{"form": "odd"}, {"times": 0}, {"status": 302}, {"nonsense": 1}, 7], ids=str)
def test_a_fault_that_cannot_be_is_refused(irk: Irk, wrong: object) -> None:
    assert irk.sandbox.post("/sandbox/faults", json=wrong).status_code == 400


def test_answers_are_spoilt_as_ordered(irk: Irk) -> None:
    number = irk.enter()
    for form in ("html", "truncated", "error", "another"):
        irk.sandbox.post("/sandbox/faults", json={"status": 200, "form": form}).raise_for_status()
    html, truncated, error, another = (irk.api.get(f"/applicants/{number}") for _ in range(4))
    assert html.headers["content-type"].startswith("text/html")
    with pytest.raises(ValueError, match=r"."):
        truncated.json()
    assert set(error.json()) == {"error", "detail"}
    assert another.json()["id"] != number


def test_what_was_entered_outlives_the_process(start: Callable[..., Irk]) -> None:
    first = start()
    number = first.enter()
    first.running.kill()
    assert start().listed() == [number]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        [{"application": {}, "applicant": {}}],
        [{"application": {"id": 1, "user": 2}, "applicant": {"id": 3}}],
        [{"application": {"id": 1, "user": 3, "admitted": True, "turn": {}}, "applicant": {"id": 3}}],
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_is_refused(irk: Irk, wrong: Any) -> None:
    answer = irk.sandbox.post("/sandbox/applications", json=wrong or [7])
    assert answer.status_code == 400


def test_the_page_shows_what_is_held_and_what_was_refused(irk: Irk) -> None:
    number = irk.enter(family_name="Źdźbło<b>")
    httpx.get(f"{irk.running.url}/api/applicants/{number}", headers={"Authorization": "Token wrong"})
    page = irk.sandbox.get("/", params={"search": "Źdźbło"})
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "Źdźbło&lt;b&gt;" in page.text
    assert "Invalid token." in page.text and "/api/applicants/{id}" in page.text
