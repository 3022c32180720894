"""Signing in and out, sessions, and changing the password, on a real registry and a real directory."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from itertools import count
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pydantic import SecretStr
from werkzeug.test import TestResponse

from estudent.adapters.registry import tables
from estudent.domain.directory_entry import entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.plan import Lock, plan
from estudent.domain.student import AccountState, MailboxState, Student
from estudent.ports import Role, StaffMember
from estudent.settings import DirectorySettings, PortalSettings
from sandbox.daemon import free_port
from sandbox.slapd import Slapd
from tests.portal.world import DOMAIN, KEY, TRIES_UNTIL_BARRED, Portal, a_portal

pytestmark = pytest.mark.enable_socket
PASSWORD, WRONG, NEW = "correct horse battery staple", "incorrect horse battery staple", "seventeen purple umbrellas"
NUMBERS = count(1)
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Mobile Safari/537.36"
HOSTILE = [
    "a" * 10_000,
    "s123\x00456",
    "\u202es123456\u202c",
    "🎓",
    "' OR 1=1 --",
    "*)(uid=*))(|(uid=*",
    "{{ 7 * 7 }}",
    '"><script>alert(1)</script>',
    "a\r\nSet-Cookie: x=y",
]
ABROAD = [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "evil.example",
    "///evil.example",
    "http:evil.example",
    "/\u202e/evil",
]


@pytest.fixture
def student(portal: Portal) -> Student:
    return portal.a_student(active=True)


def sign_in(
    portal: Portal, browser: FlaskClient, name: object, password: str = PASSWORD, page: str = "/"
) -> TestResponse:
    return portal.submit(browser, page, "/sign-in", name=str(name), password=password)


def shown(answer: TestResponse) -> str:
    """Return a page without what differs at every request: secrets of forms, challenges, what was typed."""
    html = answer.get_data(as_text=True)
    html = re.sub(r'(name="(csrf_token|picture_handle|name)"[^>]*? value=")[^"]*', r"\1", html)
    return re.sub(r"/challenge/[^\"]+", "", html)


def cookie(browser: FlaskClient) -> str:
    found = browser.get_cookie("estudent")
    assert found
    return str(found.value)


def is_in(browser: FlaskClient) -> bool:
    return browser.get("/account").status_code == 200


# signing in


def test_a_student_comes_to_the_steps_by_every_name(portal: Portal, student: Student) -> None:
    for name in (student.album, student.album.login.upper(), f" {student.album.login}@{DOMAIN} "):
        browser = portal.browser()
        answer = sign_in(portal, browser, name)
        assert (answer.status_code, answer.headers["Location"]) == (302, "/steps")
        assert is_in(browser)


def test_the_mail_address_is_a_name_too(portal: Portal, student: Student) -> None:
    mailbox = f"lucja.zak{student.album}@{DOMAIN}"
    with_mailbox = replace(student, mailbox=mailbox, mailbox_state=MailboxState.VERIFIED)
    in_directory(portal, with_mailbox)
    assert sign_in(portal, portal.browser(), mailbox.title()).status_code == 302


def in_directory(portal: Portal, whose: Student, lock: Lock | None = None) -> None:
    """Bring the entry in line with this student, as the nightly run does."""
    wanted = entry_of(whose, DOMAIN)
    wanted = replace(wanted, lock=lock) if lock else wanted
    directory = portal.campus.directory
    outcomes = directory.carry_out(plan([wanted], directory.find([whose.album])))
    assert {outcome.detail for outcome in outcomes} == {""}


def test_the_first_sign_in_is_seen_and_noted_once(portal: Portal) -> None:
    student = portal.a_student()
    portal.campus.passwords.set(student.album, PASSWORD)
    for _ in range(2):
        sign_in(portal, portal.browser(), student.album)
    assert portal.load(str(student.album)).account is AccountState.ACTIVE
    lines = portal.campus.journal.of(student.key)
    assert [line.actor for line in lines if line.step == "signed in"] == ["visitor"]


def test_a_session_gets_a_new_id_so_that_nobody_can_plant_one(portal: Portal, student: Student) -> None:
    browser, thief = portal.browser(), portal.browser()
    browser.get("/")
    planted = cookie(browser)
    sign_in(portal, browser, student.album)
    assert cookie(browser) != planted
    thief.set_cookie("estudent", planted)
    assert not is_in(thief)
    assert is_in(browser)


def test_after_signing_in_one_comes_back_to_the_page_one_wanted(portal: Portal, student: Student) -> None:
    browser = portal.browser()
    sent = browser.get("/sessions").headers["Location"]
    assert sent == "/?next=/sessions"
    assert sign_in(portal, browser, student.album, page=sent).headers["Location"] == "/sessions"


@pytest.mark.parametrize("where", ABROAD)
def test_signing_in_leads_nowhere_else(portal: Portal, student: Student, where: str) -> None:
    browser = portal.browser()
    answer = portal.submit(browser, "/", "/sign-in", name=str(student.album), password=PASSWORD, next=where)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_whoever_is_signed_in_has_no_use_for_the_first_page(portal: Portal, student: Student) -> None:
    assert portal.signed_in(student).get("/").headers["Location"] == "/steps"


# refusals


def test_every_refusal_is_the_same_page(portal: Portal, student: Student) -> None:
    waiting, left, locked = portal.a_student(), portal.a_student(active=True), portal.a_student(active=True)
    in_directory(portal, left, Lock.BARRED)
    for _ in range(TRIES_UNTIL_BARRED):
        portal.campus.passwords.verify(str(locked.album), WRONG)
    wrong = sign_in(portal, portal.browser(), student.album, WRONG)
    assert wrong.status_code == 403
    assert "after too many wrong passwords, here, in Wi-Fi or in USOSweb" in shown(wrong)
    assert 'href="/forgot"' in shown(wrong) and "mailto:" in shown(wrong)
    for name in ("999999", waiting.album, left.album, locked.album, "nobody@example.org"):
        answer = sign_in(portal, portal.browser(), name)
        assert (answer.status_code, shown(answer)) == (wrong.status_code, shown(wrong))


def test_the_office_reads_the_cause(portal: Portal, student: Student) -> None:
    waiting = portal.a_student()
    sign_in(portal, portal.browser(), student.album, WRONG)
    sign_in(portal, portal.browser(), waiting.album, WRONG)
    assert portal.campus.journal.of(student.key)[-1].detail == "wrong_password"
    assert portal.campus.attempts.of(waiting.key, 1)[0].cause == "not_activated"


def test_a_refused_name_stays_in_the_form_and_the_password_does_not(portal: Portal) -> None:
    page = sign_in(portal, portal.browser(), "999999", WRONG).get_data(as_text=True)
    assert 'value="999999"' in page and WRONG not in page


@pytest.mark.parametrize("name", ["known", "999999"])
def test_after_five_tries_one_waits_and_is_told_until_when(portal: Portal, student: Student, name: str) -> None:
    name = str(student.album) if name == "known" else name
    assert [sign_in(portal, portal.browser(), name, WRONG).status_code for _ in range(5)] == [403] * 5
    refused = sign_in(portal, portal.browser(), name)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
    assert "Too many tries" in shown(refused)
    portal.clock.turn(seconds=30)
    assert sign_in(portal, portal.browser(), name).status_code == (302 if name != "999999" else 403)


@pytest.mark.parametrize("field", ["name", "password"])
@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_is_typed_is_refused_calmly(portal: Portal, student: Student, field: str, value: str) -> None:
    typed = {"name": str(student.album), "password": PASSWORD} | {field: value}
    answer = portal.submit(portal.browser(), "/", "/sign-in", **typed)
    assert answer.status_code in (400, 403)
    assert "<script>alert" not in answer.get_data(as_text=True) and "Set-Cookie: x" not in str(answer.headers)


@pytest.mark.parametrize("left_out", ["name", "password"])
def test_an_empty_field_is_said_at_the_field(portal: Portal, left_out: str) -> None:
    typed = {"name": "999999", "password": PASSWORD} | {left_out: ""}
    answer = portal.submit(portal.browser(), "/", "/sign-in", **typed)
    assert answer.status_code == 400
    assert f'<a href="#{left_out}">' in answer.get_data(as_text=True)


def test_a_robot_is_not_compared(portal: Portal, student: Student) -> None:
    answer = portal.submit(
        portal.browser(), "/", "/sign-in", name=str(student.album), password=PASSWORD, picture_code="0"
    )
    assert answer.status_code == 400
    assert portal.campus.attempts.of(student.key, 10) == []


def test_a_forged_form_is_refused(portal: Portal, student: Student) -> None:
    answer = portal.browser().post("/sign-in", data={"name": str(student.album), "password": PASSWORD})
    assert answer.status_code == 400
    assert portal.campus.attempts.of(student.key, 10) == []


def test_without_the_directory_the_page_says_so_and_no_try_is_lost(
    slapd: Slapd, migrated: Path, tmp_path: Path, portal: Portal
) -> None:
    away = DirectorySettings(uris=[f"ldaps://127.0.0.1:{free_port()}"], suffix=slapd.suffix, ca_file=slapd.ca_file)
    lost = a_portal(
        slapd,
        Path(shutil.copy(migrated, tmp_path / "lost.db")),
        directory=away,
        portal=PortalSettings(secret_key=SecretStr(KEY), bind_dn="cn=portal", password=SecretStr("x")),
    )
    for _ in range(7):
        answer = sign_in(lost, lost.browser(), "123456")
        assert answer.status_code == 503
        assert "nothing is lost" in answer.get_data(as_text=True)
    lost.campus.close()


def test_no_password_stays_anywhere(portal: Portal, student: Student, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    canary = "canary password of nobody"
    browser = portal.browser()
    sign_in(portal, browser, student.album, canary)
    sign_in(portal, browser, student.album)
    change(portal, browser, canary, NEW)
    everything = portal.registry.dump() + caplog.text
    assert "canary" not in everything and PASSWORD not in everything and NEW not in everything


# sessions


def test_signing_out_ends_the_session_itself(portal: Portal, student: Student) -> None:
    browser = portal.browser()
    sign_in(portal, browser, student.album)
    kept = cookie(browser)
    answer = portal.submit(browser, "/account", "/sign-out")
    assert answer.headers["Location"] == "/"
    assert "You are signed out." in browser.get("/").get_data(as_text=True)
    browser.set_cookie("estudent", kept)
    assert not is_in(browser)


def test_nobody_is_signed_out_by_a_link(portal: Portal, student: Student) -> None:
    browser = portal.signed_in(student)
    assert browser.get("/sign-out").location == "/"
    assert is_in(browser)


def test_a_session_ends_after_half_an_hour_of_rest(portal: Portal, student: Student) -> None:
    browser = portal.signed_in(student)
    portal.clock.turn(minutes=29)
    assert is_in(browser)
    portal.clock.turn(minutes=29)
    assert is_in(browser)
    portal.clock.turn(minutes=31)
    assert not is_in(browser)


def test_a_session_ends_after_twelve_hours_in_any_case(portal: Portal, student: Student) -> None:
    browser = portal.signed_in(student)
    for _ in range(35):
        portal.clock.turn(minutes=20)
        assert is_in(browser)
    portal.clock.turn(minutes=21)
    assert not is_in(browser)


@pytest.fixture
def two(portal: Portal, student: Student) -> tuple[FlaskClient, FlaskClient]:
    """A computer that is signed in, and since an hour less a phone."""
    computer, phone = portal.browser(), portal.browser()
    sign_in(portal, computer, student.album)
    phone.environ_base["HTTP_USER_AGENT"] = PHONE
    sign_in(portal, phone, student.album)
    return computer, phone


def test_the_list_names_every_device(two: tuple[FlaskClient, FlaskClient]) -> None:
    computer, phone = two
    page = computer.get("/sessions").get_data(as_text=True)
    assert "Chrome on Android" in page and "Unknown device" in page
    assert page.count("this one") == 1
    assert 'Chrome on Android <span class="badge good">this one' in phone.get("/sessions").get_data(as_text=True)


def marks(browser: FlaskClient) -> list[tuple[str, bool]]:
    """Return the marks on the page, and whether each is the browser's own."""
    page = browser.get("/sessions").get_data(as_text=True)
    found = re.findall(r'name="mark" value="([^"]+)">\s*<button[^>]*>([^<]+)', page)
    return [(mark, unescape(text) == "Sign out here") for mark, text in found]


