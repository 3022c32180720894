"""Bring one far system in line with the registry: gather, plan, apply, verify, record."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol

from estudent.domain.album_number import AlbumNumber
from estudent.domain.outcome import Outcome, Remark, Result, Tally
from estudent.domain.plan import DANGEROUS, Step, StepKind, T, plan
from estudent.domain.student import Student
from estudent.ports import FarSideError, Journal, JournalEntry, Misconfigured, Refused, Students

UNTOLD_FOR = 1.0
"""After so many seconds what was done is written into the journal, while the rest goes on."""


@dataclass(slots=True)
class Forecast:
    """What a plan would do: whom it looked at, how many steps of each kind it has, and how many need a licence."""

    system: str
    looked_at: int = 0
    steps: Counter[StepKind] = field(default_factory=Counter)
    licences: int = 0

    def merge(self, other: Forecast) -> Forecast:
        """Return the sum of two forecasts of one system."""
        licences = self.licences + other.licences
        return Forecast(self.system, self.looked_at + other.looked_at, self.steps + other.steps, licences)

    @property
    def takes_away(self) -> int:
        """How many of its steps take something away from students."""
        return sum(many for kind, many in self.steps.items() if kind in DANGEROUS)

    @property
    def is_mostly_looking(self) -> bool:
        """Tell whether to carry it out is hardly more than to look once more, as it was made."""
        return self.steps.total() * 10 <= self.looked_at

    def as_tally(self, obstacle: str | None = None) -> Tally:
        """Return the counts as a run would have had them, had nothing been refused, and what would stop the run."""
        new = self.steps[StepKind.ADD]
        remarks = [Remark(self.system, obstacle, "see to it before the run")] if obstacle else []
        return Tally(self.system, read=self.looked_at, new=new, changed=self.steps.total() - new, remarks=remarks)


class Reconciler(Protocol):
    """What brings one system in line; flows and the command line know nothing more of it."""

    @property
    def system(self) -> str:
        """The system's name in tallies and in the journal."""

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Plan for these students and change nothing."""

    def apply(self, keys: Sequence[int]) -> Tally:
        """Plan anew for these students, take the steps, look again, and record what was seen."""


class Leash:
    """Lets a process take so many steps that take something away, over all its plans; without a number, any.

    What was accepted and does not show yet is planned again, and counts once.
    """

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self._counted: set[tuple[AlbumNumber, StepKind]] = set()

    def hold(self, plan: Iterable[tuple[AlbumNumber, StepKind]]) -> None:
        """Raise Refused where a plan would take away more than was agreed to: it has grown since."""
        planned = sum(self._counts(*step) for step in plan)
        if self.left is not None and planned > self.left:
            raise Refused(
                f"the plan has grown: {planned} steps would now take something away, and {self.left} were agreed to"
            )

    def count(self, album: AlbumNumber, kind: StepKind) -> None:
        """Note a step that was taken."""
        if self.left is not None and self._counts(album, kind):
            self._counted.add((album, kind))
            self.left -= 1

    def _counts(self, album: AlbumNumber, kind: StepKind) -> bool:
        return kind in DANGEROUS and (album, kind) not in self._counted


class FarSystem(Protocol[T]):
    """A far system as planning sees it."""

    def find(self, wanted: Sequence[T]) -> Mapping[AlbumNumber, T]:
        """Return what exists there of the things wanted."""

    def carry_out(self, steps: Iterable[Step[T]]) -> Iterator[Outcome]:
        """Take the steps, yielding an outcome for each that had one."""


def _never(_step: object) -> bool:
    return False


def _nothing(_looked_at: object, _otherwise: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Reconcile(Generic[T]):
    """The one engine; a system adds what is wanted of a student, and how an observation is recorded.

    Where what was accepted does not show at once, nothing is said of steps that are not to be seen after the run. What
    `undoes` something that was done by hand counts for the brake as a repair. To `settle` is to note who was looked at,
    and of whom what is there is otherwise than wanted after all. Of threads that apply for different students, one at
    a time takes steps, in its `turn`; the others plan, or look again, meanwhile.
    """

    system: str
    students: Students
    journal: Journal
    far: FarSystem[T]
    wanted: Callable[[Student], T | None]
    observe: Callable[[Sequence[Student], Mapping[AlbumNumber, T], Sequence[Outcome]], list[Remark]]
    needs_licence: Callable[[Step[T]], bool] = _never
    undoes: Callable[[Step[T]], bool] = _never
    settle: Callable[[Sequence[Student], Collection[AlbumNumber]], None] = _nothing
    shows_at_once: bool = True
    leash: Leash = field(default_factory=Leash)
    turn: AbstractContextManager[object] = field(default_factory=Lock)

    def forecast(self, keys: Sequence[int]) -> Forecast:
        """Plan for these students and change nothing."""
        things = self._things(self.students.load(keys))
        steps = list(plan(things, self.far.find(things)))
        licences = sum(map(self.needs_licence, steps))
        return Forecast(self.system, len(things), Counter(map(self._braked_as, steps)), licences)

    def apply(self, keys: Sequence[int]) -> Tally:
        """Plan anew for these students, take the steps, look again, and record what was seen."""
        students = self.students.load(keys)
        things = self._things(students)
        tally = Tally(self.system, read=len(things))
        found = self.far.find(things)
        steps = list(plan(things, found))
        outcomes = self._take(steps, students, tally)
        left = steps
        if steps:
            found = self.far.find(things)
            left = list(plan(things, found))
            if self.shows_at_once:
                _verify(left, outcomes, tally)
        tally.remarks += self.observe(students, found, outcomes)
        self.settle(students, {step.album for step in left})
        return tally

    def _take(self, steps: Sequence[Step[T]], students: Iterable[Student], tally: Tally) -> list[Outcome]:
        """Take the steps and record what became of them as they go: a killed process leaves little untold."""
        keys = {student.album: student.key for student in students}
        outcomes: list[Outcome] = []
        told, told_at = 0, time.monotonic()
        try:
            with self.turn:
                # What others have taken away counts, so it is the turn to look at the leash as well.
                self.leash.hold((step.album, self._braked_as(step)) for step in steps)
                for outcome in self.far.carry_out(steps):
                    outcomes.append(outcome)
                    self._count(outcome)
                    if time.monotonic() - told_at > UNTOLD_FOR:
                        self._record(keys, outcomes[told:], tally)
                        told, told_at = len(outcomes), time.monotonic()
        finally:
            # What was done before the far side gave up is done, and belongs in the journal.
            self._record(keys, outcomes[told:], tally)
        return outcomes

    def _count(self, outcome: Outcome) -> None:
        if outcome.result is Result.DONE:
            self.leash.count(outcome.step.album, self._braked_as(outcome.step))

    def _braked_as(self, step: Step[T]) -> StepKind:
        return StepKind.REPAIR if self.undoes(step) else step.kind

    def _things(self, students: Iterable[Student]) -> list[T]:
        return [thing for student in students if (thing := self.wanted(student)) is not None]

    def _record(self, keys: Mapping[AlbumNumber, int], outcomes: Iterable[Outcome], tally: Tally) -> None:
        entries = []
        for outcome in outcomes:
            tally.count(outcome.step.kind, outcome.result)
            if outcome.result is not Result.DONE:
                tally.remarks.append(_remark(outcome))
            step = " ".join((outcome.step.kind.value, *outcome.step.fields))
            key = keys[outcome.step.album]
            entries.append(JournalEntry(key, self.system, step[:60], outcome.result, outcome.told))
        self.journal.note(entries)


def _verify(left: Iterable[Step[T]], outcomes: Iterable[Outcome], tally: Tally) -> None:
    """Report the steps that the far side called done and that cannot be seen there."""
    done = {(outcome.step.album, outcome.step.kind) for outcome in outcomes if outcome.result is Result.DONE}
    for step in left:
        if (step.album, step.kind) in done and step.kind is not StepKind.CHANGE:
            why = f"{step.kind.value} was accepted but is not to be seen there"
            tally.remarks.append(Remark(str(step.album), why, "the next run tries again"))


def _remark(outcome: Outcome) -> Remark:
    if outcome.result is Result.FAILED:
        return Remark(str(outcome.step.album), outcome.detail, "the next run tries again")
    return Remark(str(outcome.step.album), outcome.detail, "correct it, then run again")


def follow(reconciler: Reconciler, keys: Sequence[int]) -> Tally:
    """Bring students in line with a system that comes after another; that it cannot is counted, and stops nothing."""
    try:
        return reconciler.apply(keys)
    except FarSideError as error:
        return unavailable(reconciler.system, error, keys)


def unavailable(system: str, error: FarSideError, keys: Sequence[int]) -> Tally:
    """Return the tally of students who could not be looked at."""
    stopped = isinstance(error, Misconfigured)
    remark = Remark(system, str(error), "run `estudent doctor`" if stopped else "the next run tries again")
    return Tally(system, read=len(keys), failed=len(keys), remarks=[remark])
