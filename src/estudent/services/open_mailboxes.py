"""Open mailboxes: students ask for a name, later runs bring the mailbox to be, step by observed step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from estudent.domain.album_number import AlbumNumber
from estudent.domain.lifecycle import Owed
from estudent.domain.mailbox import Mailbox, mailbox_of, needs_licence
from estudent.domain.mailbox_name import NameFault, check_local_part, fault_of
from estudent.domain.mailbox_watch import ON_THE_WAY
from estudent.domain.name_proposal import proposals
from estudent.domain.outcome import Outcome, Remark, Result
from estudent.domain.person_name import Transliterate
from estudent.domain.student import MailboxState, Student
from estudent.ports import (
    ADDRESS_TAKEN,
    NO_SEATS,
    AlreadyExists,
    Journal,
    Mailboxes,
    MailboxRegister,
    Refused,
    Sighting,
    Students,
)
from estudent.services.reconcile import Forecast, Leash, Reconcile

SYSTEM = "mailboxes"
SOMEBODY_ELSES = "the address belongs to somebody else at Microsoft"
PROPOSED = 5
LOOKED_UP = 50


@dataclass(frozen=True, slots=True)
class AskForMailbox:
    """What the portal calls when a student chooses a name."""

    students: Students
    register: MailboxRegister
    transliterate: Transliterate
    domain: str

    def ask(self, album: AlbumNumber, name: str, *, waited_for: bool = True) -> str:
        """Reserve the address and put the request in the outbox at once; return the address.

        Raises BadName for a name against the rules, AlreadyExists for one that was ever given, TooAlike for one that
        looks like somebody else's, Refused for a student who is owed no mailbox. A student who has a mailbox keeps it.
        What nobody waits for is left to the next run for everybody, so that it keeps no student waiting.
        """
        student = self.students.by_album(album)
        if kept := _kept(student):
            return kept
        if not student.is_owed(Owed.MAILBOX):
            raise Refused(f"student {album} is {student.standing.value}; a mailbox goes with studying")
        address = f"{check_local_part(name)}@{self.domain}"
        try:
            self.register.reserve(student, address, f"{album.login}@{self.domain}", waited_for=waited_for)
        except AlreadyExists:
            # The same student may have asked in another tab; then that request stands.
            if kept := _kept(self.students.by_album(album)):
                return kept
            raise
        return address

    def fault_of(self, student: Student, name: str) -> NameFault | None:
        """Return why a student could not have this name now, or None; nothing is reserved."""
        local = name.strip().lower()
        if fault := fault_of(local):
            return fault
        address = f"{local}@{self.domain}"
        if self.register.taken([address]):
            return NameFault.TAKEN
        return NameFault.LIKE_TAKEN if self.register.look_alikes(student.key, [address]) else None

    def free_names(self, album: AlbumNumber, most: int = PROPOSED) -> list[str]:
        """Return names that nobody has and that look like nobody's, best first."""
        return list(islice(self._free_names(self.students.by_album(album)), most))

    def ask_for_default(self, keys: Sequence[int]) -> int:
        """Ask for everybody who has no mailbox yet, with the best free name; return how many were asked for."""
        waiting = [student for student in self.students.load(keys) if _needs_one(student)]
        return sum(self._ask_for_best(student) for student in waiting)

    def _ask_for_best(self, student: Student) -> bool:
        for name in self._free_names(student):
            try:
                self.ask(student.album, name, waited_for=False)
            except AlreadyExists:  # somebody was quicker; the next name is tried
                continue
            return True
        return False

    def _free_names(self, student: Student) -> Iterator[str]:
        names = proposals(student.name, self.transliterate)
        while some := list(islice(names, LOOKED_UP)):
            addresses = {name: f"{name}@{self.domain}" for name in some}
            given = self.register.taken([*addresses.values()])
            given |= self.register.look_alikes(student.key, [*addresses.values()])
            yield from (name for name, address in addresses.items() if address not in given)


