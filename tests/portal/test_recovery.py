"""Forgotten: the same pages for every name, and a way back that works once."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from estudent.adapters.registry.tables import session
from estudent.domain.lifecycle import Standing
from estudent.domain.one_time_code import Purpose
from estudent.domain.student import AccountState, Student
from tests.portal.letters import code_of, kinds, secret_of
from tests.portal.world import DOMAIN, Portal, form_in

pytestmark = pytest.mark.enable_socket
PASSWORD = "quiet lamps hum over the harbour"
NASTY = [
    "x" * 10_000,
    "a\x00b",
    "\u202eabc",
    "😀",
    "' OR ''='",
    "*)(uid=*",
    "{{7*7}}<script>alert(1)</script>",
    "\ud800",
]


def text(page: TestResponse) -> str:
    """Return what a reader sees of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True))).split())


def forget(portal: Portal, browser: FlaskClient, name: str) -> TestResponse:
    return portal.submit(browser, "/forgot", name=name)


def type_code(portal: Portal, browser: FlaskClient, code: str) -> TestResponse:
    return portal.submit(browser, "/recover", to="/recover/code", code=code)


def open_link(browser: FlaskClient, secret: str) -> TestResponse:
    page = browser.get("/recover").get_data(as_text=True)
    _, hidden = form_in(page)
    return browser.post("/recover", data=hidden | {"link": secret})


def choose(portal: Portal, browser: FlaskClient, password: str = PASSWORD) -> TestResponse:
    typed = {"password": password, "password_again": password}
    return portal.submit(browser, "/recover/password", to="/recover/password", **typed)


def works(portal: Portal, whose: Student, password: str = PASSWORD) -> bool:
    return portal.campus.passwords.verify(str(whose.album), password).accepted


@pytest.mark.parametrize("name", ["{album}", "s{album}", "S{album}@" + DOMAIN, "{email}"])
@pytest.mark.parametrize("by", ["link", "code"])
def test_the_letter_brings_the_user_name_and_a_new_password(portal: Portal, name: str, by: str) -> None:
    whose, browser = portal.a_student(active=True), portal.browser()
    assert forget(portal, browser, name.format(album=whose.album, email=whose.email)).location == "/recover"
    assert kinds(portal) == ["recovery"]
    code, secret = code_of(portal, Purpose.RECOVERY), f"https://estudent.example/recover#{secret_of(portal)}"
    answer = type_code(portal, browser, code) if by == "code" else open_link(portal.browser(), secret)
    assert answer.location == "/recover/password"
    if by == "link":
        browser = portal.browser()
        open_link(browser, secret)
    assert choose(portal, browser).location == "/recover/done"
    assert f"s{whose.album}" in text(browser.get("/recover/done"))
    assert works(portal, whose) and not works(portal, whose, "correct horse battery staple")
    assert kinds(portal) == ["recovery", "password_changed"]


def test_all_other_sessions_end(portal: Portal) -> None:
    whose = portal.a_student(active=True)
    others = [portal.signed_in(whose) for _ in range(2)]
    browser = portal.browser()
    forget(portal, browser, str(whose.album))
    type_code(portal, browser, code_of(portal, Purpose.RECOVERY))
    choose(portal, browser)
    assert [other.get("/recover/done").status_code for other in others] == [302, 302]
    assert browser.get("/recover/done").status_code == 200
    assert [row["student_id"] for row in portal.registry.rows(session)].count(whose.key) == 1


