"""Take in what students have to pay, from files; a faulty row waits for its correction, the others do not."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.asked_for import AskedFor, RowFault
from estudent.domain.outcome import Remark, Tally
from estudent.ports import ReceivableFile, ReceivableFiles, Receivables, Refused

SYSTEM = "receivables"


@dataclass(frozen=True, slots=True)
class TakeReceivables:
    """Reads every file that was not read before; what a file leaves out is not touched."""

    files: ReceivableFiles
    receivables: Receivables

    def run(self) -> Tally:
        """Take in everything that is there."""
        return self._go(apply=True)

    def rehearse(self) -> Tally:
        """Say what is wrong with the files that wait, and count their rows; nothing is changed."""
        return self._go(apply=False)

    def _go(self, *, apply: bool) -> Tally:
        tally = Tally(SYSTEM)
        for file in self.files.files():
            if self.receivables.knows(file.digest):
                continue
            try:
                rows = list(file.read())
            except Refused as error:
                tally.refused += 1
                tally.remarks.append(Remark(file.name, str(error), "export the file again"))
                continue
            self._take(file, rows, tally, apply=apply)
        return tally

    def _take(self, file: ReceivableFile, rows: list[AskedFor | RowFault], tally: Tally, *, apply: bool) -> None:
        faults = [row for row in rows if isinstance(row, RowFault)]
        good = [row for row in rows if isinstance(row, AskedFor)]
        tally.read += len(rows)
        if apply:
            taken = self.receivables.take(file, good)
            faults += taken.faults
            tally.new += taken.new
            tally.changed += taken.changed + taken.cancelled
        tally.refused += len(faults)
        tally.remarks += [Remark(file.name, str(fault), "correct the row, export the file again") for fault in faults]
