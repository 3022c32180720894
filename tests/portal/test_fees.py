"""The page of fees, as students of many stories see it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html import unescape
from typing import Any

import pytest

from estudent.adapters.registry.tables import booking, receivable
from estudent.domain.nrb import Nrb
from estudent.domain.student import Student
from sandbox.sample.receivables import STORIES, put_receivables
from tests.builders import SORT_CODE
from tests.portal.world import Portal

pytestmark = pytest.mark.enable_socket

WEDNESDAY = datetime(2026, 10, 7, 10, tzinfo=UTC)


@pytest.fixture
def portal(portal: Portal) -> Portal:
    """The portal on an ordinary Wednesday."""
    portal.clock.now = WEDNESDAY
    return portal


def a_student(portal: Portal, *, account: bool = True) -> Student:
    student = portal.a_student(in_directory=False)
    if account:
        portal.registry.numbers.give(student.key, "tuition", number_of(student), "drawn")
    return portal.load(str(student.album))


def number_of(student: Student) -> Nrb:
    return Nrb.build(SORT_CODE, f"71234{student.album.digits:0>11}")


def owe(portal: Portal, student: Student, due: str, **changes: Any) -> int:
    """Ask a student for 1,850 zł; return the receivable's key."""
    source = f"source {portal.registry.count(receivable)}"
    usual = {"title": "Czesne, semestr zimowy", "amount": Decimal("1850.00"), "currency": "PLN", "source_id": source}
    values = usual | {"student_id": student.key, "due_date": date.fromisoformat(due)} | changes
    portal.registry.insert(receivable, **values)
    return max(int(row["id"]) for row in portal.registry.rows(receivable))


def pay(portal: Portal, student: Student, day: str, amount: str, currency: str = "PLN") -> None:
    account = portal.campus.explain_fees.fees.of(student.key).accounts[0].key
    values = {"booking_date": date.fromisoformat(day), "amount": Decimal(amount), "currency": currency}
    line = f"line {portal.registry.count(booking)}"
    portal.registry.insert(booking, payment_account_id=account, source_line=line, **values)


def page_of(portal: Portal, student: Student, language: str = "en") -> str:
    """Return the text of the page, without its tags."""
    answer = portal.signed_in(student, language).get("/fees")
    assert answer.status_code == 200
    return " ".join(unescape(re.sub("<[^>]*>", " ", answer.get_data(as_text=True))).split())


def test_whoever_is_not_signed_in_signs_in_first(portal: Portal) -> None:
    key = owe(portal, a_student(portal), "2026-10-30")
    for path in ("/fees", f"/fees/code/{key}.svg"):
        answer = portal.browser().get(path)
        assert (answer.status_code, answer.headers["Location"].startswith("/?next=")) == (302, True)


def test_the_account_number_stands_in_groups_and_is_the_student_s_alone(portal: Portal) -> None:
    student = a_student(portal)
    page = page_of(portal, student)
    assert number_of(student).in_groups in page
    assert f"belongs to {student.name.display}, album number {student.album}, and to nobody else" in page


def test_the_number_is_copied_without_its_spaces(portal: Portal) -> None:
    student = a_student(portal)
    html = portal.signed_in(student).get("/fees").get_data(as_text=True)
    assert f'hidden data-copy="{number_of(student)}"' in html


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ("2026-10-30", "Order the transfer by Wednesday, 28 October 2026 in 21 days"),
        ("2026-10-12", "Order the transfer by Thursday, 8 October 2026 tomorrow"),
        ("2026-10-11", "Order the transfer by Wednesday, 7 October 2026 today"),
        (
            "2026-10-08",
            "The last safe day to order was Tuesday, 6 October 2026 hurry Pay today, by an express transfer",
        ),
        ("2026-10-06", "The last safe day to order was Friday, 2 October 2026 overdue The due date has passed."),
    ],
)
def test_the_last_safe_day_to_order_and_what_to_do(portal: Portal, due: str, said: str) -> None:
    student = a_student(portal)
    # The last safe day for 11 October, a Sunday, is Wednesday the 7th: two working days before Friday the 9th.
    owe(portal, student, due)
    assert said in page_of(portal, student)


