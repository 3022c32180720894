"""The mailbox: a name is chosen, checked, confirmed and asked for; then the page follows it until it works."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from threading import Barrier
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from estudent.adapters.registry import tables
from estudent.domain.lifecycle import Standing
from estudent.domain.mailbox_name import NameFault, fault_of
from estudent.domain.mailbox_watch import WAY
from estudent.domain.person_name import PersonName
from estudent.domain.student import MailboxState, Student
from estudent.ports import Sighting
from tests.portal.test_steps import activated, asked, linked, words
from tests.portal.world import DOMAIN, NUMBERS, Portal, form_in

pytestmark = pytest.mark.enable_socket
HOSTILE = {
    "ten thousand letters": "a" * 10_000,
    "ten thousand names": "anna.nowak." * 900,
    "NUL": "anna\0nowak",
    "control": "anna\x1bnowak",
    "line breaks": "anna\r\nBcc: x@y",
    "right to left": "\u202eanna\u202c.\u200fnowak?",
    "emoji": "anna😀nowak",
    "combining": "a" + "\u0301" * 500,
    "SQL": "x'; DROP TABLE address; --",
    "LDAP": "*)(uid=*))(|(uid=*",
    "template": "{{ 7*7 }}{% include '/etc/passwd' %}",
    "markup": '"><script>alert(1)</script>',
    "path": "../../etc/passwd",
    "look-alike letters": "аnna.nоwak",
    "wide letters": "ａｎｎａ.ｎｏｗａｋ＠",
    "surrogate": "anna\ud800",
    "two addresses": f"anna@{DOMAIN},root@{DOMAIN}",
}


def typed(browser: FlaskClient, path: str = "/mailbox/new", to: str = "", **fields: str) -> tuple[int, str]:
    """Open the form, type, send; return the answer's status and text."""
    action, hidden = form_in(browser.get("/mailbox/new").get_data(as_text=True), "/mailbox/new")
    answer = browser.post(to or action, data=hidden | fields)
    return answer.status_code, answer.get_data(as_text=True)


def confirmed(browser: FlaskClient, html: str) -> int:
    """Press the button of the page that asks whether all is right."""
    action, hidden = form_in(html, "/mailbox/request")
    return browser.post(action, data=hidden).status_code


def suggested(html: str) -> list[str]:
    return [value for value in re.findall(r'type="radio"[^>]*value="([^"]+)"', html) if value != "own"]


def names_given(portal: Portal) -> list[str]:
    return sorted(row["address"] for row in portal.registry.rows(tables.address) if row["kind"] == "primary")


def test_a_student_chooses_confirms_and_has_asked(portal: Portal) -> None:
    student = activated(portal, name=PersonName("Żak", "Łucja", "Ewa"))
    browser = portal.signed_in(student)
    assert 'href="/mailbox/new"' in browser.get("/mailbox").get_data(as_text=True)
    form = browser.get("/mailbox/new").get_data(as_text=True)
    assert suggested(form) == ["lucja.zak", "lucja.e.zak", "l.zak", "zak.lucja"]
    assert f"s{student.album}@{DOMAIN}" in words(form)
    status, page = typed(browser, choice="lucja.zak")
    assert status == 200 and f"lucja.zak@{DOMAIN}" in words(page)
    assert "another one only if your name changes" in words(page)
    assert names_given(portal) == [] and portal.campus.outbox.waiting() == 0
    assert confirmed(browser, page) == 303
    assert portal.load(str(student.album)).mailbox == f"lucja.zak@{DOMAIN}"
    assert portal.campus.outbox.waiting() == 1
    assert portal.campus.journal.of(student.key)[-1].actor == f"student {student.album}"
    after = browser.get("/mailbox").get_data(as_text=True)
    assert "Your mailbox is on its way" in words(after) and 'data-waiting="yes"' in after


@pytest.mark.parametrize("own", ["mistrz", " Mistrz ", "MISTRZ", f"mistrz@{DOMAIN}"])
def test_a_name_of_one_s_own_is_meant_wherever_one_was_typed(portal: Portal, own: str) -> None:
    student = activated(portal)
    browser = portal.signed_in(student)
    status, page = typed(browser, choice=f"a.{student.album}", name=own)
    assert status == 200
    assert confirmed(browser, page) == 303
    assert portal.load(str(student.album)).mailbox == f"mistrz@{DOMAIN}"


