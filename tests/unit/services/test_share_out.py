"""Sharing out: agreed to once for everybody, held to by each shard, summed up as if one had done it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from estudent.domain.album_number import AlbumNumber
from estudent.domain.directory_entry import Entry, entry_of
from estudent.domain.lifecycle import Standing
from estudent.domain.outcome import Outcome, Remark, Result, Tally
from estudent.domain.plan import Lock, Step, StepKind
from estudent.domain.shard import Shard, ShardSight
from estudent.domain.student import AccountState
from estudent.ports import JournalEntry, Refused, Unavailable
from estudent.services.keep_accounts import keep_accounts
from estudent.services.reconcile import Forecast, Leash, Reconcile
from estudent.services.share_out import ShareOut
from tests.builders import DOMAIN, a_student
from tests.fakes import FakeDirectory
from tests.unit.services.students_in_memory import EntriesSeenInMemory, JournalInMemory, StudentsInMemory

RUN = "run 1"
KEYS = range(1000, 1010)


class ShardsInMemory:
    """Port `Shards`, as far as sharing out needs it."""

    def __init__(self) -> None:
        self.laid_out: list[Shard] = []
        self.finished: dict[int, Tally] = {}

    def lay_out(self, shards: list[Shard]) -> None:
        """Store shards."""
        self.laid_out = shards

    def finish(self, shard: Shard, holder: str, tally: Tally) -> None:
        """Store a tally."""
        assert holder == "somebody"
        self.finished[shard.number] = tally


@pytest.fixture
def journal() -> JournalInMemory:
    return JournalInMemory()


@pytest.fixture
def shards() -> ShardsInMemory:
    return ShardsInMemory()


@pytest.fixture
def share_out(shards: ShardsInMemory, journal: JournalInMemory) -> ShareOut:
    return ShareOut(shards, journal)  # type: ignore[arg-type]


def plan(locks: int) -> Forecast:
    forecast = Forecast("directory", looked_at=5)
    forecast.steps[StepKind.LOCK] = locks
    forecast.steps[StepKind.ADD] = 3
    return forecast


def a_shard(number: int = 1, allowed: int = 0) -> Shard:
    return Shard(RUN, "directory", number, 2, 1000 + 5 * (number - 1), 1004 + 5 * (number - 1), allowed)


def locked(key: int) -> JournalEntry:
    return JournalEntry(key, "directory", "lock", Result.DONE)


def test_shards_are_laid_out_by_keys_with_what_was_planned_and_a_fair_part_of_the_rest(
    share_out: ShareOut, shards: ShardsInMemory
) -> None:
    share_out.lay_out(RUN, [KEYS[:5], KEYS[5:]], [plan(2), plan(0)], let_through=5)
    assert shards.laid_out == [a_shard(1, allowed=3), a_shard(2, allowed=1)]


def test_a_shard_may_take_away_what_was_agreed_to_and_no_more_however_often_it_is_taken_up(
    share_out: ShareOut, journal: JournalInMemory
) -> None:
    assert share_out.leash_of(a_shard(allowed=3)).left == 3
    journal.note([locked(1000), locked(1004), locked(1005)])
    assert share_out.leash_of(a_shard(allowed=3)).left == 1
    assert share_out.leash_of(a_shard(allowed=1)).left == 0


def test_a_finished_shard_counts_what_a_killed_process_did(
    share_out: ShareOut, shards: ShardsInMemory, journal: JournalInMemory
) -> None:
    journal.note([JournalEntry(key, "directory", "add", Result.DONE) for key in KEYS])
    told = share_out.finish(a_shard(), "somebody", Tally("directory", read=5, new=2))
    assert told == shards.finished[1] == Tally("directory", read=5, new=5)


def test_shards_are_summed_up_as_one_run(share_out: ShareOut) -> None:
    sights = [
        ShardSight(a_shard(number), 0, Tally("directory", 5, number, 1, seconds=2.0), 1, False, finished=True)
        for number in (1, 2)
    ]
    assert share_out.sum_up("directory", sights, {}) == Tally("directory", 10, 3, 2, seconds=4.0)


def test_a_shard_that_is_lost_again_and_again_is_told_with_how_many_are_missing(
    share_out: ShareOut, journal: JournalInMemory
) -> None:
    journal.note([JournalEntry(1000, "directory", "add", Result.DONE)])
    lost = ShardSight(a_shard(), 1001, Tally("directory", read=2), 3, True, finished=False)
    tally = share_out.sum_up("directory", [lost], {1: 3})
    assert (tally.read, tally.new, tally.failed) == (5, 1, 3)
    assert tally.remarks == [
        Remark(
            "directory",
            "shard 1 of 2 was lost 3 times, and 3 of its students were not looked at",
            "see the logs of its runs in Prefect; the next run tries again",
        )
    ]


# the leash


def accounts(directory: FakeDirectory, students: StudentsInMemory, leash: Leash | None) -> Reconcile[Entry]:
    seen, journal = EntriesSeenInMemory(students, DOMAIN), JournalInMemory()
    return keep_accounts(directory, students, seen, journal, DOMAIN, leash=leash)


@pytest.fixture
def students() -> StudentsInMemory:
    """Three who were struck off since their accounts were made, and one who is new."""
    known = [a_student(str(key), account=AccountState.ACTIVE) for key in (1000, 1001, 1002)]
    return StudentsInMemory(*known, a_student("1003"))


@pytest.fixture
def directory(students: StudentsInMemory) -> FakeDirectory:
    entries = [entry_of(students.by_key[key], DOMAIN) for key in (1000, 1001, 1002)]
    for key in (1000, 1001, 1002):
        students.change(key, standing=Standing.STRUCK_OFF)
    return FakeDirectory(*entries)


def locks(directory: FakeDirectory) -> int:
    return sum(entry.lock is Lock.BARRED for entry in directory.entries.values())


def test_a_plan_that_takes_away_more_than_was_agreed_to_is_not_begun(
    directory: FakeDirectory, students: StudentsInMemory
) -> None:
    with pytest.raises(Refused, match="the plan has grown: 3 steps would now take something away, and 2 were agreed"):
        accounts(directory, students, Leash(2)).apply([1000, 1001, 1002, 1003])
    assert (locks(directory), AlbumNumber("1003") in directory.entries) == (0, False)


def test_what_was_agreed_to_is_done_and_counted_over_all_batches(
    directory: FakeDirectory, students: StudentsInMemory
) -> None:
    leash = Leash(2)
    reconciler = accounts(directory, students, leash)
    reconciler.apply([1000, 1003])
    assert leash.left == 1
    with pytest.raises(Refused, match="2 steps would now take something away, and 1 were agreed"):
        reconciler.apply([1001, 1002])
    reconciler.apply([1001])
    assert (leash.left, locks(directory)) == (0, 2)


def test_a_step_that_is_not_done_is_not_counted(directory: FakeDirectory, students: StudentsInMemory) -> None:
    leash = Leash(3)
    reconciler = accounts(directory, students, leash)
    directory.carry_out = lambda steps: (  # type: ignore[method-assign]
        Outcome(step, Result.FAILED, "the directory does not answer") for step in steps
    )
    reconciler.apply([1000, 1001, 1002])
    assert leash.left == 3


def test_what_was_accepted_and_does_not_show_yet_is_counted_once(
    directory: FakeDirectory, students: StudentsInMemory
) -> None:
    leash = Leash(3)
    reconciler = accounts(directory, students, leash)

    def breaks_off(steps: Iterable[Step[Entry]]) -> Iterator[Outcome]:
        yield Outcome(next(step for step in steps if step.kind is StepKind.LOCK), Result.DONE)
        raise Unavailable("the directory does not answer")

    directory.carry_out = breaks_off  # type: ignore[method-assign]
    for left in (2, 2):
        with pytest.raises(Unavailable):
            reconciler.apply([1000, 1001, 1002])
        assert leash.left == left


def test_without_a_leash_everything_planned_is_done(directory: FakeDirectory, students: StudentsInMemory) -> None:
    accounts(directory, students, None).apply([1000, 1001, 1002, 1003])
    assert locks(directory) == 3
