"""The desk's pages of payments: who may see them, and what a clerk can do there."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from estudent.adapters.registry.tables import booking, fee_file, payment_account, statement, statement_line
from estudent.bootstrap import Campus
from estudent.domain.nrb import PaymentScheme
from estudent.ports import AccountNumbers, Misconfigured, Role, StaffMember
from estudent.services.watch_schemes import WatchSchemes
from estudent.settings import StatementSettings
from sandbox.slapd import Slapd
from tests.builders import SORT_CODE
from tests.contract.registry_world import START, nrb
from tests.portal.world import Portal, a_portal, form_in

pytestmark = [
    pytest.mark.enable_socket,
    pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal"),
]
READER = StaffMember("ereader", "Ewa Reader", Role.READER)
CLERK = StaffMember("jkowalska", "Joanna Kowalska", Role.CLERK)
OURS = "27109021380000000100000001"
GROUPED = "27 1090 2138 0000 0001 0000 0001"


@pytest.fixture
def album(portal: Portal) -> str:
    """A student with an account, and a payment with the album number in its title that waits."""
    student = portal.a_student(in_directory=False)
    given = {"nrb": str(nrb(student.key)), "origin": "usos", "given_at": START}
    portal.registry.insert(payment_account, student_id=student.key, purpose="tuition", **given)
    file = {"kind": "statement", "name": "bank/a.sta", "bank": "bank", "digest": "d", "read_at": START}
    portal.registry.insert(fee_file, id=1, **file)
    portal.registry.insert(statement, id=1, fee_file_id=1, account="1", number="17", currency="PLN")
    line = {"line": 7, "position": 1, "content": "c", "kind": "credit", "amount": Decimal("12.50"), "currency": "PLN"}
    said = {"account": "", "reference": "B1", "title": f"czesne {student.album}", "payer": "<b>JAN"}
    fate = {"state": "unmatched", "reason": "no account", "decision": "", "booking_date": date(2026, 10, 9)}
    portal.registry.insert(statement_line, id=1, statement_id=1, **line, **said, **fate)
    return str(student.album)


def test_what_waits_is_listed_with_its_reason(portal: Portal, album: str) -> None:
    page = portal.at_the_desk(READER).get("/desk/payments").text
    assert "PLN\N{NO-BREAK SPACE}12.50" in page and "It names no individual account." in page and "bank/a.sta" in page


def test_a_reader_sees_whose_it_might_be_and_can_do_nothing(portal: Portal, album: str) -> None:
    browser = portal.at_the_desk(READER)
    page = browser.get("/desk/payments/1").text
    assert album in page and "the album number stands in the title" in page
    assert "&lt;b&gt;JAN" in page and "Book it on this account" not in page
    _, token = form_in(page)
    assert browser.post("/desk/payments/1/aside", data=token | {"aside-reason": "not mine"}).status_code == 403


def test_a_stranger_sees_nothing(portal: Portal, album: str) -> None:
    assert portal.browser().get("/desk/payments/1").status_code == 302


def test_a_clerk_books_it_and_takes_it_back(portal: Portal, album: str) -> None:
    browser = portal.at_the_desk(CLERK)
    _, form = form_in(browser.get("/desk/payments/1").text, "/desk/payments/1/assign")
    account = str(portal.registry.rows(payment_account)[-1]["id"])
    short = browser.post("/desk/payments/1/assign", data=form | {"assign-account": account, "assign-reason": "x"})
    assert short.status_code == 400 and "5 to 200 characters" in short.text
    typed = {"assign-account": account, "assign-reason": "it is in the title"}
    assert browser.post("/desk/payments/1/assign", data=form | typed).status_code == 303
    page = browser.get("/desk/payments/1")
    assert "it is in the title" in page.text
    _, form = form_in(page.text, "/desk/payments/1/undo")
    assert browser.post("/desk/payments/1/undo", data=form | {"undo-reason": "wrong person"}).status_code == 303
    assert [row["amount"] for row in portal.registry.rows(booking)] == [Decimal("12.50"), Decimal("-12.50")]


def test_an_account_that_was_not_offered_cannot_be_chosen(portal: Portal, album: str) -> None:
    browser = portal.at_the_desk(CLERK)
    _, form = form_in(browser.get("/desk/payments/1").text, "/desk/payments/1/assign")
    typed = {"assign-account": "999999", "assign-reason": "it is in the title"}
    assert browser.post("/desk/payments/1/assign", data=form | typed).status_code == 400
    assert portal.registry.count(booking) == 0


@pytest.mark.parametrize(
    ("opening", "number", "told"),
    [
        ("30.00", "19", "leave a difference of PLN\N{NO-BREAK SPACE}20.00"),
        ("10.00", "19", "after number 17 of "),
        ("10.00", "18", ""),
    ],
)
def test_a_statement_that_has_not_come_is_told(portal: Portal, opening: str, number: str, told: str) -> None:
    with_two_statements(portal, opening, number)
    page = portal.at_the_desk(READER).get("/desk/payments").text
    assert told in page and (GROUPED in page) == bool(told)


def test_days_that_a_bank_counts_are_no_missing_statements(slapd: Slapd, migrated: Path, tmp_path: Path) -> None:
    """Where the bank counts statements, the same two are told of (above)."""
    settings = StatementSettings(uncounted=["bank"])
    portal = a_portal(slapd, Path(shutil.copy(migrated, tmp_path)), statements=settings)
    with closing(portal.campus):
        with_two_statements(portal, "10.00", "19")
        assert GROUPED not in portal.at_the_desk(READER).get("/desk/payments").text


def with_two_statements(portal: Portal, opening: str, number: str) -> None:
    """Keep statement 17, which ends with 10.00, and the next day another one."""
    file = {"kind": "statement", "name": "bank/a.sta", "bank": "bank", "digest": "d", "read_at": START}
    portal.registry.insert(fee_file, id=1, **file)
    common = {"fee_file_id": 1, "account": OURS, "currency": "PLN", "closing": Decimal("10.00")}
    for key, (of, begin) in enumerate((("17", "0.00"), (number, opening)), 2):
        day = portal.campus.today() - timedelta(days=9 - key)
        portal.registry.insert(statement, id=key, number=of, closed_on=day, opening=Decimal(begin), **common)


class Nearly:
    """Port `AccountNumbers` of a bank whose numbers are nearly used up."""

    def count(self, _start: str, _since: datetime) -> tuple[int, int]:
        return 60_000, 40_000


def test_a_scheme_that_runs_out_is_told(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = PaymentScheme("tuition", SORT_CODE, "12345678901", b"")
    watch = WatchSchemes(cast(AccountNumbers, Nearly()), [scheme], lambda: START)
    monkeypatch.setattr(Campus, "schemes", watch)
    page = portal.at_the_desk(READER).get("/desk/payments").text
    start = f"{SORT_CODE[:4]} {SORT_CODE[4:]} 1234 5678 901"
    assert f"{start}…): 30,000 are left, and 40,000 were given in the last year" in page


def test_wrong_settings_of_schemes_bar_no_clerk(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def schemes(_: Campus) -> WatchSchemes:
        raise Misconfigured("ESTUDENT_PAYMENTS__…")

    monkeypatch.setattr(Campus, "schemes", property(schemes))
    assert portal.at_the_desk(READER).get("/desk/payments").status_code == 200


def test_a_payment_that_is_not_there_is_not_found(portal: Portal) -> None:
    assert portal.at_the_desk(CLERK).get("/desk/payments/99").status_code == 404


def test_a_number_that_no_database_holds_is_not_found(portal: Portal) -> None:
    assert portal.at_the_desk(CLERK).get(f"/desk/payments/{'9' * 30}").status_code == 404