def end(browser: FlaskClient, mark: str) -> TestResponse:
    page = browser.get("/sessions").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    return browser.post("/sessions/end", data={"csrf_token": unescape(token[1]), "mark": mark})


def test_one_device_is_signed_out(two: tuple[FlaskClient, FlaskClient]) -> None:
    computer, phone = two
    (other,) = [mark for mark, own in marks(computer) if not own]
    assert end(computer, other).headers["Location"] == "/sessions"
    assert is_in(computer) and not is_in(phone)


def test_this_device_is_signed_out(two: tuple[FlaskClient, FlaskClient]) -> None:
    computer, phone = two
    (own,) = [mark for mark, own in marks(computer) if own]
    assert end(computer, own).headers["Location"] == "/"
    assert not is_in(computer) and is_in(phone)


def test_all_other_devices_are_signed_out(portal: Portal, two: tuple[FlaskClient, FlaskClient]) -> None:
    computer, phone = two
    portal.submit(computer, "/sessions", "/sessions/end-others")
    assert is_in(computer) and not is_in(phone)
    assert "Sign out everywhere else" not in computer.get("/sessions").get_data(as_text=True)


def test_nobody_ends_somebody_else_s_session(portal: Portal, two: tuple[FlaskClient, FlaskClient]) -> None:
    stranger = portal.browser()
    sign_in(portal, stranger, portal.a_student(active=True).album)
    for mark, _ in marks(two[0]):
        end(stranger, mark)
    assert is_in(two[0]) and is_in(two[1]) and is_in(stranger)


