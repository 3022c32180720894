"""Files of bookings for USOS or the bursar's office, and the acknowledgements that come back beside them."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import astuple, fields, replace
from decimal import Decimal
from pathlib import Path

from estudent.adapters.banks.broken import Broken
from estudent.adapters.banks.values import money
from estudent.domain.spreadsheet_cell import harmless
from estudent.ports import Acknowledgement, BookingExport, ExportedBooking, Misconfigured, Unavailable

NAME = re.compile(r"bookings-([0-9]{6,})\.ack")


class ExportFolder:
    """Port `ExportFiles` on a folder: `bookings-000001.csv`, answered by `bookings-000001.ack` with `number;sum`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, export: BookingExport) -> bool:
        """Write an export's file unless it is there already; tell whether it was written."""
        file = self.folder / f"bookings-{export.key:06d}.csv"
        if file.exists():
            return False
        self._refuse_missing_folder()
        try:
            _write(file, export)
        except OSError as error:
            raise Unavailable(
                f"the folder of exports does not take a file ({error.strerror}): check its disk"
            ) from None
        return True

    def acknowledgements(self) -> Iterator[Acknowledgement]:
        """Yield what has come back; one that cannot be read has no number."""
        self._refuse_missing_folder()
        for file in sorted(self.folder.iterdir()):
            if found := NAME.fullmatch(file.name):
                yield Acknowledgement(int(found[1]), file.name, *_said(file))

    def _refuse_missing_folder(self) -> None:
        if not self.folder.is_dir():
            raise Misconfigured(
                f"the folder of exports {self.folder} is not there: make it, or correct ESTUDENT_STATEMENTS__EXPORTS"
            )


def _write(file: Path, export: BookingExport) -> None:
    """Write a file whole or not at all, also where another run writes the same one or the machine stops."""
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    with part.open("w", encoding="utf-8", newline="") as written:
        os.fchmod(written.fileno(), 0o640)
        writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
        writer.writerow([field.name for field in fields(ExportedBooking)])
        # A reference may hold what a payer wrote.
        rows = (replace(each, reference=harmless(each.reference)) for each in export.bookings)
        writer.writerows(map(astuple, rows))
        writer.writerow(["SUM", len(export.bookings), export.total])
        written.flush()
        os.fsync(written.fileno())
    part.replace(file)


def _said(file: Path) -> tuple[int | None, Decimal | None]:
    number, _, amount = file.read_text(encoding="utf-8", errors="replace").strip().partition(";")
    try:
        return int(number), money(amount, 1, "sum")
    except (ValueError, Broken):
        return None, None
