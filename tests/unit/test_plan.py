"""Plans: a second one is empty, none ever removes, and too much locking stops and asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from estudent.domain.album_number import AlbumNumber
from estudent.domain.brake import Brake
from estudent.domain.plan import DANGEROUS, Lock, Step, StepKind, plan

ALBUMS = st.integers(100, 120).map(lambda number: AlbumNumber(str(number)))
LOCKS = st.sampled_from(Lock)
NOT_OPEN = [Lock.UNTIL_ACTIVATED, Lock.BARRED]


@dataclass(frozen=True, slots=True)
class Locker:
    """A locker in the gymnasium: the smallest thing that can be planned for."""

    album: AlbumNumber
    lock: Lock = Lock.OPEN
    label: str = ""
    colour: str = ""

    def differences(self, found: Locker) -> tuple[str, ...]:
        """Name what differs."""
        return tuple(name for name in ("label", "colour") if getattr(self, name) != getattr(found, name))


class Gymnasium:
    """A far system in memory, honest and complete."""

    def __init__(self, lockers: Iterable[Locker] = ()) -> None:
        self.lockers = {locker.album: locker for locker in lockers}

    def carry_out(self, steps: Iterable[Step[Locker]]) -> None:
        """Take the steps."""
        for step in steps:
            if step.kind is StepKind.ADD:
                assert step.album not in self.lockers
                self.lockers[step.album] = step.wanted
            elif step.kind is StepKind.CHANGE:
                changes = {name: getattr(step.wanted, name) for name in step.fields}
                self.lockers[step.album] = replace(self.lockers[step.album], **changes)
            else:
                self.lockers[step.album] = replace(self.lockers[step.album], lock=step.wanted.lock)


LOCKERS = st.builds(Locker, ALBUMS, LOCKS, st.sampled_from("abc"), st.sampled_from("xy"))
ROOMS = st.lists(LOCKERS, unique_by=lambda locker: locker.album)


@given(wanted=ROOMS, found=ROOMS)
def test_after_a_plan_is_carried_out_the_next_one_is_empty(wanted: list[Locker], found: list[Locker]) -> None:
    far = Gymnasium(found)
    far.carry_out(list(plan(wanted, far.lockers)))
    assert list(plan(wanted, far.lockers)) == []
    assert all(is_as_wanted(each, far.lockers[each.album]) for each in wanted)


@given(wanted=ROOMS, found=ROOMS)
def test_a_plan_never_removes_anything_of_anybody(wanted: list[Locker], found: list[Locker]) -> None:
    far = Gymnasium(found)
    far.carry_out(list(plan(wanted, far.lockers)))
    assert {each.album for each in found} <= set(far.lockers)
    left_alone = {each.album for each in found} - {each.album for each in wanted}
    assert all(far.lockers[each.album] == each for each in found if each.album in left_alone)


@given(wanted=ROOMS, found=ROOMS)
def test_a_plan_has_no_step_that_withdraws_erases_or_renames(wanted: list[Locker], found: list[Locker]) -> None:
    kinds = {step.kind for step in plan(wanted, Gymnasium(found).lockers)}
    assert kinds <= {StepKind.ADD, StepKind.CHANGE, StepKind.LOCK, StepKind.UNLOCK}


@given(wanted=ROOMS, found=ROOMS)
def test_a_plan_has_at_most_one_step_of_a_kind_for_a_student(wanted: list[Locker], found: list[Locker]) -> None:
    far = Gymnasium(found)
    steps = list(plan(wanted, far.lockers))
    assert max(Counter((step.album, step.kind) for step in steps).values(), default=0) <= 1
    assert {step.album for step in steps} <= {each.album for each in wanted}


@given(wanted=ROOMS, found=ROOMS, stopped=st.integers(0, 30))
def test_a_run_that_was_interrupted_is_completed_by_the_next(
    wanted: list[Locker], found: list[Locker], stopped: int
) -> None:
    far = Gymnasium(found)
    far.carry_out(list(plan(wanted, far.lockers))[:stopped])
    far.carry_out(list(plan(wanted, far.lockers)))
    assert list(plan(wanted, far.lockers)) == []


def is_as_wanted(wanted: Locker, found: Locker) -> bool:
    """Tell whether it is, where an open lock that waits for its activation counts as activated."""
    activated = wanted.lock is Lock.UNTIL_ACTIVATED and found.lock is Lock.OPEN
    return replace(found, lock=wanted.lock) == wanted if activated else found == wanted


@pytest.mark.parametrize("wanted", Lock)
@pytest.mark.parametrize("found", Lock)
def test_a_lock_is_opened_or_closed_only_where_it_differs(wanted: Lock, found: Lock) -> None:
    album = AlbumNumber("123456")
    kinds = [step.kind for step in plan([Locker(album, wanted)], {album: Locker(album, found)})]
    if wanted is found or (wanted is Lock.UNTIL_ACTIVATED and found is Lock.OPEN):
        assert kinds == []
    elif wanted is Lock.OPEN:
        assert kinds == [StepKind.UNLOCK]
    else:
        assert kinds == [StepKind.LOCK]


@pytest.mark.parametrize("lock", Lock)
def test_a_new_thing_is_added_with_its_lock_in_one_step(lock: Lock) -> None:
    (step,) = plan([Locker(AlbumNumber("123456"), lock)], {})
    assert (step.kind, step.wanted.lock) == (StepKind.ADD, lock)


def test_a_change_names_its_fields_and_shows_what_was_found() -> None:
    album = AlbumNumber("123456")
    found = Locker(album, label="old", colour="red")
    (step,) = plan([Locker(album, label="new", colour="red")], {album: found})
    assert (step.kind, step.fields, step.found) == (StepKind.CHANGE, ("label",), found)


class AWholeYear(RuleBasedStateMachine):
    """Students come, change and leave; strangers meddle; the plan always brings all in line and removes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.wanted: dict[AlbumNumber, Locker] = {}
        self.far = Gymnasium()
        self.ever: set[AlbumNumber] = set()

    @rule(locker=LOCKERS)
    def a_student_comes_or_changes(self, locker: Locker) -> None:
        self.wanted[locker.album] = locker

    @rule(album=ALBUMS)
    def a_student_is_no_longer_looked_at(self, album: AlbumNumber) -> None:
        self.wanted.pop(album, None)

    @rule(locker=LOCKERS)
    def somebody_meddles(self, locker: Locker) -> None:
        if locker.album in self.far.lockers:
            self.far.lockers[locker.album] = locker

    @rule()
    def the_nightly_run(self) -> None:
        self.far.carry_out(list(plan(self.wanted.values(), self.far.lockers)))
        assert list(plan(self.wanted.values(), self.far.lockers)) == []
        self.ever |= set(self.far.lockers)

    @invariant()
    def nothing_was_removed(self) -> None:
        assert self.ever <= set(self.far.lockers)