@pytest.mark.parametrize(
    "name, said",
    [
        ("ab", "Use at least 3 characters"),
        ("a" * 41, "Use at most 40 characters"),
        ("żaneta", "without accents"),
        ("12345", "at least one letter"),
        ("rektor", "kept for an office"),
        ("adm1n", "looks like that of an office"),
        ("r.e.k.t.o.r", "looks like that of an office"),
        ("s123456", "kept for album numbers"),
        ("k.u.r.w.a", "could offend"),
    ],
)
def test_a_name_against_the_rules_is_refused_with_the_way_out_and_the_typed_text_is_kept(
    portal: Portal, name: str, said: str
) -> None:
    browser = portal.signed_in(activated(portal))
    status, page = typed(browser, choice="own", name=name)
    assert status == 422
    assert said in words(page) and f'value="{name}"' in page
    assert 'role="alert"' in page and 'aria-invalid="true"' in page and "name-error" in page
    assert len(suggested(page)) == 4


def test_what_somebody_else_has_or_what_looks_like_it_is_refused_with_free_names(portal: Portal) -> None:
    asked(portal, "jan.kowalski")
    browser = portal.signed_in(activated(portal, name=PersonName("Kowalski", "Jan")))
    assert "jan.kowalski" not in suggested(browser.get("/mailbox/new").get_data(as_text=True))
    for name, said in [
        ("jan.kowalski", "Somebody has this name already"),
        ("jan.kowa1ski", "looks like somebody else"),
    ]:
        status, page = typed(browser, choice="own", name=name)
        assert status == 422 and said in words(page)
        assert [fault_of(each) for each in suggested(page)] == [None] * 4


def test_who_was_slower_at_the_last_step_is_shown_the_free_names(portal: Portal) -> None:
    student = activated(portal, name=PersonName("Kowalski", "Jan"))
    browser = portal.signed_in(student)
    _, page = typed(browser, choice="jan.kowalski")
    asked(portal, "jan.kowalski")
    action, hidden = form_in(page, "/mailbox/request")
    answer = browser.post(action, data=hidden)
    assert answer.status_code == 422
    assert "Somebody has this name already" in words(answer.get_data(as_text=True))
    assert suggested(answer.get_data(as_text=True))[0] == "j.kowalski"
    assert portal.load(str(student.album)).mailbox is None


def test_of_two_who_choose_one_name_in_the_same_moment_one_gets_it_and_the_other_is_shown_free_names(
    portal: Portal,
) -> None:
    students = [activated(portal, name=PersonName("Kowalski", "Jan")) for _ in range(4)]
    browsers = [portal.signed_in(student) for student in students]
    pages = [typed(browser, choice="own", name="mistrz")[1] for browser in browsers]
    barrier = Barrier(len(browsers))

    def press(at: int) -> tuple[int, str]:
        action, hidden = form_in(pages[at], "/mailbox/request")
        barrier.wait(timeout=20)
        answer = browsers[at].post(action, data=hidden)
        return answer.status_code, answer.get_data(as_text=True)

    with ThreadPoolExecutor(len(browsers)) as pool:
        answers = list(pool.map(press, range(len(browsers))))
    assert sorted(status for status, _ in answers) == [303, 422, 422, 422]
    assert all(suggested(page)[0] == "jan.kowalski" for status, page in answers if status == 422)
    assert names_given(portal) == [f"mistrz@{DOMAIN}"]
    assert portal.campus.outbox.waiting() == 1


def test_in_two_tabs_the_first_choice_stands(portal: Portal) -> None:
    student = activated(portal)
    browser = portal.signed_in(student)
    _, first = typed(browser, choice="own", name="mistrz")
    _, second = typed(browser, choice="own", name="lucja")
    assert [confirmed(browser, page) for page in (first, second, first)] == [303, 303, 303]
    assert portal.load(str(student.album)).mailbox == f"mistrz@{DOMAIN}"
    assert portal.campus.outbox.waiting() == 1
    assert browser.get("/mailbox/new").headers["Location"] == "/mailbox"


