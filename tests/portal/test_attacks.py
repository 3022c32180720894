"""What somebody tries who means harm, beside what the tests of each feature try."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import Context
from http import HTTPStatus

import pytest
from flask import Flask, session
from flask.testing import FlaskClient

from estudent.adapters.password_strength import strength
from estudent.domain.one_time_code import Purpose
from estudent.domain.student import Student
from estudent.portal import serving
from estudent.portal.security import network
from estudent.ports import Role, StaffMember
from tests.portal.letters import code_of
from tests.portal.world import Portal, form_in

pytestmark = pytest.mark.enable_socket
EVERY_READING = "4@8({[</369&#!1/|0$5+7%2/" * 3
"""Nearly all the characters that stand for letters, of which some stand for two."""


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("estudent")
    assert found
    return str(found.value)


# sessions


def ended_meanwhile(portal: Portal, browser: FlaskClient, end: Callable[[], object]) -> None:
    """Let a session end while a request with it is under way that has something to store."""
    with portal.app.test_request_context("/sessions", headers={"Cookie": f"estudent={cookie(browser)}"}):
        assert "student" in session
        Context().run(end)
        session["noted"] = "a message for the next page"
        portal.app.process_response(portal.app.make_response("done"))


def test_a_request_under_way_does_not_bring_an_ended_session_back(portal: Portal) -> None:
    student = portal.a_student(active=True)
    browser = portal.signed_in(student)
    ended_meanwhile(portal, browser, lambda: portal.campus.sessions.end_all(student.key))
    assert portal.campus.sessions.of(student.key) == []
    assert browser.get("/account").status_code == HTTPStatus.FOUND


def test_a_thief_who_keeps_a_session_busy_loses_it_when_its_owner_signs_out(portal: Portal) -> None:
    student = portal.a_student(active=True)
    owner, thief = portal.signed_in(student), portal.browser()
    thief.set_cookie("estudent", cookie(owner))
    ended_meanwhile(portal, thief, lambda: portal.submit(owner, "/account", "/sign-out"))
    assert thief.get("/account").status_code == HTTPStatus.FOUND


def test_after_signing_out_nothing_happens_under_the_old_session_s_id(portal: Portal) -> None:
    browser = portal.signed_in(portal.a_student(active=True))
    before = cookie(browser)
    portal.submit(browser, "/account", "/sign-out")
    browser.get("/")
    assert cookie(browser) != before
    assert portal.campus.sessions.load(before) is None


# names and networks


@pytest.mark.parametrize("path", ["/", "/desk", "/help"])
def test_the_portal_answers_to_no_other_name(portal: Portal, path: str) -> None:
    """/desk is led on to /desk/ by an address with the name that was asked for."""
    answer = portal.browser().get(path, headers={"Host": "evil.example"})
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "evil.example" not in str(answer.headers) + answer.get_data(as_text=True)


def test_an_own_name_with_a_port_is_no_other_name(portal: Portal) -> None:
    assert portal.browser().get("/help", headers={"Host": "localhost:8080"}).status_code == HTTPStatus.OK


def test_no_header_of_a_visitor_moves_the_portal_elsewhere() -> None:
    assert (serving.forwarder_headers, serving.control_socket_disable) == ("", True)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("nonsense", "nonsense"),
    ],
)
def test_addresses_without_end_count_as_one(address: str, counted: str) -> None:
    with Flask(__name__).test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert network() == counted


def test_thirty_failures_from_one_network_let_all_of_it_wait(portal: Portal) -> None:
    statuses = [_wrong_from(portal, f"2001:db8:1:2::{at:x}", 300_000 + at) for at in range(31)]
    assert statuses[-2:] == [HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS]
    assert _wrong_from(portal, "2001:db8:1:3::1", 400_000) == HTTPStatus.FORBIDDEN


def _wrong_from(portal: Portal, address: str, album: int) -> int:
    browser = portal.browser()
    browser.environ_base["REMOTE_ADDR"] = address
    return portal.submit(browser, "/", "/sign-in", name=str(album), password="wrong").status_code


# what is sent


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[" * 100_000),
        ("application/json", b'{"name": 5, "password": {"a": []}}'),
        (
            "multipart/form-data; boundary=a",
            b'--a\r\nContent-Disposition: form-data; name="name"; filename="x"\r\n\r\nx\r\n--a--',
        ),
    ],
    ids=["deep JSON", "JSON", "file"],
)
def test_only_what_a_form_sends_is_read(portal: Portal, kind: str, body: bytes) -> None:
    browser = portal.browser()
    _, hidden = form_in(browser.get("/").get_data(as_text=True), "/sign-in")
    answer = browser.post("/sign-in", data=body, content_type=kind, headers={"X-CSRFToken": hidden["csrf_token"]})
    assert answer.status_code == HTTPStatus.BAD_REQUEST


def test_no_password_is_more_work_to_judge_than_a_sentence() -> None:
    sentence = "correct horse battery staple, and then some more words until it is full"
    assert strength(EVERY_READING, ["example"]) >= 3
    assert _calls_to_judge(EVERY_READING) < 2 * _calls_to_judge(sentence)


def _calls_to_judge(password: str) -> int:
    """Return how many functions are called: a measure of the work that a busy machine does not change."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        strength(password, ["example"])
    finally:
        sys.setprofile(None)
    return calls


def test_a_page_in_place_of_a_file_is_not_stored(portal: Portal) -> None:
    answer = portal.signed_in(portal.a_student(active=True)).get("/static/no-such-file.css")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (HTTPStatus.NOT_FOUND, "no-store")


# codes


def test_a_corrected_address_ends_the_way_of_whoever_typed_a_code_from_the_old_mailbox(portal: Portal) -> None:
    student = portal.a_student(active=True)
    thief = portal.browser()
    portal.submit(thief, "/forgot", name=str(student.album))
    typed = portal.submit(thief, "/recover", "/recover/code", code=code_of(portal, Purpose.RECOVERY))
    assert typed.headers["Location"] == "/recover/password"
    _correct(portal, student)
    password = "nine purple otters dance"
    portal.submit(thief, "/recover/password", password=password, password_again=password)
    assert not portal.campus.passwords.verify(str(student.album), password).accepted


def _correct(portal: Portal, student: Student) -> None:
    assert portal.campus.corrections.correct_email(student, "new@poczta.example", "the old mailbox was stolen")


def test_whoever_is_taken_out_of_the_desk_s_groups_is_out_within_minutes(portal: Portal) -> None:
    portal.slapd.add_staff("a.dawna", "seven blue herons cross", "Anna Dawna", "desk-clerks")
    browser = portal.at_the_desk(StaffMember("a.dawna", "Anna Dawna", Role.CLERK))
    portal.clock.turn(minutes=6)
    assert browser.get("/desk/").status_code == 200
    portal.slapd.manage(
        f"dn: cn=desk-clerks,ou=groups,{portal.slapd.suffix}\nchangetype: modify\ndelete: member\n"
        f"member: uid=a.dawna,ou=staff,{portal.slapd.suffix}\n"
    )
    portal.clock.turn(minutes=6)
    assert browser.get("/desk/").headers["Location"] == "/desk/login"
