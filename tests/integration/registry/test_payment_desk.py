"""What a clerk sees of a payment that waits, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from estudent.adapters.banks import ExportFolder
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.exports import SqlBookingExports
from estudent.adapters.registry.fees import SqlFees
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.payment_desk import SqlPaymentDesk
from estudent.adapters.registry.tables import booking, journal, payment_account, receivable
from estudent.adapters.registry.till import SqlTills
from estudent.domain.booking_rules import Rules, Unmatched
from estudent.domain.statement import LineKind, Statement, StatementLine
from estudent.domain.unmatched_line import Clue, DeskLine, mistyped
from estudent.ports import Fate, StatementFile
from estudent.services.book_payments import BookPayments
from estudent.services.export_bookings import ExportBookings
from tests.contract.registry_world import PURPOSE, START, Registry, at_once, nrb

pytestmark = pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal")
TODAY = date(2026, 10, 20)
PAID = Decimal("100.00")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    with closing(Database(url)) as database:
        database.upgrade()
    registry = Registry(url)
    with closing(registry.database):
        for at, album in enumerate(("100001", "100002"), 1):
            assert registry.a_student(album).key == at
            values = {"nrb": str(nrb(at)), "origin": "usos", "given_at": START}
            registry.insert(payment_account, id=at, student_id=at, purpose=PURPOSE, **values)
        debt = {"title": "Czesne", "amount": PAID, "currency": "PLN", "due_date": date(2026, 10, 15)}
        registry.insert(receivable, student_id=1, payment_account_id=1, source_id="R1", **debt)
        yield registry


def desk(registry: Registry, actor: str = "staff jkowalska") -> SqlPaymentDesk:
    return SqlPaymentDesk(registry.database, Author(actor, "run", registry.clock), PURPOSE)


def waiting(registry: Registry, **changes: Any) -> DeskLine:
    """Let a line of a statement come in, and return what the desk sees of it."""
    line = StatementLine(7, 1, LineKind.CREDIT, PAID, "PLN", date(2026, 10, 9), None, "", "B1")
    statement = Statement("1", "17", "PLN", None, None, TODAY, (replace(line, **changes),))

    class OneFile:
        def files(self) -> Iterator[StatementFile]:
            yield StatementFile("bank/a.sta", "bank", "digest", lambda: [statement])

        def check(self) -> str:
            return ""

    tills = SqlTills(registry.database, Author("tests", "run", registry.clock), PURPOSE)
    BookPayments(OneFile(), tills, Rules(), lambda: TODAY).run()
    found = desk(registry)
    return (found.lines(Fate.UNMATCHED, 9) or found.lines(Fate.BOOKED, 9))[0]


def ledger_sum(registry: Registry, student: int = 1) -> Decimal:
    return sum((each.amount for each in SqlFees(registry.database, PURPOSE).of(student).bookings), Decimal(0))


@pytest.mark.parametrize(
    ("changes", "clue"),
    [
        ({"title": "czesne s100001 sem. 1"}, Clue.ALBUM_NUMBER),
        ({"account": str(nrb(1))[:-1] + "9"}, Clue.NEAR_ACCOUNT),
        ({"payer": "ŁUCJA ŻAK"}, Clue.NAME),
    ],
)
def test_a_clue_leads_to_a_suggestion_and_to_nothing_else(
    registry: Registry, changes: dict[str, str], clue: Clue
) -> None:
    line = waiting(registry, **changes)
    (first, *_) = desk(registry).suggestions(line.line)
    assert (str(first.album), first.account, first.owed) == ("100001", 1, PAID)
    assert clue in first.clues
    assert ledger_sum(registry) == 0


def forgotten(registry: Registry) -> int:
    """Let the run forget what is older than an hour."""
    tills = SqlTills(registry.database, Author("flow book-payments", "run", registry.clock), PURPOSE)
    return tills.forget_payers(timedelta(hours=1))


@pytest.mark.parametrize("decide", ["nothing", "assign", "set aside"])
def test_what_a_payer_wrote_is_forgotten_after_its_time_whatever_was_decided(registry: Registry, decide: str) -> None:
    line = waiting(registry, title="czesne 100001", payer="ŁUCJA ŻAK")
    if decide == "assign":
        assert desk(registry).assign(line.key, 1, None, "it is in the title")
    if decide == "set aside":
        assert desk(registry).set_aside(line.key, "a hall's rent")
    assert forgotten(registry) == 0
    registry.clock.turn(hours=2)
    assert (forgotten(registry), forgotten(registry)) == (1, 0)
    after = desk(registry).line(line.key)
    assert after is not None
    assert (after.line.title, after.line.payer, after.line.amount) == ("", "", PAID)
    assert after.decision.startswith("flow book-payments: payer and title deleted")
    assert after.state == {"assign": Fate.BOOKED, "set aside": Fate.ASIDE}.get(decide, Fate.UNMATCHED)
    steps = [row["step"] for row in registry.rows(journal) if row["student_id"] == 1]
    assert steps.count("payer forgotten") == (decide == "assign")
    if decide != "nothing":
        assert desk(registry).undo(line.key, "it was wrong")


def test_the_likeliest_comes_first(registry: Registry) -> None:
    line = waiting(registry, title="100002 100001", payer="Nowak")
    assert [str(each.album) for each in desk(registry).suggestions(line.line)] == ["100001", "100002"]


def test_a_typing_error_is_one_wrong_digit_or_two_swapped_ones() -> None:
    assert set(mistyped("123")) == {"_23", "1_3", "12_", "213", "132"}


def test_a_line_that_points_to_nobody_suggests_nobody(registry: Registry) -> None:
    line = waiting(registry, title="bez numeru %_' OR 1=1")
    assert desk(registry).suggestions(line.line) == []
    assert [str(each.album) for each in desk(registry).accounts_of(registry.by_album("100002").album, line.line)] == [
        "100002"
    ]


def test_what_is_assigned_counts_and_stands_in_the_journal(registry: Registry) -> None:
    line = waiting(registry)
    assert desk(registry).assign(line.key, 1, None, "the student showed the transfer")
    assert ledger_sum(registry) == PAID
    found = desk(registry).line(line.key)
    assert found is not None and (found.state, str(found.album)) == (Fate.BOOKED, "100001")
    (entry,) = [row for row in registry.rows(journal) if row["system"] == "desk"]
    assert (entry["step"], entry["actor"]) == ("payment assigned", "staff jkowalska")
    assert entry["detail"] == "100.00 PLN, booked on 2026-10-09; the student showed the transfer"


def test_without_a_booking_date_the_clerk_gives_it(registry: Registry) -> None:
    line = waiting(registry, booking_date=None, account=str(nrb(1)))
    assert line.reason == Unmatched.NO_BOOKING_DATE
    assert not desk(registry).assign(line.key, 1, None, "no date given")
    assert desk(registry).assign(line.key, 1, date(2026, 10, 16), "the bank told it")
    assert registry.rows(booking)[0]["booking_date"] == date(2026, 10, 16)


def test_a_booking_is_taken_back_by_another_and_can_be_made_anew(registry: Registry) -> None:
    line = waiting(registry, account=str(nrb(1)))
    assert line.state == Fate.BOOKED
    for _ in range(2):
        assert desk(registry).undo(line.key, "it was meant for somebody else")
        assert ledger_sum(registry) == 0
        assert desk(registry).assign(line.key, 2, None, "it is hers")
        assert [ledger_sum(registry), ledger_sum(registry, 2)] == [Decimal(0), PAID]
    amounts = [row["amount"] for row in registry.rows(booking)]
    assert amounts == [PAID, -PAID, PAID, -PAID, PAID]


def test_what_is_no_student_s_is_set_aside_and_can_come_back(registry: Registry) -> None:
    line = waiting(registry)
    assert desk(registry).set_aside(line.key, "rent of a hall")
    assert not desk(registry).assign(line.key, 1, None, "too late")
    assert desk(registry).counts()[Fate.ASIDE] == 1
    assert desk(registry).undo(line.key, "it was tuition")
    assert not desk(registry).undo(line.key, "once more")
    assert desk(registry).counts()[Fate.UNMATCHED] == 1


def test_two_clerks_at_once_book_a_payment_once(registry: Registry) -> None:
    line = waiting(registry)
    done = at_once(registry, 4, lambda other, at: desk(other, f"staff {at}").assign(line.key, 1 + at % 2, None, "mine"))
    assert sorted(done) == [False, False, False, True]
    assert ledger_sum(registry) + ledger_sum(registry, 2) == PAID


def test_what_a_payer_wrote_is_no_formula_in_a_file_of_bookings(registry: Registry, tmp_path: Path) -> None:
    waiting(registry, account=str(nrb(1)), reference="=HYPERLINK(1)")
    exports = SqlBookingExports(registry.database, Author("tests", "run", registry.clock))
    ExportBookings(exports, ExportFolder(tmp_path)).run()
    assert ";'=HYPERLINK(1);" in (tmp_path / "bookings-000001.csv").read_text(encoding="utf-8")
    assert list(tmp_path.glob(".*.part")) == []


def test_bookings_are_handed_on_once_and_acknowledged_by_their_sum(registry: Registry, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    exports = SqlBookingExports(registry.database, Author("tests", "run", registry.clock))
    hand_on = ExportBookings(exports, ExportFolder(folder))
    line = waiting(registry, account=str(nrb(1)))
    assert (hand_on.run().new, hand_on.run().new) == (1, 0)
    text = (folder / "bookings-000001.csv").read_text(encoding="utf-8")
    assert f"1;100001;{nrb(1)};tuition;100.00;PLN;2026-10-09;B1;" in text and text.endswith("SUM;1;100.00\n")
    (folder / "bookings-000001.csv").unlink()
    assert hand_on.run().new == 1
    (folder / "bookings-000001.ack").write_text("1;99.00", encoding="utf-8")
    assert hand_on.run().refused == 1
    (folder / "bookings-000001.ack").write_text("1;100.00", encoding="utf-8")
    assert hand_on.run().changed == 1
    desk(registry).undo(line.key, "it was meant for somebody else")
    assert hand_on.run().new == 1
    assert "-100.00;PLN;2026-10-09;B1;1" in (folder / "bookings-000002.csv").read_text(encoding="utf-8")
