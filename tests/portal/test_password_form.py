"""Choosing a password in the portal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from estudent.domain.student import Student
from estudent.portal import here
from estudent.portal.page import text_of
from estudent.portal.password_form import PasswordForm
from tests.portal.world import Portal

pytestmark = pytest.mark.enable_socket

GOOD = "zielona rakieta pije 7 herbat"


@pytest.fixture
def student(portal: Portal) -> Student:
    return portal.a_student(in_directory=False)


@pytest.fixture
def browser(portal: Portal, student: Student) -> Iterator[FlaskClient]:
    """A student's browser before a page with the two fields, which answers with what is wrong."""

    @portal.app.get("/choose")
    def page() -> str:
        return text_of("portal/password_fields.html", form=PasswordForm())

    @portal.app.post("/choose")
    def choose() -> dict[str, Any]:
        form = PasswordForm()
        taken = form.validate_on_submit() and form.check(here.student())
        return {"taken": taken, "errors": form.errors, "chosen": form.chosen}

    portal.app.config["WTF_CSRF_ENABLED"] = False
    yield portal.signed_in(student)


def choose(browser: FlaskClient, password: str, again: str | None = None) -> dict[str, Any]:
    typed = {"password": password, "password_again": password if again is None else again}
    told: dict[str, Any] = browser.post("/choose", data=typed).get_json()
    return told


def test_a_good_password_is_taken(browser: FlaskClient) -> None:
    assert choose(browser, GOOD) == {"taken": True, "errors": {}, "chosen": GOOD}


def test_the_two_fields_may_differ_in_how_a_keyboard_sends_letters(browser: FlaskClient) -> None:
    assert choose(browser, GOOD + " żółw", GOOD + " z\u0307o\u0301łw")["taken"]


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("short", "at least 12"),
        ("x" * 129, "at most 128"),
        ("x" * 10_000, "at most 128"),
        (GOOD + "\0", "that you can type"),
        ("password1234", "too easy to guess"),
        ("", "Choose a password"),
    ],
)
def test_what_is_wrong_is_told_with_what_would_be_right(browser: FlaskClient, password: str, told: str) -> None:
    answer = choose(browser, password)
    assert not answer["taken"]
    assert told in answer["errors"]["password"][0]


def test_the_own_name_and_numbers_are_refused(browser: FlaskClient, student: Student) -> None:
    for password in (f"mój album {student.album} tak", f"rakieta {student.name.given} pije herbatę"):
        assert "Leave out your name" in choose(browser, password)["errors"]["password"][0]


def test_two_different_passwords_are_refused(browser: FlaskClient) -> None:
    assert "differ" in choose(browser, GOOD, GOOD + "!")["errors"]["password_again"][0]


def test_the_page_offers_a_passphrase_that_is_taken_and_repeats_no_password(browser: FlaskClient) -> None:
    page = browser.get("/choose").text
    offered = re.search(r"<output>([a-z-]+)</output>", page)
    assert offered is not None
    assert choose(browser, offered.group(1))["taken"]
    assert page.count('autocomplete="new-password"') == 2
    assert GOOD not in page


def test_the_meter_judges_and_keeps_nothing(
    portal: Portal, browser: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    told = [browser.post("/password/strength", data={"password": each}).get_json() for each in ("", "hasło", GOOD)]
    assert told[0]["score"] == 0 and told[1]["score"] < 2 and told[2]["score"] == 4
    assert "12" in told[1]["text"] and "strong" in told[2]["text"]
    assert GOOD not in caplog.text


def test_the_meter_never_calls_a_refused_password_strong(browser: FlaskClient, student: Student) -> None:
    told = browser.post("/password/strength", data={"password": f"{student.album} zielona rakieta pije"}).get_json()
    assert told["score"] <= 2


def test_the_meter_is_not_asked_without_end(browser: FlaskClient) -> None:
    answers = [browser.post("/password/strength", data={"password": "x"}).status_code for _ in range(125)]
    assert answers[0] == 200 and answers[-1] == 429