def test_a_mark_is_no_key(two: tuple[FlaskClient, FlaskClient], portal: Portal) -> None:
    for mark, _ in marks(two[0]):
        thief = portal.browser()
        thief.set_cookie("estudent", mark)
        assert not is_in(thief)


def test_whoever_leaves_the_university_is_signed_out(portal: Portal, student: Student) -> None:
    browser = portal.signed_in(student)
    with portal.campus.database.writing() as connection:
        row = tables.student.c.id == student.key
        connection.execute(tables.student.update().where(row).values(standing=Standing.RESIGNED.value))
    assert browser.get("/fees").headers["Location"] == "/"
    assert browser.get("/").status_code == 200


# changing the password


def change(portal: Portal, browser: FlaskClient, old: str, new: str, again: str = "") -> TestResponse:
    return portal.submit(browser, "/password", "/password", current=old, password=new, password_again=again or new)


def test_a_new_password_ends_every_other_session(portal: Portal, two: tuple[FlaskClient, FlaskClient]) -> None:
    computer, phone = two
    before = cookie(computer)
    assert change(portal, computer, PASSWORD, NEW).headers["Location"] == "/account"
    assert "Your password is changed." in computer.get("/account").get_data(as_text=True)
    assert cookie(computer) != before
    assert is_in(computer) and not is_in(phone)


