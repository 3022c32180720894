"""Find students in USOS by album number, whose USOS id recruitment has not sent; by nothing else is anybody found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Remark, Tally
from estudent.domain.student import Student
from estudent.domain.usos_link import UsosLink
from estudent.ports import Students, Usos, UsosRegister
from estudent.services.reconcile import Forecast, Reconcile

TAKEN = "USOS has an id under this album number that is another student's here; nothing was stored"


@dataclass(frozen=True, slots=True)
class FindAndLink:
    """The reconciler of links in USOS; it first learns the ids that are missing, where USOS can be asked for them."""

    usos: Usos
    students: Students
    register: UsosRegister
    links: Reconcile[UsosLink]

    @property
    def system(self) -> str:
        """The system's name."""
        return self.links.system

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Plan for these students and change nothing; whoever is found only by the run itself is not counted."""
        return self.links.forecast(keys)

    def apply(self, keys: Sequence[int]) -> Tally:
        """Learn what ids are missing, then bring the links in line."""
        remarks = self._learn(self.students.load(keys))
        tally = self.links.apply(keys)
        tally.refused += len(remarks)
        tally.remarks = [*remarks, *tally.remarks]
        return tally

    def _learn(self, students: Sequence[Student]) -> list[Remark]:
        unknown = {each.album: each for each in students if each.usos_id is None and each.is_owed(Owed.USOS_LINK)}
        if not unknown:
            return []
        ids = self.usos.ids_of([*unknown])
        taken = self.register.learn({unknown[album].key: usos_id for album, usos_id in ids.items()})
        albums = {student.key: album for album, student in unknown.items()}
        return [Remark(str(albums[key]), TAKEN, "have the dean's office compare both students") for key in taken]