TestAWholeYear = AWholeYear.TestCase
TestAWholeYear.settings = settings(max_examples=30, stateful_step_count=30)

KINDS = st.lists(st.sampled_from(StepKind), max_size=60)
BRAKES = st.builds(Brake, st.floats(0, 1), st.integers(0, 10))


def test_only_what_adds_changes_or_opens_is_harmless() -> None:
    assert set(StepKind) - DANGEROUS == {StepKind.ADD, StepKind.CHANGE, StepKind.UNLOCK}


def test_the_brake_says_what_would_be_done_to_how_many() -> None:
    why = Brake(0.0, 0).holds([StepKind.LOCK, StepKind.ERASE, StepKind.LOCK, StepKind.ADD], 9)
    assert why is not None and why.startswith("the plan would erase 1 of 9 and lock 2 of 9 students; ")


@given(BRAKES, KINDS, st.integers(0, 10_000))
def test_adding_changing_and_opening_never_touch_the_brake(brake: Brake, kinds: list[StepKind], looked_at: int) -> None:
    harmless = [kind for kind in kinds if kind not in DANGEROUS]
    assert brake.holds(harmless, looked_at) is None
    assert (brake.holds(kinds, looked_at) is None) == (brake.holds(kinds + harmless, looked_at) is None)


@given(BRAKES, KINDS, st.integers(0, 10_000), st.integers(0, 60))
def test_a_plan_that_stops_also_stops_with_more_locks(
    brake: Brake, kinds: list[StepKind], looked_at: int, more: int
) -> None:
    if brake.holds(kinds, looked_at):
        assert brake.holds(kinds + [StepKind.LOCK] * more, looked_at)


@given(BRAKES, KINDS, st.integers(0, 10_000), st.integers(0, 10_000))
def test_a_plan_that_may_run_may_run_among_more_students(
    brake: Brake, kinds: list[StepKind], looked_at: int, more: int
) -> None:
    if brake.holds(kinds, looked_at) is None:
        assert brake.holds(kinds, looked_at + more) is None


@given(BRAKES, st.integers(0, 10_000))
def test_the_first_few_locks_are_always_spared(brake: Brake, looked_at: int) -> None:
    assert brake.holds([StepKind.LOCK] * brake.spared, looked_at) is None


@given(st.integers(0, 10), st.integers(0, 60))
def test_a_share_of_everybody_never_stops(spared: int, looked_at: int) -> None:
    assert Brake(1.0, spared).holds([StepKind.LOCK] * looked_at, looked_at) is None


@pytest.mark.parametrize(
    "locks, looked_at, stops", [(5, 10, False), (6, 10, True), (40, 2000, False), (41, 2000, True)]
)
def test_the_usual_brake_spares_five_or_two_in_a_hundred(locks: int, looked_at: int, stops: bool) -> None:
    why = Brake().holds([StepKind.LOCK] * locks, looked_at)
    assert bool(why) is stops
    assert not why or f"{locks} of {looked_at}" in why
