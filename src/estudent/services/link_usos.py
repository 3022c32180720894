"""Link USOS: the university address that CAS hands over must stand at the right person, by USOS id.

USOS takes persons and addresses over by migrations of its own, so a student waits in a state that tells for what; each
look moves it by what was seen, and by nothing else (`domain.enablement`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from estudent.domain.album_number import AlbumNumber
from estudent.domain.enablement import LinkSight
from estudent.domain.lifecycle import Owed
from estudent.domain.outcome import Outcome, Remark, Result
from estudent.domain.plan import Step
from estudent.domain.student import LinkState, Student
from estudent.domain.usos_link import UsosLink, UsosPerson, usos_link_of
from estudent.ports import Journal, Students, Usos, UsosRegister
from estudent.services.reconcile import Leash, Reconcile

log = logging.getLogger(__name__)
SYSTEM = "usos"
SOMEBODY_ELSE = "USOS has another album number under this USOS id; nothing was written, have the dean's office compare"
NO_RIGHT = "USOS lets us hand over no addresses; its administrators enter this one, or permit it (`estudent doctor`)"
WAITS = (LinkState.AWAITED, LinkState.PERSON, LinkState.ACTIVE, LinkState.REQUESTED, LinkState.LINKED)


@dataclass(frozen=True, slots=True)
class _Links:
    """USOS as planning sees it: where nothing is to be written now, it is as if the wanted link were there."""

    usos: Usos

    def find(self, wanted: Sequence[UsosLink]) -> Mapping[AlbumNumber, UsosLink]:
        """Return what USOS holds, each with the person; active ones without any address are left out."""
        persons = self.usos.find([link.usos_id for link in wanted])
        linking = any(link.email for link in wanted) and self.usos.takes_links()
        held = {link.album: _held(link, persons.get(link.usos_id), linking) for link in wanted}
        return {album: link for album, link in held.items() if link is not None}

    def carry_out(self, steps: Iterable[Step[UsosLink]]) -> Iterator[Outcome]:
        """Take the steps."""
        return self.usos.carry_out(steps)


def _held(link: UsosLink, person: UsosPerson | None, linking: bool) -> UsosLink | None:
    seen = replace(link, person=person)
    if person is None or not person.active or person.album != str(link.album):
        # USOS's own migration must bring the person first; asking now would be refused, or hit somebody else.
        return seen
    if link.email is None or link.pending or not linking or person.holds(link.email):
        return seen
    return replace(seen, email="") if person.email else None


def link_usos(
    usos: Usos, students: Students, register: UsosRegister, journal: Journal, *, leash: Leash | None = None
) -> Reconcile[UsosLink]:
    """Return the reconciler of links in USOS."""

    def wanted(student: Student) -> UsosLink | None:
        return usos_link_of(student) if student.is_owed(Owed.USOS_LINK) else None

    def observe(
        looked_at: Sequence[Student], found: Mapping[AlbumNumber, UsosLink], outcomes: Sequence[Outcome]
    ) -> list[Remark]:
        became = {outcome.step.album: outcome for outcome in outcomes}
        links = [(student, link) for student in looked_at if (link := wanted(student))]
        lacks_right = any(link.email for _, link in links) and not usos.takes_links()
        sights = [
            _sight(student, link, found.get(link.album), became.get(link.album), usos.source, lacks_right=lacks_right)
            for student, link in links
        ]
        register.observe(sights)
        return [*_alarms(links, sights), *_waiting(sights)]

    return Reconcile(
        SYSTEM,
        students,
        journal,
        _Links(usos),
        wanted,
        observe,
        undoes=_undoes,
        shows_at_once=False,
        leash=leash or Leash(),
    )


def _undoes(step: Step[UsosLink]) -> bool:
    """Tell whether somebody has taken the address out of USOS, or put another one in its place, since it was seen."""
    return step.wanted.was_held


def _sight(
    student: Student,
    wanted: UsosLink,
    found: UsosLink | None,
    outcome: Outcome | None,
    source: str,
    *,
    lacks_right: bool,
) -> LinkSight:
    """Return what was seen of one student after the step; whom `find` leaves out is active and has no address."""
    if found and found.is_somebody_else_s:
        return LinkSight(student.key, LinkState.CONFLICT, source, problem=SOMEBODY_ELSE, held=True)
    answered = outcome is not None and outcome.result is not Result.FAILED
    asked_for = wanted.email if answered else None
    waits = wanted.pending and student.usos_state is LinkState.REQUESTED
    state = _state(wanted, found, asked=waits or (outcome is not None and outcome.result is Result.DONE))
    if state is LinkState.LINKED:
        return LinkSight(student.key, state, source, wanted.email, asked_for)
    if wanted.pending and found and found.person and found.person.refused:
        return LinkSight(student.key, state, source, problem=found.person.refused, held=True)
    refused = outcome is not None and outcome.result is Result.REFUSED
    problem = outcome.detail if outcome and outcome.result is not Result.DONE else ""
    if lacks_right and state is LinkState.ACTIVE and wanted.email:
        problem = NO_RIGHT
    return LinkSight(student.key, state, source, None, asked_for, problem, held=refused)


def _state(wanted: UsosLink, found: UsosLink | None, *, asked: bool) -> LinkState:
    if found and found.person is None:
        return LinkState.AWAITED
    if found and found.person and not (found.person.active and found.person.album):
        return LinkState.PERSON
    if wanted.email and found and found.person and found.person.holds(wanted.email):
        return LinkState.LINKED
    return LinkState.REQUESTED if asked else LinkState.ACTIVE


def _alarms(links: Sequence[tuple[Student, UsosLink]], sights: Sequence[LinkSight]) -> list[Remark]:
    """Return a remark for each id under which USOS has somebody else, and let the log tell it too."""
    of_somebody_else = {sight.student for sight in sights if sight.state is LinkState.CONFLICT}
    albums = [str(link.album) for student, link in links if student.key in of_somebody_else]
    for album in albums:
        log.error("student %s: %s", album, SOMEBODY_ELSE)
    return [
        Remark(album, SOMEBODY_ELSE, "the next run looks again once the id or the number is corrected")
        for album in albums
    ]


def _waiting(sights: Sequence[LinkSight]) -> list[Remark]:
    counts = Counter(sight.state for sight in sights if sight.state in WAITS and not sight.held)
    del counts[LinkState.LINKED]
    if not counts.total():
        return []
    states = ", ".join(f"{counts[state]} {state.value}" for state in WAITS if counts[state])
    why = f"{counts.total()} students are not linked in USOS yet ({states})"
    return [Remark(SYSTEM, why, "nothing; later runs look again after USOS's next migration")]
