"""Write a month of statements: python -m sandbox.bank --folder DIR [--formats mt940,camt053,csv] [--seed 0].

The debts are the open receivables of the registry that the settings name, each paid to its student's account.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from sqlalchemy import select

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.tables import payment_account, receivable
from estudent.settings import settings
from sandbox.bank.month import DayOfBank, Debt, month
from sandbox.bank.writing import FORMATS


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.bank", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where the banks' subfolders are made")
    parser.add_argument("--formats", default="mt940", help=f"which of {', '.join(FORMATS)}")
    parser.add_argument("--first", type=date.fromisoformat, required=True, help="the first day")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    database = Database(settings().registry.url.get_secret_value())
    days = month(open_debts(database), asked.first, asked.days, asked.seed)
    for name in asked.formats.split(","):
        print(f"{write(days, asked.folder, name)} files in {asked.folder / name}")
    database.close()


def open_debts(database: Database) -> list[Debt]:
    """Return the receivables in złotys of students who have an account for them."""
    theirs = receivable.join(payment_account, receivable.c.payment_account_id == payment_account.c.id)
    query = select(payment_account.c.nrb, receivable.c.amount, receivable.c.title).select_from(theirs)
    query = query.where(receivable.c.currency == "PLN").order_by(receivable.c.id)
    with database.reading() as connection:
        return [Debt(nrb, Decimal(f"{amount:.2f}"), title) for nrb, amount, title in connection.execute(query)]


def write(days: Sequence[DayOfBank], folder: Path, name: str) -> int:
    """Write each day's statement into the subfolder of its format; return how many there are."""
    written, suffix = FORMATS[name]
    (folder / name).mkdir(parents=True, exist_ok=True)
    for day in days:
        file = folder / name / f"{day.day}{suffix}"
        file.write_text(written(day), encoding="utf-8", newline="")
    return len(days)


if __name__ == "__main__":
    main()