def test_a_new_password_works_at_once_and_the_old_one_no_more(portal: Portal, student: Student) -> None:
    change(portal, portal.signed_in(student), PASSWORD, NEW)
    assert sign_in(portal, portal.browser(), student.album).status_code == 403
    assert sign_in(portal, portal.browser(), student.album, NEW).status_code == 302
    lines = [line for line in portal.campus.journal.of(student.key) if line.step == "password changed"]
    assert [line.actor for line in lines] == [f"student {student.album}"]
    kinds = [row["kind"] for row in portal.registry.rows(tables.message)]
    assert kinds == ["password_changed"]


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ((WRONG, NEW, ""), "current"),
        (("", NEW, ""), "current"),
        ((PASSWORD, "too short", ""), "password"),
        ((PASSWORD, NEW, f"{NEW}!"), "password_again"),
        ((PASSWORD, PASSWORD, ""), "password"),
        ((PASSWORD, "x" * 10_000, ""), "password"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_nothing_changes(
    portal: Portal, student: Student, typed: tuple[str, str, str], field: str
) -> None:
    answer = change(portal, portal.signed_in(student), *typed)
    assert answer.status_code == 400
    assert f'<a href="#{field}">' in answer.get_data(as_text=True)
    assert portal.campus.passwords.verify(str(student.album), PASSWORD).accepted


def test_a_found_session_is_no_way_to_guess_the_password(portal: Portal, student: Student) -> None:
    browser = portal.signed_in(student)
    assert [change(portal, browser, WRONG, NEW).status_code for _ in range(5)] == [400] * 5
    assert change(portal, browser, PASSWORD, NEW).status_code == 429
    assert portal.campus.passwords.verify(str(student.album), PASSWORD).accepted


def demand_change(portal: Portal, student: Student) -> None:
    name = f"uid={student.album.login},ou=people,{portal.slapd.suffix}"
    portal.slapd.manage(f"dn: {name}\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n")


def test_whoever_must_change_sees_no_other_page_before(portal: Portal, student: Student) -> None:
    demand_change(portal, student)
    browser = portal.browser()
    assert sign_in(portal, browser, student.album).headers["Location"] == "/password"
    for page in ("/", "/steps", "/fees", "/account", "/sessions"):
        assert browser.get(page).headers["Location"] == "/password"
    assert "You must choose a new password" in browser.get("/password").get_data(as_text=True)
    with browser.get("/static/portal.css") as sheet:
        assert sheet.status_code == 200
    assert change(portal, browser, PASSWORD, NEW).headers["Location"] == "/account"
    assert is_in(browser)
    assert sign_in(portal, portal.browser(), student.album, NEW).headers["Location"] == "/steps"


def test_whoever_must_change_may_sign_out(portal: Portal, student: Student) -> None:
    demand_change(portal, student)
    browser = portal.browser()
    sign_in(portal, browser, student.album)
    assert portal.submit(browser, "/password", "/sign-out").headers["Location"] == "/"


# the desk


@pytest.fixture
def clerk(slapd: Slapd) -> Iterator[str]:
    user = f"j.kowalska{next(NUMBERS)}"
    slapd.add_staff(user, PASSWORD, "Janina Kowalska", "desk-clerks")
    yield user


def enter_desk(portal: Portal, browser: FlaskClient, user: str, password: str = PASSWORD, **typed: str) -> TestResponse:
    return portal.submit(browser, "/desk/login", "/desk/login", name=user, password=password, **typed)


def test_a_clerk_comes_to_the_desk(portal: Portal, clerk: str) -> None:
    browser = portal.browser()
    answer = enter_desk(portal, browser, clerk)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/desk/")
    page = browser.get("/desk/")
    assert page.status_code == 200 and "Janina Kowalska" in page.get_data(as_text=True)
    assert browser.get("/").headers["Location"] == "/desk/"


def test_a_clerk_comes_back_to_the_page_that_was_asked_for_and_nowhere_else(portal: Portal, clerk: str) -> None:
    assert enter_desk(portal, portal.browser(), clerk, next="/desk/board").headers["Location"] == "/desk/board"
    for where in ABROAD:
        assert enter_desk(portal, portal.browser(), clerk, next=where).headers["Location"] == "/"


def test_a_refusal_at_the_desk_tells_nothing(portal: Portal, clerk: str, slapd: Slapd) -> None:
    slapd.add_staff("outsider", PASSWORD, "Olga Outsider")
    wrong = enter_desk(portal, portal.browser(), clerk, WRONG)
    assert wrong.status_code == 403
    for user in ("nobody", "outsider", "provisioner", "*"):
        answer = enter_desk(portal, portal.browser(), user)
        assert (answer.status_code, shown(answer)) == (wrong.status_code, shown(wrong))


def test_the_staff_waits_too(portal: Portal, clerk: str) -> None:
    assert [enter_desk(portal, portal.browser(), clerk, WRONG).status_code for _ in range(5)] == [403] * 5
    assert enter_desk(portal, portal.browser(), clerk).status_code == 429


def test_a_student_s_password_opens_no_desk_and_a_clerk_s_no_student_s_page(
    portal: Portal, student: Student, clerk: str
) -> None:
    assert enter_desk(portal, portal.browser(), student.album.login).status_code == 403
    assert sign_in(portal, portal.browser(), clerk).status_code == 403


def test_one_browser_is_never_student_and_staff_at_once(portal: Portal, student: Student, clerk: str) -> None:
    browser = portal.signed_in(student)
    enter_desk(portal, browser, clerk)
    assert not is_in(browser)
    assert browser.get("/desk/").status_code == 200
    at_desk = portal.at_the_desk(StaffMember(clerk, "Janina Kowalska", Role.CLERK))
    portal.submit(at_desk, "/desk/", "/sign-out")
    assert at_desk.get("/desk/").status_code == 302
