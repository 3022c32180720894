"""Creating an account: every way in, every way in which it fails, and what must never be found afterwards."""

from __future__ import annotations

import json
import logging
import re
from html import unescape
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from estudent.adapters.registry.tables import attempt, one_time_code, session
from estudent.domain.identity_document import DocumentKind, IdentityDocument
from estudent.domain.lifecycle import Standing
from estudent.domain.one_time_code import Purpose
from estudent.domain.student import AccountState, Student
from estudent.ports import Unavailable
from tests.portal.letters import code_of, invitation_of, kinds, secret_of
from tests.portal.world import Portal, form_in, pesel_of

pytestmark = pytest.mark.enable_socket
PASSWORD = "quiet lamps hum over the harbour"
NASTY = [
    "x" * 10_000,
    "a\x00b",
    "\u202e123456",
    "\u200f\u200e",
    "😀🦆",
    "' OR 1=1; DROP TABLE student; --",
    "*)(uid=*))(|(uid=*",
    "{{ 7*7 }}${7*7}<script>alert(1)</script>",
    "\r\nSet-Cookie: a=b",
    "٣٤٥٦",
]


def text(page: TestResponse) -> str:
    """Return what a reader sees of a page, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.get_data(as_text=True))).split())


def claim(whose: Student, **changes: str) -> dict[str, str]:
    """Return what a student types into the form by data."""
    album = str(whose.album)
    typed = {"album": album, "family_name": "Zak", "evidence": "pesel", "pesel": pesel_of(album).digits}
    return typed | changes


def by_data(portal: Portal, browser: FlaskClient, whose: Student, **changes: str) -> TestResponse:
    return portal.submit(browser, "/create/data", **claim(whose, **changes))


def open_link(portal: Portal, browser: FlaskClient, secret: str, page: str = "/activate") -> TestResponse:
    return portal.submit(browser, page, to=page, link=secret)


def choose(portal: Portal, browser: FlaskClient, password: str = PASSWORD, again: str | None = None) -> TestResponse:
    typed = {"password": password, "password_again": password if again is None else again}
    return portal.submit(browser, "/create/password", to="/create/password", **typed)


def works(portal: Portal, whose: Student, password: str = PASSWORD) -> bool:
    return portal.campus.passwords.verify(str(whose.album), password).accepted


def proven(portal: Portal, whose: Student) -> FlaskClient:
    """Return a browser that has come as far as the password page, by data and code."""
    browser = portal.browser()
    by_data(portal, browser, whose)
    answer = portal.submit(browser, "/create/code", to="/create/code", code=code_of(portal, Purpose.EMAIL))
    assert answer.location == "/create/password"
    return browser


# the ways in


def test_the_page_explains_the_ways(portal: Portal) -> None:
    page = portal.browser().get("/create")
    assert page.status_code == 200
    for way in ("/activate", "/create/data", "/create/office-code", "/forgot"):
        assert f'href="{way}"' in page.get_data(as_text=True)


@pytest.mark.parametrize("pasted", ["{}", "https://estudent.example/activate#{}", "  http://localhost/activate#{} "])
def test_the_letter_s_link_and_the_album_number_open_the_account(portal: Portal, pasted: str) -> None:
    whose, browser = portal.a_student(), portal.browser()
    answer = open_link(portal, browser, pasted.format(invitation_of(portal, whose)))
    assert answer.location == "/activate/confirm"
    assert portal.submit(browser, "/activate/confirm", album=f"s{whose.album} ").location == "/create/password"
    assert choose(portal, browser).location == "/create/done"
    done = browser.get("/create/done")
    assert whose.album.login in text(done) and "What comes next" in text(done)
    assert works(portal, whose)
    assert portal.load(str(whose.album)).account is AccountState.ACTIVE
    assert kinds(portal) == ["activated"]


def test_data_and_a_code_open_the_account_and_the_student_is_signed_in_under_a_new_session(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    assert by_data(portal, browser, whose).location == "/create/code"
    page = browser.get("/create/code")
    assert "2•••@p•••.example" in text(page) and whose.email not in text(page)
    before = browser.get_cookie("estudent")
    code = code_of(portal, Purpose.EMAIL).lower()
    assert portal.submit(browser, "/create/code", to="/create/code", code=code).location == "/create/password"
    assert choose(portal, browser).location == "/create/done"
    after = browser.get_cookie("estudent")
    assert before and after and before.value != after.value
    with browser.session_transaction() as kept:
        assert kept["student"] == whose.key and "proof" not in kept
    assert works(portal, whose)
    assert portal.registry.journal.of(whose.key)[-1].step == "account activated"


@pytest.mark.parametrize("born", ["2007-03-14", "14.03.2007"])
def test_a_foreigner_without_a_pesel_comes_in_by_document(portal: Portal, born: str) -> None:
    passport = IdentityDocument(DocumentKind.PASSPORT, f"FX{id(born) % 10**8}", "UA")
    whose = portal.a_student(pesel=None, document=passport)
    shown = {
        "document_kind": "passport",
        "document_number": passport.number.lower(),
        "country": "UA",
        "birth_date": born,
    }
    answer = by_data(portal, portal.browser("uk"), whose, evidence="document", pesel="", **shown)
    assert answer.location == "/create/code"


def test_countries_are_named_in_the_page_s_language(portal: Portal) -> None:
    pages = [portal.browser(language).get("/create/data").get_data(as_text=True) for language in ("pl", "en", "uk")]
    for page, country in zip(pages, ("Wietnam", "Vietnam", "Вʼєтнам"), strict=True):
        assert f'<option value="VN">{country}' in page.replace("’", "ʼ").replace("&#39;", "ʼ")


def test_without_scripts_all_fields_are_there(portal: Portal) -> None:
    page = portal.browser().get("/create/data").get_data(as_text=True)
    names = ("album", "family_name", "evidence", "pesel", "document_kind", "document_number", "country", "birth_date")
    assert all(f'name="{name}"' in page for name in names)


@pytest.mark.parametrize("active", [False, True])
def test_a_code_from_the_office_opens_new_and_old_accounts(portal: Portal, active: bool) -> None:
    whose, browser = portal.a_student(active=active), portal.browser()
    code = portal.campus.issue_code(whose.album, "jkowalska")
    answer = portal.submit(browser, "/create/office-code", album=str(whose.album), code=code)
    assert answer.location == "/create/password"
    assert choose(portal, browser).location == ("/recover/done" if active else "/create/done")
    assert works(portal, whose)


# the ways in which it fails


def test_every_mismatch_is_one_page_and_the_office_sees_the_cause(portal: Portal) -> None:
    whose = portal.a_student()
    wrong = [{"family_name": "Kowalska"}, {"pesel": "44051401359"}, {"album": "999"}]
    document = {"document_kind": "passport", "document_number": "AB1", "country": "PL", "birth_date": "1.1.2000"}
    wrong += [{"evidence": "document", **document}]
    pages = [by_data(portal, portal.browser(), whose, **each) for each in wrong]
    assert {page.status_code for page in pages} == {200}
    shown = {re.search(r"With these data we find nobody.*?Album number", text(page))[0] for page in pages}  # type: ignore[index]
    assert len(shown) == 1
    (only,) = shown
    assert "Corrected data work within minutes" in only and "cos@uczelnia.example" in only
    causes = [each.cause for each in portal.campus.attempts.of(whose.key, 10)]
    assert causes == ["document_differs", "pesel_differs", "surname_differs"]


def test_whoever_has_an_account_is_told_so_and_keeps_it(portal: Portal) -> None:
    whose = portal.a_student(active=True)
    page = by_data(portal, portal.browser(), whose)
    assert "You have an account already" in text(page) and 'href="/forgot"' in page.get_data(as_text=True)
    assert kinds(portal) == []


def test_whoever_has_left_is_sent_to_the_office(portal: Portal) -> None:
    whose = portal.a_student(standing=Standing.RESIGNED)
    assert "This account is closed" in text(by_data(portal, portal.browser(), whose))


def test_after_too_many_tries_everybody_waits_and_the_student_gets_a_letter(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    for album in (str(whose.album), "999999"):
        for _ in range(5):
            by_data(portal, browser, whose, album=album, family_name="Kowalska")
    pages = [by_data(portal, browser, whose, album=album) for album in (str(whose.album), "999999")]
    assert [page.status_code for page in pages] == [429, 429]
    waits = [re.search("Too many tries.*Album number", text(page)) for page in pages]
    assert waits[0] and waits[1] and waits[0][0] == waits[1][0]
    assert kinds(portal) == ["too_many_tries"]
    assert open_link(portal, portal.browser(), secret_of(portal)).location == "/create/password"


@pytest.mark.parametrize("secret", ["", "0" * 64, "zzz", *NASTY])
def test_a_link_of_nobody_ends_on_a_page_that_helps(portal: Portal, secret: str) -> None:
    page = open_link(portal, portal.browser(), secret)
    assert page.status_code == 200
    assert "opens nothing" in text(page) or "correct this" in text(page)


def test_a_used_link_an_old_link_and_an_unknown_one_are_one_page(portal: Portal) -> None:
    whose, other = portal.a_student(), portal.a_student()
    used, old = invitation_of(portal, whose), invitation_of(portal, other)
    portal.campus.students.observe_activations([whose.key])
    first = open_link(portal, portal.browser(), used)
    portal.clock.turn(days=61)
    pages = [open_link(portal, portal.browser(), secret) for secret in (old, "0" * 64)]
    assert {text(page) for page in pages} == {text(first)}
    assert "Sign in" in text(first) and "Create it with your data" in text(first)


def test_three_wrong_album_numbers_close_the_link_for_a_while(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    open_link(portal, browser, invitation_of(portal, whose))
    for _ in range(3):
        assert "not the album number" in text(portal.submit(browser, "/activate/confirm", album="777"))
    assert portal.submit(browser, "/activate/confirm", album=str(whose.album)).status_code == 429


@pytest.mark.parametrize("page", ["/activate/confirm", "/create/code", "/create/password", "/create/waiting"])
def test_a_page_without_its_conversation_says_how_to_start_again(portal: Portal, page: str) -> None:
    assert "Please start again" in text(portal.browser().get(page))
    whose, browser = portal.a_student(), portal.browser()
    by_data(portal, browser, whose)
    portal.clock.turn(minutes=29)
    browser.get("/create")
    portal.clock.turn(minutes=2)
    assert "Please start again" in text(browser.get(page))


def test_another_code_can_be_asked_for_a_few_times(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    by_data(portal, browser, whose)
    for _ in range(5):
        portal.submit(browser, "/create/code", to="/create/another-code")
    assert "Several codes were sent" in text(browser.get("/create/code"))
    assert kinds(portal) == ["email_code"] * 5
    code = code_of(portal, Purpose.EMAIL, 0)
    assert portal.submit(browser, "/create/code", to="/create/code", code=code).location == "/create/password"


def test_a_wrong_code_says_so_and_five_end_it(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    by_data(portal, browser, whose)
    for _ in range(5):
        page = portal.submit(browser, "/create/code", to="/create/code", code="AAAA-AAAA")
        assert "does not work" in text(page)
    right = code_of(portal, Purpose.EMAIL)
    assert portal.submit(browser, "/create/code", to="/create/code", code=right).status_code == 429
    portal.clock.turn(minutes=16)
    assert "does not work" in text(portal.submit(browser, "/create/code", to="/create/code", code=right))


def test_a_weak_password_and_a_mistyped_one_change_nothing(portal: Portal) -> None:
    whose = portal.a_student()
    browser = proven(portal, whose)
    for password, again in (
        (PASSWORD, "another"),
        ("short", "short"),
        (f"s{whose.album}" * 3, None),
        ("x" * 10_000, None),
    ):
        assert choose(portal, browser, password, again).status_code == 200
    assert portal.load(str(whose.album)).account is AccountState.PREPARED
    assert choose(portal, browser).location == "/create/done"


# two tabs, reload, the back button


def test_of_two_tabs_one_wins_and_the_other_gets_a_page_that_helps(portal: Portal) -> None:
    whose = portal.a_student()
    secret = invitation_of(portal, whose)
    browsers = [portal.browser() for _ in range(2)]
    for browser in browsers:
        open_link(portal, browser, secret)
        portal.submit(browser, "/activate/confirm", album=str(whose.album))
    assert choose(portal, browsers[0]).location == "/create/done"
    late = choose(portal, browsers[1], "the password of a second tab")
    assert "opens nothing any more" in text(late)
    assert works(portal, whose)


def test_a_replayed_form_and_the_back_button_change_nothing(portal: Portal) -> None:
    whose = portal.a_student()
    browser = proven(portal, whose)
    action, hidden = form_in(browser.get("/create/password").get_data(as_text=True), "/create/password")
    sent = hidden | {"password": PASSWORD, "password_again": PASSWORD}
    assert browser.post(action, data=sent).location == "/create/done"
    replayed = browser.post(action, data=sent | {"password": "x" * 20, "password_again": "x" * 20})
    assert replayed.status_code in (302, 400)
    assert browser.get("/create/password").location == "/"
    assert browser.get("/create/done").status_code == browser.get("/create/done").status_code == 200
    assert works(portal, whose)


@pytest.mark.parametrize(
    "page",
    ["/activate", "/activate/confirm", "/create/data", "/create/code", "/create/another-code", "/create/password"],
)
def test_a_forged_form_is_refused(portal: Portal, page: str) -> None:
    whose = portal.a_student()
    browser = proven(portal, whose)
    answer = browser.post(page, data=claim(whose) | {"password": PASSWORD, "password_again": PASSWORD})
    assert answer.status_code == 400
    assert "grown old" in text(answer)
    assert portal.load(str(whose.album)).account is AccountState.PREPARED


@pytest.mark.parametrize("page", ["/create/data", "/create/office-code"])
def test_without_the_challenge_nobody_tries_anything(portal: Portal, page: str) -> None:
    whose, browser = portal.a_student(), portal.browser()
    code = portal.campus.issue_code(whose.album, "jkowalska")
    _, hidden = form_in(browser.get(page).get_data(as_text=True), page)
    hidden = {name: value for name, value in hidden.items() if name == "csrf_token"}
    assert browser.post(page, data=hidden | claim(whose) | {"code": code}).status_code == 200
    assert portal.registry.count(attempt) == 0


# a student whose entry is not there yet


def test_a_student_without_an_entry_waits_on_an_honest_page_that_goes_on(portal: Portal) -> None:
    whose = portal.a_student(in_directory=False)
    browser = portal.browser()
    by_data(portal, browser, whose)
    assert [each.kind for each in portal.campus.outbox.claim(10)] == ["account"]
    portal.submit(browser, "/create/code", to="/create/code", code=code_of(portal, Purpose.EMAIL))
    assert browser.get("/create/password").location == "/create/waiting"
    page = browser.get("/create/waiting")
    assert "being made" in text(page) and 'data-then="/create/password"' in page.get_data(as_text=True)
    assert browser.get("/create/waiting/state").json == {"ready": False}
    portal.put_into_directory(whose)
    assert browser.get("/create/waiting/state").json == {"ready": True}
    assert browser.get("/create/waiting").location == "/create/password"
    assert choose(portal, browser).location == "/create/done"


# systems that are down


def test_a_directory_that_is_down_loses_nothing(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    whose = portal.a_student()
    browser = proven(portal, whose)

    def down(*_: object) -> None:
        raise Unavailable("the directory does not answer")

    with monkeypatch.context() as outage:
        outage.setattr(type(portal.campus.passwords), "set", down)
        page = choose(portal, browser)
        assert page.status_code == 503 and "nothing is lost" in text(page)
    assert portal.load(str(whose.album)).account is AccountState.PREPARED
    assert choose(portal, browser).location == "/create/done"
    assert works(portal, whose)


# bad input


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_field_of_the_claim_can_be_broken(portal: Portal, nasty: str) -> None:
    whose, browser = portal.a_student(), portal.browser()
    names = ["album", "family_name", "evidence", "pesel", "document_kind", "document_number", "country", "birth_date"]
    for name in names:
        evidence = {"evidence": "document"} if name in names[4:] else {}
        page = by_data(portal, browser, whose, **(evidence | {name: nasty}))
        assert page.status_code in (200, 429), name
        assert "<script>alert" not in page.get_data(as_text=True)
    assert kinds(portal) == []


def test_a_form_by_document_says_in_the_visitor_s_language_what_is_missing(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    page = text(by_data(portal, browser, whose, evidence="document", pesel="", country="XX", document_kind="ticket"))
    for wish in (
        "Document : Choose one",
        "document : Please fill",
        "Issued by : Choose the country",
        "birth : Please fill",
    ):
        assert wish in page
    assert "How should we recognise you? : Choose one" in text(by_data(portal, browser, whose, evidence="neither"))


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_code_field_can_be_broken(portal: Portal, nasty: str) -> None:
    whose, browser = portal.a_student(), portal.browser()
    by_data(portal, browser, whose)
    assert portal.submit(browser, "/create/code", to="/create/code", code=nasty).status_code == 200
    assert portal.submit(browser, "/create/office-code", album=str(whose.album), code=nasty).status_code == 200
    open_link(portal, browser, invitation_of(portal, whose))
    assert portal.submit(browser, "/activate/confirm", album=nasty).status_code == 200
    assert portal.load(str(whose.album)).account is AccountState.PREPARED


# what must never be found


def test_no_pesel_password_or_code_is_found_anywhere(portal: Portal, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    whose = portal.a_student()
    by_data(portal, portal.browser(), whose, family_name="Kanarkowska")
    browser = proven(portal, whose)
    code, secret = code_of(portal, Purpose.EMAIL), secret_of(portal)
    held = _sessions(portal)
    choose(portal, browser, "weak")
    choose(portal, browser)
    found = portal.registry.dump() + held + _sessions(portal) + caplog.text
    canaries = [pesel_of(str(whose.album)).digits, PASSWORD, code, code.replace("-", ""), secret, "Kanarkowska", "weak"]
    assert [canary for canary in canaries if canary in found] == []
    assert portal.registry.count(one_time_code) == 1


def _sessions(portal: Portal) -> str:
    rows: list[dict[str, Any]] = portal.registry.rows(session)
    return json.dumps([json.loads(row["data"]) for row in rows], ensure_ascii=False)


def test_no_secret_stands_in_an_address(portal: Portal) -> None:
    whose, browser = portal.a_student(), portal.browser()
    secret = invitation_of(portal, whose)
    answers = [open_link(portal, browser, secret), portal.submit(browser, "/activate/confirm", album=str(whose.album))]
    assert all(answer.location and secret not in answer.location for answer in answers)
    assert secret not in browser.get("/create/password").get_data(as_text=True)
