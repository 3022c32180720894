"""How fast statements are booked, against reading the same file with Python's csv module: python -m bench.fees.

Payments of 20,000 students go through the folder, the rules and the registry (SQLite) and into the journal. The
reference reads the bank's report of the same payments with `csv` and turns amounts into Decimal, in the same run.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import insert

from bench.apart import apart, timed
from bench.asked import Asked, asked, insist, progress, tell
from bench.budgets import Work
from bench.samples import Figure, Unit
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
AMOUNT = Decimal("1850.55")
FORMAT = "mt940"
NUMBERS = 20_000


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds in which lines were booked, seen again and read by csv; the second of each pair is processor time."""

    booked: tuple[float, float]
    again: float
    read: tuple[float, float]
    numbers: float


def main() -> None:
    """Print the table."""
    ours = asked(__doc__)
    tell(figures(ours), ours)


def figures(ours: Asked) -> Iterator[Figure]:
    """Yield what is found, size by size."""
    for size in ours.sizes:
        progress(f"{size:,} lines of {FORMAT} booked")
        done = [apart(measure, size) for _ in range(ours.rounds_at(size))]
        rounds, peak = [each for each, _ in done], max(peak for _, peak in done)
        reference = "csv and Decimal"
        for at, name in enumerate((Work.FEES, f"{Work.FEES}, processor time")):
            booked, read = [each.booked[at] for each in rounds], [each.read[at] for each in rounds]
            yield Figure(name, size, Unit.SECONDS, booked, reference, read, peak)
        yield Figure("fees: the same file again", size, Unit.SECONDS, [each.again for each in rounds])
        yield Figure("fees: account numbers drawn", size, Unit.RATE, [NUMBERS / each.numbers for each in rounds])


def measure(lines: int) -> Round:
    """Book a day's lines; raise RuntimeError unless all are booked once and add up."""
    with TemporaryDirectory(prefix="bench-") as name, closing(Database(f"sqlite:///{name}/registry.db")) as database:
        return _measured(Path(name), lines, database)


def _measured(folder: Path, lines: int, database: Database) -> Round:
    report = _filled(folder, lines, database)
    service = _service(database, folder / "statements", FORMAT)
    reference, reading, sums = timed(lambda: _read(report))
    took, worked, booked = timed(service.run)
    again, _, _ = timed(service.run)
    all_booked = booked.tally.new == lines and all(each.adds_up for each in booked.statements)
    insist(all_booked, f"not all lines were booked: {booked.tally}")
    insist(sum(sums, Decimal(0)) == AMOUNT * lines, "csv has read something else")
    numbers, _, _ = timed(_draw)
    return Round((took, worked), again, (reference, reading), numbers)


def _filled(folder: Path, lines: int, database: Database) -> Path:
    """Let the bank export a day, and the registry know its payers; return the bank's report of the same payments."""
    numbers = [str(Nrb.build("10902138", f"43210{at:011d}")) for at in range(STUDENTS)]
    day = _day(numbers, lines)
    (folder / "statements" / FORMAT).mkdir(parents=True)
    written, suffix = FORMATS[FORMAT]
    (folder / "statements" / FORMAT / f"day{suffix}").write_text(written(day), encoding="utf-8", newline="")
    report = folder / "report.csv"
    report.write_text(FORMATS["csv"][0](day), encoding="utf-8", newline="")
    database.upgrade()
    _fill(database, numbers)
    return report


def _draw() -> None:
    scheme = PaymentScheme("tuition", "10902138", "43210", b"k" * 32)
    for at in range(NUMBERS):
        next(scheme.draw(at))


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


if __name__ == "__main__":
    main()
