"""Link USOS: the university address that CAS hands over must stand at the right person, by USOS id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Outcome, Remark
from estudent.domain.plan import Step
from estudent.domain.student import Student
from estudent.domain.usos_link import UsosLink, usos_link_of
from estudent.ports import Journal, Students, Usos, UsosPerson, UsosRegister
from estudent.services.reconcile import Reconcile

SYSTEM = "usos"


class _Links:
    """USOS as planning sees it: a person whom USOS does not have, or has under another album number, is left out."""

    def __init__(self, usos: Usos) -> None:
        self.usos = usos

    def find(self, wanted: Sequence[UsosLink]) -> Mapping[AlbumNumber, UsosLink]:
        """Return the addresses that USOS holds."""
        persons = self.usos.find([link.usos_id for link in wanted])
        held = {link.album: _held(link, persons.get(link.usos_id)) for link in wanted}
        return {album: link for album, link in held.items() if link.email}

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Take the steps."""
        return self.usos.carry_out(steps)


def _held(link: UsosLink, person: UsosPerson | None) -> UsosLink:
    if person is None or not person.active or person.album != str(link.album):
        # USOS's own migration must bring the person first; asking now would be refused, or hit somebody else.
        return link
    return UsosLink(link.album, link.usos_id, person.email)


def link_usos(usos: Usos, students: Students, register: UsosRegister, journal: Journal) -> Reconcile[UsosLink]:
    """Return the reconciler of links in USOS."""

    def wanted(student: Student) -> UsosLink | None:
        return usos_link_of(student) if student.is_owed(Owed.USOS_LINK) else None

    def observe(looked_at: Sequence[Student], _found: object, _outcomes: object) -> list[Remark]:
        links = [(student, link) for student in looked_at if (link := wanted(student))]
        unlinked = [(student, link) for student, link in links if student.usos_email != link.email]
        persons = usos.find([link.usos_id for _, link in unlinked]) if unlinked else {}
        seen = {student.key: link.email for student, link in unlinked if _is_linked(link, persons) and link.email}
        register.observe_links(seen, source="usosapi")
        waiting = len(unlinked) - len(seen)
        why = f"{waiting} students are not seen in USOS yet as active with their address"
        return [Remark(SYSTEM, why, "nothing; later runs look again after USOS's next migration")] if waiting else []

    return Reconcile(SYSTEM, students, journal, _Links(usos), wanted, observe)


def _is_linked(link: UsosLink, persons: Mapping[int, UsosPerson]) -> bool:
    person = persons.get(link.usos_id)
    return (
        person is not None
        and person.album == str(link.album)
        and (person.email or "").lower() == (link.email or "").lower()
    )
