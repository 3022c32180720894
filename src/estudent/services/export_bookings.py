"""Hand bookings to USOS or the bursar's office, each once, and note what was acknowledged."""

from __future__ import annotations

from dataclasses import dataclass

from estudent.domain.outcome import Remark, Tally
from estudent.ports import Acknowledgement, BookingExport, BookingExports, ExportFiles

SYSTEM = "booking exports"


@dataclass(frozen=True, slots=True)
class ExportBookings:
    """A file is written under its export's number, so that it may be written again after a crash."""

    exports: BookingExports
    files: ExportFiles

    def run(self) -> Tally:
        """Take acknowledgements, gather what is new, write the files that are not there."""
        tally, waiting = Tally(SYSTEM), {each.key: each for each in self.exports.open()}
        for said in self.files.acknowledgements():
            if said.export in waiting:
                self._take(waiting[said.export], said, tally)
        self.exports.gather()
        for export in self.exports.open():
            tally.read += len(export.bookings)
            tally.new += len(export.bookings) * self.files.put(export)
        return tally

    def _take(self, export: BookingExport, said: Acknowledgement, tally: Tally) -> None:
        if (said.bookings, said.total) == (len(export.bookings), export.total):
            self.exports.acknowledge(export.key, said.name)
            tally.changed += 1
            return
        why = f"{said.name} does not acknowledge {len(export.bookings)} bookings of {export.total}"
        tally.refused += 1
        tally.remarks.append(Remark(said.name, why, "compare the export with what was taken in, then write it anew"))
