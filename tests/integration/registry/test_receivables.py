"""Receivables from files: new, corrected, cancelled, faulty; and the letters before the last safe day."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from estudent.adapters.banks import ReceivableFolder
from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.receivables import USUAL, read_receivables
from estudent.adapters.holidays import is_holiday
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.fees import SqlFees
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.receivables import SqlReceivables, SqlReminders
from estudent.adapters.registry.tables import booking, journal, message, payment_account, receivable
from estudent.domain.asked_for import AskedFor, RowFault
from estudent.domain.fees import PaymentState, balances
from estudent.domain.outcome import Tally
from estudent.services.remind_of_fees import RemindOfFees
from estudent.services.take_receivables import TakeReceivables
from tests.contract.registry_world import PURPOSE, START, Clock, Registry, nrb

pytestmark = pytest.mark.filterwarnings("ignore:Dialect sqlite.pysqlite does .not. support Decimal")
HEAD = "source;album;purpose;title;amount;currency;due;instalment;status\n"
ONE = "R1;100001;;Czesne;1850,55;PLN;15.10.2026;1/2;\n"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    with closing(Database(url)) as database:
        database.upgrade()
    registry = Registry(url)
    with closing(registry.database):
        for album in ("100001", "100002"):
            student = registry.a_student(album)
            values = {"nrb": str(nrb(student.key)), "origin": "usos", "given_at": START}
            registry.insert(payment_account, student_id=student.key, purpose=PURPOSE, **values)
        yield registry


def take(registry: Registry, folder: Path, *rows: str, name: str = "a.csv") -> Tally:
    (folder / "in").mkdir(exist_ok=True)
    (folder / "in" / name).write_text(HEAD + "".join(rows), encoding="utf-8")
    clock = Clock(datetime.now(UTC) + timedelta(days=1))
    files = ReceivableFolder(folder / "in", {}, settle=timedelta(0), clock=clock)
    author = Author("tests", "run", registry.clock)
    return TakeReceivables(files, SqlReceivables(registry.database, author, PURPOSE)).run()


def test_a_receivable_is_taken_in_once_corrected_and_cancelled(registry: Registry, tmp_path: Path) -> None:
    fees = SqlFees(registry.database, PURPOSE)
    assert take(registry, tmp_path, ONE).new == 1
    assert take(registry, tmp_path, ONE).read == 0
    (owed,) = fees.of(1).receivables
    assert (owed.amount, owed.due, owed.account) == (Decimal("1850.55"), date(2026, 10, 15), 1)
    assert take(registry, tmp_path, ONE.replace("1850,55", "1800,00")).changed == 1
    assert fees.of(1).receivables[0].amount == Decimal("1800.00")
    assert take(registry, tmp_path, ONE.replace(";\n", ";anulowana\n"), name="b.csv").changed == 1
    assert fees.of(1).receivables == ()
    steps = [row["step"] for row in registry.rows(journal) if row["system"] == "receivables"]
    assert steps == ["receivable new", "receivable corrected", "receivable cancelled"]


def test_instalments_are_receivables_with_due_dates_of_their_own(registry: Registry, tmp_path: Path) -> None:
    second = ONE.replace("R1", "R2").replace("15.10", "15.11").replace("1/2", "2/2")
    assert take(registry, tmp_path, ONE, second).new == 2
    rows = registry.rows(receivable)
    assert [(row["instalment"], row["instalments"], row["due_date"].month) for row in rows] == [(1, 2, 10), (2, 2, 11)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("1850,55", "-5,00"), "amount"),
        (("1850,55", "12345678901"), "amount"),
        (("1850,55", "1.85"), ""),
        (("15.10.2026", ""), "due"),
        (("15.10.2026", "31.02.2026"), "due"),
        (("100001", "10"), "album"),
        (("100001", "999999"), "album"),
        (("PLN", "zł"), "currency"),
        (("1/2", "3/2"), "instalment"),
        (("Czesne", ""), "title"),
        (("1/2;", "1/2;zaginiona"), "status"),
    ],
)
def test_a_faulty_row_waits_and_the_others_do_not(
    registry: Registry, tmp_path: Path, change: tuple[str, str], field: str
) -> None:
    other = ONE.replace("R1", "R2").replace("100001", "100002")
    tally = take(registry, tmp_path, ONE.replace(*change), other)
    if field:
        (remark,) = tally.remarks
        assert (
            remark.about == "a.csv" and remark.why.startswith(f"line 2, field {field}:") and "right is:" in remark.why
        )
    assert (tally.new, tally.refused) == ((1, 1) if field else (2, 0))


def test_a_row_whose_student_comes_later_is_taken_then(registry: Registry, tmp_path: Path) -> None:
    early = ONE.replace("R1", "R2").replace("100001", "100003")
    assert (take(registry, tmp_path, ONE, early).new, take(registry, tmp_path, ONE, early).refused) == (1, 1)
    registry.a_student("100003")
    assert take(registry, tmp_path, ONE, early).new == 1
    assert take(registry, tmp_path, ONE, early).read == 0


def test_a_file_that_is_read_again_overrules_no_later_one(registry: Registry, tmp_path: Path) -> None:
    early = ONE.replace("R1", "R2").replace("100001", "100003")
    take(registry, tmp_path, ONE, early)
    age(tmp_path / "in" / "a.csv", hours=2)
    take(registry, tmp_path, ONE.replace("1850,55", "1800,00"), name="b.csv")
    assert take(registry, tmp_path, name="c.csv").refused == 1
    assert [each.amount for each in SqlFees(registry.database, PURPOSE).of(1).receivables] == [Decimal("1800.00")]


def test_an_older_file_that_comes_late_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE)
    late = tmp_path / "in" / "late.csv"
    late.write_text(HEAD + ONE.replace("1850,55", "1.00"), encoding="utf-8")
    age(late, hours=2)
    assert take(registry, tmp_path, ONE).changed == 0


def age(file: Path, *, hours: int) -> None:
    moment = file.stat().st_mtime - 3600 * hours
    os.utime(file, (moment, moment))


def test_what_is_for_a_purpose_waits_for_an_account_of_that_purpose(registry: Registry, tmp_path: Path) -> None:
    room = ONE.replace(";;Czesne", ";dormitory;Akademik")
    (remark,) = take(registry, tmp_path, room).remarks
    assert remark.why.startswith("line 2, field purpose:")
    values = {"nrb": str(nrb(99)), "origin": "usos", "given_at": START}
    registry.insert(payment_account, id=99, student_id=1, purpose="dormitory", **values)
    assert take(registry, tmp_path, room).new == 1
    assert SqlFees(registry.database, PURPOSE).of(1).receivables[0].account == 99


def test_a_number_stays_with_its_student(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE)
    tally = take(registry, tmp_path, ONE.replace("100001", "100002"), name="b.csv")
    assert "another student's" in tally.remarks[0].why and len(registry.rows(receivable)) == 1


@pytest.mark.parametrize("text", [HEAD + ONE[:-1], HEAD + "a;b\n", "x;y\n1;2\n", HEAD + '"R1;\n'])
def test_a_file_that_is_no_whole_table_is_refused(text: str) -> None:
    with pytest.raises(Broken):
        list(read_receivables(text, USUAL))


def test_a_row_keeps_what_it_says() -> None:
    (row,) = read_receivables(HEAD + ONE, USUAL)
    assert isinstance(row, AskedFor) and not isinstance(row, RowFault)
    assert (row.source, row.currency, row.cancelled, row.instalment) == ("R1", "PLN", False, 1)


# Reminders. Due on Thursday, 15 October 2026: the last safe day is the 13th, three working days before it the 8th.


def remind(registry: Registry, today: date) -> Tally:
    author = Author("tests", "run", registry.clock)
    reminders = SqlReminders(registry.database, author, registry.messages)
    fees = SqlFees(registry.database, PURPOSE)
    return RemindOfFees(reminders, fees, is_holiday, lambda: today, 3).run()


@pytest.mark.parametrize(
    ("today", "letters"),
    [(date(2026, 10, 7), 0), (date(2026, 10, 8), 1), (date(2026, 10, 13), 1), (date(2026, 10, 14), 0)],
)
def test_a_letter_goes_out_before_the_last_safe_day(
    registry: Registry, tmp_path: Path, today: date, letters: int
) -> None:
    take(registry, tmp_path, ONE)
    assert remind(registry, today).new == letters
    assert remind(registry, today).new == 0
    assert [row["kind"] for row in registry.rows(message)] == ["fee_reminder"] * letters


def test_whoever_has_paid_is_left_in_peace(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE)
    values = {"amount": Decimal("1850.55"), "currency": "PLN", "booking_date": date(2026, 10, 1)}
    registry.insert(booking, payment_account_id=1, source_line="x", **values)
    assert remind(registry, date(2026, 10, 8)).new == 0
    assert balances(SqlFees(registry.database, PURPOSE).of(1), date(2026, 10, 8))[0].state is PaymentState.PAID_IN_TIME


def test_several_fees_of_a_student_make_one_letter(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE, ONE.replace("R1", "R2"), ONE.replace("R1", "R3").replace("100001", "100002"))
    assert remind(registry, date(2026, 10, 9)).new == 2


# Due on Thursday, 29 October 2026: the last safe day is the 27th, three working days before it the 22nd.
MOVED = ONE.replace("15.10.2026", "29.10.2026")
CANCELLED = ONE.replace(";\n", ";anulowana\n")


@pytest.mark.parametrize(
    ("today", "letters"),
    [(date(2026, 10, 21), 0), (date(2026, 10, 22), 1), (date(2026, 10, 27), 1), (date(2026, 10, 28), 0)],
)
def test_a_due_date_that_moves_is_reminded_of_once_more(
    registry: Registry, tmp_path: Path, today: date, letters: int
) -> None:
    take(registry, tmp_path, ONE)
    assert remind(registry, date(2026, 10, 9)).new == 1
    take(registry, tmp_path, MOVED, name="b.csv")
    assert remind(registry, date(2026, 10, 12)).new == 0
    assert [remind(registry, today).new, remind(registry, today).new] == [letters, 0]


def test_nobody_is_reminded_twice_of_one_due_date(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE)
    assert remind(registry, date(2026, 10, 8)).new == 1
    for number, row in enumerate((MOVED, ONE, MOVED, ONE)):
        take(registry, tmp_path, row, name=f"{number}.csv")
        assert remind(registry, date(2026, 10, 9)).new == 0


def test_what_else_is_corrected_is_no_reason_for_a_letter(registry: Registry, tmp_path: Path) -> None:
    take(registry, tmp_path, ONE)
    assert remind(registry, date(2026, 10, 8)).new == 1
    take(registry, tmp_path, ONE.replace("1850,55", "1900,55"), name="b.csv")
    assert remind(registry, date(2026, 10, 9)).new == 0


@pytest.mark.parametrize("row", [MOVED, CANCELLED], ids=["moved", "cancelled"])
def test_what_changed_since_a_run_began_is_no_reason_for_its_letter(
    registry: Registry, tmp_path: Path, row: str
) -> None:
    take(registry, tmp_path, ONE)
    reminders = SqlReminders(registry.database, Author("tests", "run", registry.clock), registry.messages)
    ((key, student, due),) = reminders.due(date(2026, 12, 1))
    take(registry, tmp_path, row, ONE.replace("R1", "R2"), name="b.csv")
    waiting = registry.count(message)
    assert not reminders.remind(student, {key: due})
    assert registry.count(message) == waiting
    assert reminders.remind(student, {key: due, key + 1: due}) and not reminders.remind(student, {key + 1: due})
    assert reminders.due(date(2026, 12, 1)) == ([(key, student, date(2026, 10, 29))] if row == MOVED else [])
