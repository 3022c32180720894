"""How fast statements are booked, against reading the same file with Python's csv module: python -m bench.fees.

100,000 payments of 20,000 students go through the folder, the rules and the registry (SQLite) and into the journal. The
reference reads the bank's report of the same payments with `csv` and turns amounts into Decimal, in the same run.
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import insert

from estudent.adapters.banks import BankFolder, BankScheme
from estudent.adapters.registry.database import Database
from estudent.adapters.registry.journal import Author
from estudent.adapters.registry.tables import payment_account, person, receivable, student
from estudent.adapters.registry.till import SqlTills
from estudent.domain.booking_rules import Rules
from estudent.domain.nrb import Nrb, PaymentScheme
from estudent.domain.statement import LineKind
from estudent.services.book_payments import BookPayments
from sandbox.bank.month import OPENING, DayOfBank, Movement
from sandbox.bank.writing import CSV_COLUMNS, FORMATS, OWN_ACCOUNT, TRAILER

DAY = date(2026, 10, 5)
STUDENTS = 20_000
AT_MOST_SECONDS, AT_MOST_MEGABYTES = 20.0, 300.0
AMOUNT = Decimal("1850.55")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--format", choices=[*FORMATS], default="mt940")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        _measure(Path(folder), asked.lines, asked.format)


def _measure(folder: Path, lines: int, name: str) -> None:
    numbers = [str(Nrb.build("10902138", f"43210{at:011d}")) for at in range(STUDENTS)]
    day = _day(numbers, lines)
    (folder / "statements" / name).mkdir(parents=True)
    written, suffix = FORMATS[name]
    (folder / "statements" / name / f"day{suffix}").write_text(written(day), encoding="utf-8", newline="")
    report = folder / "report.csv"
    report.write_text(FORMATS["csv"][0](day), encoding="utf-8", newline="")
    with closing(Database(f"sqlite:///{folder / 'registry.db'}")) as database:
        database.upgrade()
        _fill(database, numbers)
        del day
        service = _service(database, folder / "statements", name)
        reference, reading, sums = _timed(lambda: _read(report))
        took, worked, booked = _timed(service.run)
        again, _, _ = _timed(service.run)
    assert booked.tally.new == lines and all(each.adds_up for each in booked.statements), booked.tally  # noqa: S101
    assert sum(sums, Decimal(0)) == AMOUNT * lines  # noqa: S101
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _tell(f"{lines} lines of {name} booked", f"{took:.1f} s", f"at most {AT_MOST_SECONDS:.0f} s")
    _tell("the same, in seconds of processor time", f"{worked:.1f} s", "what counts while the machine does other work")
    _tell("the same, against reading them with csv", f"{worked / reading:.0f} times", f"csv: {reference:.2f} s")
    _tell("the same file again", f"{again:.2f} s", "nothing booked")
    _tell("memory at most, samples included", f"{peak:.0f} MB", f"at most {AT_MOST_MEGABYTES:.0f} MB")
    scheme, numbers_took = PaymentScheme("tuition", "10902138", "43210", b"k" * 32), time.monotonic()
    for at in range(20_000):
        next(scheme.draw(at))
    _tell("account numbers drawn", f"{20_000 / (time.monotonic() - numbers_took):.0f} a second", "")


def _timed(work: Callable[[], Any]) -> tuple[float, float, Any]:
    """Return how long it took, how much of it the processor worked, and what came out."""
    begun, worked = time.monotonic(), time.process_time()
    done = work()
    return time.monotonic() - begun, time.process_time() - worked, done


def _day(numbers: list[str], lines: int) -> DayOfBank:
    moved = (
        Movement(
            DAY,
            LineKind.CREDIT,
            AMOUNT,
            numbers[at % STUDENTS],
            f"B{at:09d}",
            f"Czesne, semestr zimowy, wpłata nr {at}",
            "ŁUCJA ŻAK",
            DAY,
        )
        for at in range(lines)
    )
    return DayOfBank(DAY, "001/2026", OPENING, tuple(moved))


def _fill(database: Database, numbers: list[str]) -> None:
    now = datetime(2026, 9, 1, tzinfo=UTC)
    keys = range(1, len(numbers) + 1)
    name = {"given_name": "Łucja", "middle_name": "", "family_name": "Żak", "birth_date": date(2007, 3, 14)}
    rows = {
        person: [name | {"id": key, "email": f"k{key}@example.org"} for key in keys],
        student: [{"id": key, "person_id": key, "language": "pl", "standing": "studying"} for key in keys],
        payment_account: [
            {"id": key, "student_id": key, "purpose": "tuition", "nrb": nrb, "origin": "usos", "given_at": now}
            for key, nrb in zip(keys, numbers, strict=True)
        ],
        receivable: [
            {
                "student_id": key,
                "payment_account_id": key,
                "source_id": f"R{key}",
                "title": "Czesne",
                "amount": AMOUNT,
                "currency": "PLN",
                "due_date": DAY,
            }
            for key in keys
        ],
    }
    with database.writing() as connection:
        for table, some in rows.items():
            connection.execute(insert(table), some)


def _service(database: Database, folder: Path, name: str) -> BookPayments:
    scheme = BankScheme(name, own_accounts=(OWN_ACCOUNT,), columns=CSV_COLUMNS, trailer=TRAILER)
    later = datetime.now(UTC) + timedelta(days=1)
    banks = BankFolder(folder, {name: scheme}, settle=timedelta(0), clock=lambda: later)
    tills = SqlTills(database, Author("bench", "run", lambda: later), "tuition")
    return BookPayments(banks, tills, Rules(), lambda: date(2026, 10, 12))


def _read(report: Path) -> list[Decimal]:
    with report.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter=";")
        return [Decimal(row["Kwota"].replace(",", ".")) for row in rows if row["Rachunek wirtualny"] != TRAILER]


def _tell(what: str, figure: str, limit: str) -> None:
    print(f"{what:45} {figure:>14}   {limit}")  # noqa: T201


if __name__ == "__main__":
    main()
