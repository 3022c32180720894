"""A student whose PESEL is wrong in the feed: the clerk sees why, recruitment corrects it, and it works at once."""

from __future__ import annotations

import time

import pytest

from sandbox.sample import Row
from sandbox.semester import Semester, another_pesel
from sandbox.walking import Walk
from tests.browser.conftest import Visit

pytestmark = pytest.mark.enable_socket

ONE_MINUTE = 60.0


def test_a_wrong_pesel_is_seen_at_the_desk_and_corrected_within_a_minute(semester: Semester, visit: Visit) -> None:
    row = semester.somebody(lambda row: bool(row.pesel and not row.account_number))
    student = Walk(semester, visit())
    semester.take_in(another_pesel(row))
    student.claim(row)
    assert student.page.get_by_text(student.says("With these data we find nobody")).is_visible()

    clerk = Walk(semester, visit())
    clerk.sign_in("jkowalska", semester.passwords["jkowalska"], "/desk/login")
    assert "PESEL" in what_the_clerk_reads(clerk, row)

    corrected = time.monotonic()
    semester.take_in(row)
    student.create_by_data(row)
    assert time.monotonic() - corrected < ONE_MINUTE
    assert student.page.get_by_text(f"s{row.album_number}", exact=True).is_visible()


def test_the_desk_gives_a_code_to_a_student_whom_no_mail_reaches(semester: Semester, visit: Visit) -> None:
    row = semester.somebody()
    clerk = Walk(semester, visit())
    clerk.sign_in("jkowalska", semester.passwords["jkowalska"], "/desk/login")
    code = hand_out_a_code(clerk, row)
    student = Walk(semester, visit())
    student.open("/create/office-code")
    student.type(album=row.album_number, code=code.lower())
    student.press("Go on")
    student.choose_password("siedem krów na zielonym dachu")
    assert student.page.get_by_text(f"s{row.album_number}", exact=True).is_visible()
    clerk.open(f"/desk/student/{row.album_number}")
    assert "jkowalska" in clerk.page.locator("section", has=clerk.page.locator("#journal")).inner_text()


def test_somebody_who_may_only_read_can_change_nothing(semester: Semester, visit: Visit) -> None:
    row = semester.somebody()
    reader = Walk(semester, visit())
    reader.sign_in("rczytelnik", semester.passwords["rczytelnik"], "/desk/login")
    reader.open(f"/desk/student/{row.album_number}")
    assert reader.page.locator("main form").count() == 0
    token = reader.page.locator("[name=csrf_token]").first.get_attribute("value") or ""
    answer = reader.page.request.post(
        f"/desk/student/{row.album_number}/code",
        form={"csrf_token": token, "code-reason": "proszę o kod", "code-checked": "y"},
    )
    assert answer.status == 403


def what_the_clerk_reads(clerk: Walk, row: Row) -> str:
    """Search for the student by name and return what is said of their tries."""
    clerk.type(text=row.album_number)
    clerk.press("Search")
    assert row.family_name in clerk.heading()
    return clerk.page.locator("section", has=clerk.page.locator("#tries")).inner_text()


def hand_out_a_code(clerk: Walk, row: Row) -> str:
    """Make a code on the student's page and return it as it is shown."""
    clerk.open(f"/desk/student/{row.album_number}")
    title = clerk.says("Hand out a one-time code")
    clerk.page.locator("summary", has_text=title).click()
    inside = clerk.page.locator("details[open]")
    inside.locator("[name=code-checked]").check()
    inside.locator("[name=code-reason]").fill("straciła dostęp do poczty, legitymacja okazana")
    with clerk.page.expect_navigation():
        inside.get_by_role("button", name=title).click()
    return clerk.page.locator(".number").inner_text()
