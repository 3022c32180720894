"""Far systems that are down, forms sent twice, two students who want one name: nothing half done, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from sandbox.sample import Row
from sandbox.semester import PASSWORD, Semester, until
from sandbox.university import MAIL_DOMAIN
from sandbox.walking import CODE
from tests.browser.guest import Guest, Said

pytestmark = pytest.mark.enable_socket
Step = Callable[[Guest, Row], Said]
Form = tuple[str, dict[str, str]]
NOT_NOW, NOTHING_LOST = 503, "Nothing was changed and nothing is lost"


# The steps of a student, each ready to be taken, so that something can be taken away before.


def sign_in(guest: Guest, row: Row) -> Said:
    return guest.sign_in(f"s{row.album_number}")


def claim(guest: Guest, row: Row) -> Said:
    return guest.submit("/create/data", album=row.album_number, family_name=row.family_name, pesel=row.pesel)


def open_link(guest: Guest, row: Row) -> Said:
    return guest.submit("/activate", link=guest.semester.activation_link(row))


def choose_password(guest: Guest, _row: Row) -> Said:
    return guest.submit("/create/password", password=PASSWORD, password_again=PASSWORD)


def forget(guest: Guest, row: Row) -> Said:
    return guest.submit("/forgot", name=f"s{row.album_number}")


def choose_name(guest: Guest, name: str) -> Form:
    """Choose a name and stop before the last button; return the form behind it."""
    html = guest.submit("/mailbox/new", "/mailbox/new", name=name, choice="own").response.text
    token = re.findall(r'name="csrf_token" value="([^"]+)"', html)[-1]
    return "/mailbox/request", {"csrf_token": token, "name": name}


def test_two_students_want_one_name_in_the_same_moment_and_one_gets_it(semester: Semester) -> None:
    rows = [semester.somebody(), semester.somebody()]
    semester.activate(*rows)
    with Guest(semester) as one, Guest(semester) as other:
        for guest, row in zip((one, other), rows, strict=True):
            sign_in(guest, row)
        forms = [(guest, choose_name(guest, "ten.sam")) for guest in (one, other)]
        start = Barrier(2)

        def send(guest: Guest, form: Form) -> Said:
            start.wait()
            return guest.send(form)

        with ThreadPoolExecutor(2) as pair:
            sent = list(pair.map(send, *zip(*forms, strict=True)))
        assert sorted(said.status for said in sent) == [303, 422]
        assert len(semester.rows("SELECT 1 FROM mailbox WHERE address = ?", f"ten.sam@{MAIL_DOMAIN}")) == 1
        slower = one if sent[0].status == 422 else other
        assert slower.send(choose_name(slower, "ten.drugi")).status == 303


def test_without_the_directory_signing_in_says_so_and_works_afterwards(semester: Semester) -> None:
    row = semester.somebody()
    semester.activate(row)
    with Guest(semester) as guest:
        with semester.without_directory():
            is_put_off(sign_in(guest, row))
        assert sign_in(guest, row).leads_to == "/steps"


def test_without_the_directory_no_password_is_half_set_and_the_way_stays_open(semester: Semester) -> None:
    row = semester.somebody()
    with Guest(semester) as guest:
        open_link(guest, row)
        guest.submit("/activate/confirm", album=row.album_number)
        with semester.without_directory():
            is_put_off(choose_password(guest, row))
        assert choose_password(guest, row).leads_to == "/create/done"
    with Guest(semester) as again:
        assert sign_in(again, row).leads_to == "/steps"


def test_without_the_directory_the_desk_still_shows_a_student(semester: Semester) -> None:
    row = semester.somebody()
    with Guest(semester) as clerk:
        clerk.sign_in("jkowalska", semester.passwords["jkowalska"], "/desk/login")
        with semester.without_directory():
            page = clerk.read(f"/desk/student/{row.album_number}")
        assert page.status == 200 and "directory does not answer" in page.response.text


STEPS: dict[str, tuple[Step, str, str]] = {
    "sign in": (sign_in, "attempt", "/steps"),
    "claim": (claim, "one_time_code", "/create/code"),
    "open the letter": (open_link, "account", "/activate/confirm"),
    "forgotten": (forget, "message", "/recover"),
    "every page": (sign_in, "session", "/steps"),
}


@pytest.mark.parametrize("name", STEPS)
def test_without_the_registry_a_step_says_so_and_works_afterwards(name: str, semester: Semester) -> None:
    step, table, leads_to = STEPS[name]
    row = semester.somebody()
    if step in (sign_in, forget):
        semester.activate(row)
    with Guest(semester) as guest:
        guest.read("/")
        before = _everything(semester, row)
        with semester.without_table(table):
            is_put_off(step(guest, row) if table != "session" else guest.read("/"))
        assert _everything(semester, row) == before
        assert step(guest, row).leads_to == leads_to


def test_without_the_registry_a_mailbox_is_not_half_asked_for(semester: Semester) -> None:
    row = semester.somebody()
    semester.activate(row)
    with Guest(semester) as guest:
        sign_in(guest, row)
        form = choose_name(guest, f"cicho.{row.album_number}")
        with semester.without_table("request"):
            is_put_off(guest.send(form))
        assert semester.rows("SELECT 1 FROM address WHERE address LIKE ?", f"cicho.{row.album_number}@%") == []
        assert guest.send(form).status == 303
    until(lambda: semester.at_microsoft(row.album_number), "the request was lost")


def test_without_the_post_the_code_waits_and_comes_when_the_post_is_back(semester: Semester) -> None:
    row = semester.somebody()
    with Guest(semester) as guest:
        seen = semester.newest(row.email)
        with semester.without_post():
            assert claim(guest, row).leads_to == "/create/code"
            assert guest.read("/create/code").status == 200
        code = semester.letter(row.email, CODE, after=seen).group(1)
        assert guest.submit("/create/code", "/create/code", code=code).leads_to == "/create/password"


def test_what_was_used_opens_nothing_a_second_time(semester: Semester) -> None:
    row = semester.somebody()
    with Guest(semester) as guest, Guest(semester) as thief:
        open_link(guest, row)
        open_link(thief, row)
        for each in (guest, thief):
            each.submit("/activate/confirm", album=row.album_number)
        form = guest.fill_in("/create/password", password=PASSWORD, password_again=PASSWORD)
        stolen = thief.fill_in("/create/password", password="inne haslo zlodzieja 12", password_again="x")
        stolen[1]["password_again"] = stolen[1]["password"]
        assert guest.send(form).leads_to == "/create/done"
        assert "opens nothing any more" in thief.send(stolen).response.text
        assert thief.read("/steps").status == 302
        assert open_link(thief, row).leads_to == ""
    with Guest(semester) as again:
        assert sign_in(again, row).leads_to == "/steps"


def test_a_form_is_good_for_the_visitor_to_whom_it_was_shown(semester: Semester) -> None:
    row = semester.somebody()
    semester.activate(row)
    with Guest(semester) as guest, Guest(semester) as thief:
        form = guest.fill_in("/", "/sign-in", name=f"s{row.album_number}", password=PASSWORD)
        thief.read("/")
        assert thief.send(form).status == 400
        assert guest.send(form).leads_to == "/steps"
        assert guest.send(form).leads_to == ""


def test_nothing_is_sent_from_another_site(semester: Semester) -> None:
    with Guest(semester) as guest:
        forms = ("/sign-in", "/create/data", "/forgot", "/create/office-code", "/mailbox/request", "/sign-out")
        assert {guest.send((path, {"name": "x"})).status for path in forms} == {400}


def is_put_off(said: Said) -> None:
    """The page says that it cannot be done now, that nothing was changed, and when to try again."""
    assert said.status == NOT_NOW
    assert NOTHING_LOST in said.response.text
    assert said.response.headers["Retry-After"]


def _everything(semester: Semester, row: Row) -> list[object]:
    """Return what the registry holds of a student that a step could change."""
    key = semester.key_of(row.album_number)
    queries = (
        "SELECT state, login FROM account WHERE student_id = ?",
        "SELECT count(*) FROM one_time_code WHERE student_id = ?",
        "SELECT count(*) FROM message WHERE student_id = ?",
        "SELECT count(*) FROM request WHERE student_id = ?",
        "SELECT address, state FROM mailbox WHERE student_id = ?",
    )
    return [semester.rows(query, key) for query in queries]