def test_a_prepared_account_is_activated_by_the_same_way(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    forget(portal, browser, whose.email.upper())
    assert kinds(portal) == ["activation"]
    type_code(portal, browser, code_of(portal, Purpose.RECOVERY))
    assert choose(portal, browser).location == "/create/done"
    assert portal.load(str(whose.album)).account is AccountState.ACTIVE
    assert kinds(portal) == ["activation", "activated"]


def test_a_link_works_once_and_for_half_an_hour(portal: Portal) -> None:
    whose, browser = portal.a_student(active=True), portal.browser()
    forget(portal, browser, str(whose.album))
    secret = secret_of(portal)
    open_link(browser, secret)
    choose(portal, browser)
    used = open_link(portal.browser(), secret)
    portal.clock.turn(minutes=1)
    forget(portal, portal.browser(), str(whose.album))
    portal.clock.turn(minutes=30)
    old, unknown = (open_link(portal.browser(), each) for each in (secret_of(portal), "0" * 64))
    assert text(used) == text(old) == text(unknown)
    assert "opens nothing any more" in text(used)


def test_the_code_works_no_more_once_the_link_was_used(portal: Portal) -> None:
    whose, phone, desktop = portal.a_student(active=True), portal.browser(), portal.browser()
    forget(portal, desktop, str(whose.album))
    open_link(phone, secret_of(portal))
    choose(portal, phone)
    assert "does not work" in text(type_code(portal, desktop, code_of(portal, Purpose.RECOVERY)))


def test_known_unknown_and_closed_names_get_the_same_pages(portal: Portal) -> None:
    known, left = portal.a_student(active=True), portal.a_student(standing=Standing.STRUCK_OFF)
    seen = []
    for name in (str(known.album), str(left.album), "999999", "nobody@nowhere.example"):
        browser = portal.browser()
        sent = forget(portal, browser, name)
        pages = [browser.get("/recover"), *(type_code(portal, browser, "AAAA-AAAA") for _ in range(2))]
        shown = [text(page) for page in pages]
        seen.append(str([sent.status_code, sent.location, [page.status_code for page in pages], shown]))
    assert len(set(seen)) == 1


def test_known_and_unknown_names_wait_alike(portal: Portal) -> None:
    known = portal.a_student(active=True)
    answers = []
    for name in (str(known.album), "999999"):
        browser = portal.browser()
        pages = [forget(portal, browser, name) for _ in range(7)]
        answers.append([(page.status_code, re.findall(r"until [\d:]+", text(page))) for page in pages])
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [302] * 5 + [429] * 2


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_field_can_be_broken(portal: Portal, nasty: str) -> None:
    browser, safe = portal.browser(), nasty.encode(errors="replace").decode()
    portal.a_student(active=True)
    forget(portal, browser, "999999")
    pages: list[Any] = [forget(portal, browser, safe), type_code(portal, browser, safe), open_link(browser, safe)]
    assert all(page.status_code in (200, 302) for page in pages)
    assert all("<script>alert" not in page.get_data(as_text=True) for page in pages)
    assert kinds(portal) == []


def test_without_the_challenge_no_letter_is_sent(portal: Portal) -> None:
    whose, browser = portal.a_student(active=True), portal.browser()
    _, hidden = form_in(browser.get("/forgot").get_data(as_text=True), "/forgot")
    page = browser.post("/forgot", data={"csrf_token": hidden["csrf_token"], "name": str(whose.album)})
    assert (page.status_code, kinds(portal)) == (200, [])


@pytest.mark.parametrize("page", ["/forgot", "/recover", "/recover/code", "/recover/password"])
def test_a_forged_form_is_refused(portal: Portal, page: str) -> None:
    whose, browser = portal.a_student(active=True), portal.browser()
    answer = browser.post(page, data={"name": str(whose.album), "code": "AAAA", "link": "0" * 64})
    assert (answer.status_code, kinds(portal)) == (400, [])


@pytest.mark.parametrize("page", ["/recover/password"])
def test_a_page_without_its_conversation_says_how_to_start_again(portal: Portal, page: str) -> None:
    assert "Please start again" in text(portal.browser().get(page))


def test_without_a_question_the_page_takes_a_link_alone(portal: Portal) -> None:
    page = portal.browser().get("/recover")
    assert 'name="link"' in page.get_data(as_text=True) and 'name="code"' not in page.get_data(as_text=True)


def test_the_session_keeps_no_name_that_was_typed(portal: Portal) -> None:
    browser = portal.browser()
    forget(portal, browser, "somebody.typed@this.example")
    forget(portal, browser, "x" * 300)
    assert "somebody.typed" not in portal.registry.dump() + str(portal.registry.rows(session))


def test_a_family_with_one_address_recovers_each_account(portal: Portal) -> None:
    family = [portal.a_student(active=True, email="rodzina@poczta.example") for _ in range(2)]
    browser = portal.browser()
    forget(portal, browser, "rodzina@poczta.example")
    assert kinds(portal) == ["recovery"] * 2
    type_code(portal, browser, code_of(portal, Purpose.RECOVERY, 1))
    choose(portal, browser)
    assert [works(portal, whose) for whose in family] == [False, True]