def test_who_says_no_chooses_again_and_what_was_typed_is_still_there(portal: Portal) -> None:
    browser = portal.signed_in(activated(portal))
    _, page = typed(browser, choice="own", name="mistrz")
    action, hidden = form_in(page, "/mailbox/new")
    again = browser.post(action, data=hidden)
    assert again.status_code == 200 and 'value="mistrz"' in again.get_data(as_text=True)
    assert names_given(portal) == []


def test_a_forged_form_is_refused(portal: Portal) -> None:
    browser = portal.signed_in(activated(portal))
    for path in ("/mailbox/new", "/mailbox/request"):
        assert browser.post(path, data={"name": "mistrz"}).status_code == 400
        assert browser.post(path, data={"name": "mistrz", "csrf_token": "forged"}).status_code == 400
    assert names_given(portal) == []


def test_nobody_asks_for_a_mailbox_without_signing_in(portal: Portal) -> None:
    for path in ("/mailbox", "/mailbox/live", "/mailbox/new"):
        assert portal.browser().get(path).status_code == 302


# the check while typing


def token(browser: FlaskClient) -> str:
    return form_in(browser.get("/steps").get_data(as_text=True))[1]["csrf_token"]


def check(browser: FlaskClient, name: str) -> dict[str, object]:
    typed = urlencode({"name": name, "csrf_token": token(browser)}, errors="surrogatepass")
    answer = browser.post("/mailbox/check", data=typed, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    found: dict[str, object] = answer.get_json()
    return found


def test_a_name_is_judged_while_it_is_typed_and_nothing_is_reserved(portal: Portal) -> None:
    asked(portal, "jan.kowalski")
    browser = portal.signed_in(activated(portal))
    assert check(browser, "Mistrz") == {"free": True, "text": f"mistrz@{DOMAIN} is free."}
    for name in ("", "ab", "rektor", "jan.kowalski", "jankowalski", "jan.kowa1ski"):
        assert check(browser, name)["free"] is False
    assert names_given(portal) == [f"jan.kowalski@{DOMAIN}"]


def test_one_s_own_earlier_name_is_no_clash(portal: Portal) -> None:
    student = asked(portal, "jan.kowalski")
    portal.campus.mailbox_register.observe([Sighting(student.key, MailboxState.CONFLICT, None, "somebody else's")])
    browser = portal.signed_in(student)
    assert check(browser, "jankowalski")["free"] is True
    assert check(browser, "jan.kowalski")["free"] is False


def test_asking_too_often_is_slowed(portal: Portal) -> None:
    browser = portal.signed_in(activated(portal))
    typed = {"name": "anna", "csrf_token": token(browser)}
    assert {browser.post("/mailbox/check", data=typed).status_code for _ in range(95)} == {200, 429}


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
def test_every_fault_is_said_in_every_language(portal: Portal, language: str) -> None:
    asked(portal, "jan.kowalski")
    browser = portal.signed_in(activated(portal), language)
    names = {
        NameFault.TOO_SHORT: "ab", NameFault.TOO_LONG: "a" * 50, NameFault.CHARACTERS: "a b c",
        NameFault.NO_LETTER: "123", NameFault.RESERVED: "rektor", NameFault.LIKE_RESERVED: "rekt0r",
        NameFault.ALBUM_ALIAS: "s1234", NameFault.OFFENSIVE: "kurwa",
        NameFault.TAKEN: "jan.kowalski", NameFault.LIKE_TAKEN: "jankowalski",
    }  # fmt: skip
    assert set(names) == set(NameFault)
    texts = {check(browser, name)["text"] for name in names.values()}
    assert len(texts) == len(NameFault)


# hostile input


@pytest.mark.parametrize("field", ["name", "choice"])
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_is_sent_is_refused_as_a_name_and_shown_as_text(portal: Portal, text: str, field: str) -> None:
    browser = portal.signed_in(activated(portal))
    action, hidden = form_in(browser.get("/mailbox/new").get_data(as_text=True), "/mailbox/new")
    for path in (action, "/mailbox/request"):
        data = urlencode(hidden | {"choice": "own", field: text}, errors="surrogatepass")
        answer = browser.post(path, data=data, content_type="application/x-www-form-urlencoded")
        page = answer.get_data(as_text=True)
        assert answer.status_code == 422
        assert "<script>alert" not in page and "49" not in re.findall(r'value="([^"]*)"', page)
        assert len(page) < 20_000
    assert names_given(portal) == [] and portal.campus.outbox.waiting() == 0


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_the_check_takes_whatever_is_typed(portal: Portal, text: str) -> None:
    assert check(portal.signed_in(activated(portal)), text)["free"] is False


# following it


def seen(portal: Portal, student: Student, state: MailboxState, problem: str = "") -> None:
    portal.clock.turn(minutes=2)
    portal.campus.mailbox_register.observe([Sighting(student.key, state, f"id-{student.album}", problem)])


def milestones(browser: FlaskClient) -> list[str]:
    return re.findall(r'<li class="(done|waiting|later)"', browser.get("/mailbox/live").get_data(as_text=True))


def test_the_page_follows_from_the_request_to_the_working_mailbox(portal: Portal) -> None:
    student = asked(portal, usos_id=next(NUMBERS))
    browser = portal.signed_in(student)
    for done, state in enumerate((MailboxState.REQUESTED, *WAY[:-1]), 1):
        seen(portal, student, state)
        assert milestones(browser) == [*["done"] * done, "waiting", *["later"] * (6 - done)]
    assert f"we will write to {student.email}" in words(browser.get("/mailbox").get_data(as_text=True))
    seen(portal, student, MailboxState.VERIFIED)
    html = browser.get("/mailbox/live").get_data(as_text=True)
    assert 'data-waiting="no"' in html and "Your mailbox works" in words(html)
    assert 'class="button" href="https://outlook.office.com"' in html
    assert f"s{student.album}@{DOMAIN}" in words(html) and "please do not try yet" in words(html)


def test_a_working_mailbox_leads_on_to_usosweb(portal: Portal) -> None:
    html = portal.signed_in(linked(portal)).get("/mailbox").get_data(as_text=True)
    assert 'href="https://usosweb.uczelnia.example"' in html and "Identifier:" in words(html)


def test_after_a_conflict_another_name_is_chosen_and_nothing_is_lost(portal: Portal) -> None:
    student = asked(portal, "jan.kowalski")
    seen(portal, student, MailboxState.CONFLICT, "the address belongs to somebody else at Microsoft")
    browser = portal.signed_in(student)
    page = browser.get("/mailbox").get_data(as_text=True)
    assert "Please choose another name" in words(page)
    status, page = typed(browser, choice="own", name="j.kowalski")
    assert status == 200 and confirmed(browser, page) == 303
    again = portal.load(str(student.album))
    assert (again.mailbox, again.mailbox_state) == (f"j.kowalski@{DOMAIN}", MailboxState.REQUESTED)
    assert milestones(browser) == ["done", "waiting", *["later"] * 5]


@pytest.mark.parametrize("standing", [Standing.GRADUATED, Standing.RESIGNED, Standing.STRUCK_OFF])
def test_who_has_left_gets_no_mailbox_and_is_told_why(portal: Portal, standing: Standing) -> None:
    student = activated(portal)
    browser = portal.signed_in(student)
    _, confirm = typed(browser, choice="own", name="mistrz")
    with portal.campus.database.writing() as connection:
        connection.execute(update(tables.student).values(standing=standing.value))
    assert confirmed(browser, confirm) == 302
    text = words(browser.get("/").get_data(as_text=True))
    assert "Your studies here have ended" in text and "COS" in text
    assert names_given(portal) == []


def test_with_the_registry_down_the_request_is_refused_for_now_and_the_same_form_works_later(portal: Portal) -> None:
    student = activated(portal)
    browser = portal.signed_in(student)
    _, page = typed(browser, choice="own", name="mistrz")
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE address RENAME TO gone")
    assert confirmed(browser, page) == 503
    with portal.campus.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO address")
    assert confirmed(browser, page) == 303
    assert portal.load(str(student.album)).mailbox == f"mistrz@{DOMAIN}"


def test_the_name_and_its_field_are_tied_to_hint_and_error(portal: Portal) -> None:
    browser = portal.signed_in(activated(portal))
    _, page = typed(browser, choice="own", name="x")
    (field,) = re.findall(r'<input type="text" id="name"[^>]*>', page)
    (described,) = re.findall(r'aria-describedby="([^"]+)"', unescape(field))
    assert all(f'id="{each}"' in page for each in described.split())