def test_today_is_the_day_in_the_university_s_time_zone(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-10-12")
    portal.clock.now = datetime(2026, 10, 7, 22, 30, tzinfo=UTC)
    assert "Thursday, 8 October 2026 today" in page_of(portal, student)
    # The night in which the clocks go back.
    owe(portal, student, "2026-10-27")
    portal.clock.now = datetime(2026, 10, 24, 23, 30, tzinfo=UTC)
    assert "As of 25 October 2026" in page_of(portal, student)


def test_a_part_payment_lowers_what_is_left(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-10-30")
    pay(portal, student, "2026-10-05", "850.50")
    page = page_of(portal, student)
    assert "PLN 999.50 (of PLN 1,850.00, the rest is paid)" in page
    assert "5 October 2026 PLN 850.50" in page


def test_settled_fees_tell_when_they_were_booked(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-09-30", amount=Decimal("22.00"), title="Legitymacja")
    owe(portal, student, "2026-10-01", amount=Decimal("10.00"), title="Duplikat")
    pay(portal, student, "2026-09-30", "22.00")
    pay(portal, student, "2026-10-02", "15.00")
    page = page_of(portal, student)
    assert "Legitymacja paid in time PLN 22.00 30 September 2026 30 September 2026" in page
    assert "Duplikat booked after the due date PLN 10.00 2 October 2026 1 October 2026" in page
    assert "You have paid PLN 5.00 more than was asked for." in page
    assert "There is nothing to pay." in page


def test_without_an_account_number_a_student_is_told_to_wait_and_not_to_pay_elsewhere(portal: Portal) -> None:
    student = a_student(portal, account=False)
    owe(portal, student, "2026-10-30")
    page = page_of(portal, student)
    assert "You have no account number yet." in page and "anybody else's account" in page
    assert "QR" not in page and "Title of the transfer" not in page


def test_without_receivables_there_is_nothing_to_pay(portal: Portal) -> None:
    page = page_of(portal, a_student(portal))
    assert "There is nothing to pay." in page and "No payment has been booked yet." in page
    assert "USOSweb" in page


def test_a_fee_in_another_currency_has_no_code_and_says_why(portal: Portal) -> None:
    student = a_student(portal)
    key = owe(portal, student, "2026-10-30", currency="EUR")
    page = page_of(portal, student)
    assert "EUR 1,850.00" in page and "This fee is in EUR, but your account number takes złotys" in page
    assert portal.signed_in(student).get(f"/fees/code/{key}.svg").status_code == 404


def test_the_code_is_an_image_that_the_policy_lets_pass(portal: Portal) -> None:
    student = a_student(portal)
    key = owe(portal, student, "2026-10-30")
    browser = portal.signed_in(student)
    html = browser.get("/fees").get_data(as_text=True)
    assert re.search(rf'<img src="/fees/code/{key}.svg" width="196" height="196" alt="QR code of a transfer of', html)
    image = browser.get(f"/fees/code/{key}.svg")
    assert (image.status_code, image.mimetype) == (200, "image/svg+xml")
    assert image.headers["Cache-Control"] == "no-store"
    assert image.get_data() == portal.campus.draw_code(
        f"|PL|{number_of(student)}|185000|Politechnika Przykła|{student.album} Czesne, semestr zimowy|||"[:200]
    )


def test_nobody_gets_another_s_code(portal: Portal) -> None:
    key = owe(portal, a_student(portal), "2026-10-30")
    other = portal.signed_in(a_student(portal))
    assert other.get(f"/fees/code/{key}.svg").status_code == 404
    for nonsense in ("0", "-1", "9" * 40, "x", "1%00"):
        assert other.get(f"/fees/code/{nonsense}.svg").status_code == 404


def test_an_amount_that_the_code_cannot_hold_is_typed(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-10-30", amount=Decimal("12400.00"))
    assert "Type the amount yourself" in page_of(portal, student)


def test_two_accounts_are_named_for_what_they_are_for(portal: Portal) -> None:
    student = a_student(portal)
    portal.registry.numbers.give(student.key, "dormitory", Nrb.build(SORT_CODE, "9" * 16), "drawn")
    owe(portal, student, "2026-10-30")
    page = page_of(portal, student)
    assert "Your account numbers" in page
    assert "Tuition and other fees of study" in page and "Dormitory" in page


def test_a_title_is_shown_as_text_whatever_stands_in_it(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-10-30", title='<script>alert(1)</script>{{ 7*7 }}" onload="|\u202e')
    html = portal.signed_in(student).get("/fees").get_data(as_text=True)
    assert "<script>alert" not in html and '" onload="' not in html and "{{ 7*7 }}" in html


def test_who_paid_and_sees_nothing_learns_from_which_day_on_to_write(portal: Portal) -> None:
    page = page_of(portal, a_student(portal))
    assert "If you ordered it on Friday, 2 October 2026 or earlier and it is not here, write to us." in page


@pytest.mark.parametrize("language", ["pl", "en", "uk"])
@pytest.mark.parametrize("story", range(len(STORIES)))
def test_every_story_is_told_in_every_language(portal: Portal, story: int, language: str) -> None:
    student = a_student(portal)
    while student.key % len(STORIES) != story:
        student = a_student(portal)
    put_receivables(portal.campus.database, [student.key], portal.campus.today())
    assert page_of(portal, student, language)


def test_money_and_dates_are_written_as_the_language_has_them(portal: Portal) -> None:
    student = a_student(portal)
    owe(portal, student, "2026-10-30")
    page = page_of(portal, student, "pl")
    assert "1 850,00 zł" in page and "środa, 28 października 2026" in page


def test_samples_are_put_once_and_are_the_same_for_the_same_student(portal: Portal) -> None:
    students = [a_student(portal).key for _ in STORIES]
    today = portal.campus.today()
    fees = sum(len(story) for story in STORIES)
    assert [put_receivables(portal.campus.database, students, today) for _ in range(2)] == [fees, 0]
    booked = portal.registry.count(booking)
    assert put_receivables(portal.campus.database, students, date(2027, 1, 1)) == 0
    assert portal.registry.count(booking) == booked
