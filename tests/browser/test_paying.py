"""The manual's step 5: what is to be paid, where, until when; and what the bank's booking date makes of a payment."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from estudent.adapters.holidays import is_holiday
from estudent.domain.statement import LineKind
from estudent.domain.working_days import is_working_day, last_safe_day
from sandbox.bank.__main__ import write
from sandbox.bank.month import DayOfBank, Movement
from sandbox.browser import DESKTOP
from sandbox.sample import Row
from sandbox.semester import Semester
from sandbox.walking import Walk
from tests.browser.conftest import Visit

pytestmark = pytest.mark.enable_socket
NO_FEES = 8
"""The story of students who owe nothing yet."""

HEAD = "source;album;title;amount;currency;due\n"
PAID = Decimal("1850.55")


def ask(semester: Semester, row: Row, due: date) -> None:
    """Let USOS export a receivable, and take it in."""
    semester.university.receivables.mkdir(exist_ok=True)
    said = f"R{row.album_number};{row.album_number};Czesne za semestr;{PAID};PLN;{due}\n"
    (semester.university.receivables / f"{row.album_number}.csv").write_text(HEAD + said, encoding="utf-8")
    with semester.campus() as here:
        assert here.take_receivables.run().new == 1


def pay(semester: Semester, row: Row, account: str, ordered: date, booked: date) -> None:
    """Let the bank book a transfer, and read its statement."""
    reference = f"B{row.album_number}"
    paid = Movement(ordered, LineKind.CREDIT, PAID, account, reference, "Czesne", "ŁUCJA ŻAK", booked)
    write([DayOfBank(booked, row.album_number, Decimal("0.00"), (paid,))], semester.university.bank, "mt940")
    with semester.campus() as here:
        assert here.book_payments.run().tally.new == 1


def fees(walk: Walk, row: Row) -> None:
    walk.sign_in(f"s{row.album_number}")
    walk.choose_from_menu("Fees")


def working(day: date) -> date:
    while not is_working_day(day, is_holiday):
        day += timedelta(days=1)
    return day


@pytest.fixture
def payer(semester: Semester) -> Row:
    row = semester.somebody_of_story(NO_FEES)
    semester.activate(row)
    return row


def test_a_student_sees_what_to_pay_where_and_until_when(semester: Semester, visit: Visit, payer: Row) -> None:
    due = date.today() + timedelta(days=21)  # noqa: DTZ011 - the portal's day is this machine's
    ask(semester, payer, due)
    walk = Walk(semester, visit(DESKTOP))
    fees(walk, payer)
    page = walk.page
    expect(page.get_by_role("heading", name="Czesne za semestr")).to_be_visible()
    expect(page.get_by_text("1,850.55").first).to_be_visible()
    expect(page.locator(f'.deadline time[datetime="{last_safe_day(due, is_holiday)}"]')).to_be_visible()
    expect(page.locator(f'time[datetime="{due}"]').first).to_be_visible()
    owner = "SELECT nrb FROM payment_account WHERE student_id = ?"
    assert semester.rows(owner, semester.key_of(payer.album_number)) == [(walk.number_shown(),)]


@pytest.mark.parametrize(
    ("booked_after", "says"),
    [(1, "booked after the due date"), (0, "paid in time")],
    ids=["booked a day late", "ordered late and booked in time"],
)
def test_the_booking_date_alone_decides(
    semester: Semester, visit: Visit, payer: Row, booked_after: int, says: str
) -> None:
    due = working(date.today() - timedelta(days=14))  # noqa: DTZ011 - the portal's day is this machine's
    booked = working(due + timedelta(days=booked_after))
    ordered = booked - timedelta(days=1)
    assert ordered > last_safe_day(due, is_holiday)
    ask(semester, payer, due)
    walk = Walk(semester, visit(DESKTOP))
    fees(walk, payer)
    pay(semester, payer, walk.number_shown(), ordered, booked)
    walk.page.reload()
    row = walk.page.get_by_role("row", name="Czesne za semestr")
    expect(row.get_by_text(says)).to_be_visible()
    expect(row.get_by_role("cell").nth(3).locator(f'time[datetime="{booked}"]')).to_be_visible()
