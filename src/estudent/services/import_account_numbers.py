"""Take over the account numbers that the university gave before; a number once given is never another's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from estudent.domain.asked_for import RowFault
from estudent.domain.nrb import Nrb
from estudent.domain.outcome import Remark, Tally
from estudent.domain.whom import Whom
from estudent.ports import AccountNumbers, NumberedStudent, Students

SYSTEM = "payment_accounts"
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class ImportAccountNumbers:
    """Run again with the same or a corrected file it takes what is missing, and changes nothing."""

    students: Students
    numbers: AccountNumbers

    def run(self, file: str, rows: Iterable[NumberedStudent | RowFault], *, apply: bool) -> Tally:
        """Take the rows of a file, or say what would be taken; a faulty row stops no other."""
        tally, rest = Tally(SYSTEM), iter(rows)
        while some := list(islice(rest, AT_ONCE)):
            tally.read += len(some)
            faults = [row for row in some if isinstance(row, RowFault)]
            faults += self._take([row for row in some if isinstance(row, NumberedStudent)], tally, apply=apply)
            tally.refused += len(faults)
            tally.remarks += [Remark(file, str(each), "correct the row, import the file again") for each in faults]
        return tally

    def _take(self, rows: Sequence[NumberedStudent], tally: Tally, *, apply: bool) -> Iterator[RowFault]:
        albums = tuple(row.album for row in rows)
        found = self.students.load(self.students.keys(Whom(albums=albums))) if albums else []
        keys = {student.album: student.key for student in found}
        held = {each: self.numbers.held([*keys.values()], each) for each in {row.purpose for row in rows}}
        for row in rows:
            if fault := self._fault(row, keys.get(row.album), held[row.purpose]):
                yield fault
            elif (key := keys[row.album]) not in held[row.purpose]:
                if apply and not self.numbers.give(key, row.purpose, row.number, "imported"):
                    yield RowFault(row.line, "number", "it is another student's", "a number of their own for each")
                    continue
                held[row.purpose][key] = row.number
                tally.new += 1

    def _fault(self, row: NumberedStudent, key: int | None, held: Mapping[int, Nrb]) -> RowFault | None:
        if key is None:
            right = "an album number of the registry; recruitment sends it first"
            return RowFault(row.line, "album", "no student has this album number", right)
        if held.get(key, row.number) != row.number:
            return RowFault(row.line, "number", "the student has another one, which stays", "one for each purpose")
        return None