def _kept(student: Student) -> str | None:
    """Return the address that a student has for good; one in conflict may be changed."""
    return None if student.mailbox_state is MailboxState.CONFLICT else student.mailbox


def _needs_one(student: Student) -> bool:
    return student.mailbox is None and student.is_owed(Owed.MAILBOX)


def open_mailboxes(
    mailboxes: Mailboxes,
    students: Students,
    register: MailboxRegister,
    journal: Journal,
    domain: str,
    *,
    leash: Leash | None = None,
) -> Reconcile[Mailbox]:
    """Return the reconciler of mailboxes that were asked for."""

    def wanted(student: Student) -> Mailbox | None:
        elsewhere = student.mailbox_state is MailboxState.CONFLICT or student.is_being_renamed
        return None if elsewhere or not student.is_owed(Owed.MAILBOX) else mailbox_of(student, domain)

    def observe(
        looked_at: Sequence[Student], found: Mapping[AlbumNumber, Mailbox], outcomes: Sequence[Outcome]
    ) -> list[Remark]:
        became = {outcome.step.album: outcome for outcome in outcomes}
        asked = [(student, thing) for student in looked_at if (thing := wanted(student))]
        sights = [
            _sight(student, thing, found.get(student.album), became.get(student.album)) for student, thing in asked
        ]
        register.observe(sights)
        waiting = sum(sight.state in ON_THE_WAY and not sight.held for sight in sights)
        why = f"{waiting} mailboxes are on their way; Microsoft usually needs under 30 minutes"
        return [Remark(SYSTEM, why, "nothing; later runs finish them")] if waiting else []

    return Reconcile(SYSTEM, students, journal, mailboxes, wanted, observe, needs_licence, leash=leash or Leash())


def shortage(mailboxes: Mailboxes, forecast: Forecast) -> str | None:
    """Return how many seats a plan lacks, before its first step, or None when there are enough."""
    if not forecast.licences:
        return None
    left = mailboxes.free_seats()
    missing = forecast.licences - left
    if missing <= 0:
        return None
    return f"{missing} seats missing: {forecast.licences} mailboxes need a licence, {left} are left; free or buy seats"


def _sight(student: Student, wanted: Mailbox, found: Mailbox | None, outcome: Outcome | None) -> Sighting:
    """Return what was seen of one mailbox after its step, and what is wrong with it."""
    problem = outcome.detail if outcome and outcome.result is not Result.DONE else ""
    if found is None and problem.startswith(ADDRESS_TAKEN):
        return Sighting(student.key, MailboxState.CONFLICT, None, SOMEBODY_ELSES, address=student.mailbox)
    refused = outcome is not None and outcome.result is Result.REFUSED
    was_aliased = _was_aliased(outcome) or student.mailbox_state is MailboxState.ALIASED
    state = _state(wanted, found, was_aliased=was_aliased)
    trouble = found.trouble if found else ""
    held = refused and NO_SEATS not in problem
    identifier = found.identifier if found else None
    return Sighting(student.key, state, identifier, problem or trouble, held, student.mailbox)


def _was_aliased(outcome: Outcome | None) -> bool:
    """Tell whether Exchange accepted the alias in this step."""
    if outcome is None or outcome.result is not Result.DONE or "aliased" not in outcome.step.fields:
        return False
    before: Mailbox | None = outcome.step.found
    return before is not None and before.reachable


def _state(wanted: Mailbox, found: Mailbox | None, *, was_aliased: bool) -> MailboxState:
    """Return how far a mailbox is: an alias that Exchange took is not there before it can be read back."""
    if found is None:
        return MailboxState.REQUESTED
    if not found.licensed:
        return MailboxState.CREATED
    if not found.ready:
        return MailboxState.AWAITED
    if found.works and found.primary.lower() == wanted.primary.lower():
        return MailboxState.VERIFIED
    return MailboxState.ALIASED if was_aliased or found.aliased else MailboxState.OPENED
