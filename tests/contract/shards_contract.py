"""What the register of shards promises, on every database that the registry may stand on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from estudent.adapters.registry import tables
from estudent.adapters.registry.journal import Author, SqlJournal
from estudent.adapters.registry.shards import KEPT, SqlShards
from estudent.domain.outcome import Remark, Result, Tally
from estudent.domain.shard import Shard, ShardSight
from estudent.ports import Expired, JournalEntry
from tests.contract.registry_world import Registry, an_application, at_once

RUN, SYSTEM = "5b1f7c1e-0f0e-4b8e-9d43-8f6a2f3f0d11", "directory"
SILENT = timedelta(seconds=60)
TOLD = Tally(SYSTEM, 7, 3, 2, 1, 0, 4.5, [Remark("100001", "odmówiono: już istnieje", "popraw")])


def shards_of(registry: Registry) -> SqlShards:
    return SqlShards(registry.database, registry.clock, SILENT)


def three(run: str = RUN, system: str = SYSTEM) -> list[Shard]:
    return [Shard(run, system, at, 3, 100 * at, 100 * at + 99, allowed=at) for at in (1, 2, 3)]


def taken(registry: Registry, number: int = 1, holder: str = "a") -> ShardSight:
    sight = shards_of(registry).take(RUN, SYSTEM, number, holder)
    assert sight is not None
    return sight


@pytest.fixture
def shards(registry: Registry) -> SqlShards:
    ours = shards_of(registry)
    ours.lay_out(three())
    return ours


class ShardsContract:
    def test_a_run_has_no_shards_before_they_are_laid_out(self, registry: Registry) -> None:
        assert shards_of(registry).of(RUN, SYSTEM) == []
        assert shards_of(registry).take(RUN, SYSTEM, 1, "a") is None

    def test_shards_are_there_as_they_were_laid_out_and_free(self, shards: SqlShards) -> None:
        wanted = [ShardSight(each, each.first - 1, Tally(SYSTEM), 0, free=True, finished=False) for each in three()]
        assert shards.of(RUN, SYSTEM) == wanted

    def test_shards_of_other_runs_and_systems_are_others(self, shards: SqlShards) -> None:
        shards.lay_out([*three(run="another")[:1], *three(system="usos")[:2]])
        assert [len(shards.of(*whose)) for whose in ((RUN, SYSTEM), ("another", SYSTEM), (RUN, "usos"))] == [3, 1, 2]

    def test_a_run_that_begins_anew_keeps_its_shards(self, registry: Registry, shards: SqlShards) -> None:
        shards.keep(taken(registry).shard, "a", 150, TOLD)
        before = shards.of(RUN, SYSTEM)
        shards.lay_out([Shard(RUN, SYSTEM, 1, 1, 1, 999)])
        assert shards.of(RUN, SYSTEM) == before

    def test_a_shard_is_in_one_hand_at_a_time(self, registry: Registry, shards: SqlShards) -> None:
        sight = taken(registry)
        assert (sight.shard, sight.takes, sight.free) == (three()[0], 1, False)
        assert shards.take(RUN, SYSTEM, 1, "b") is None
        assert [each.free for each in shards.of(RUN, SYSTEM)] == [False, True, True]

    def test_of_many_processes_one_gets_a_shard(self, registry: Registry, shards: SqlShards) -> None:
        got = at_once(registry, 6, lambda mine, at: shards_of(mine).take(RUN, SYSTEM, 2, f"process {at}"))
        assert sum(sight is not None for sight in got) == 1
        assert shards.of(RUN, SYSTEM)[1].takes == 1

    def test_who_is_silent_for_too_long_has_lost_the_shard(self, registry: Registry, shards: SqlShards) -> None:
        shard = taken(registry).shard
        shards.keep(shard, "a", 150, TOLD)
        registry.clock.turn(seconds=61)
        assert shards.of(RUN, SYSTEM)[0].free
        other = taken(registry, holder="b")
        assert (other.reached, other.tally, other.takes, other.free) == (150, TOLD, 2, False)
        acts: list[Callable[[], None]] = [
            lambda: shards.breathe(shard, "a"),
            lambda: shards.keep(shard, "a", 160, TOLD),
            lambda: shards.finish(shard, "a", TOLD),
        ]
        for act in acts:
            with pytest.raises(Expired, match="shard 1 of 3 was taken up by another process"):
                act()
        assert shards.of(RUN, SYSTEM)[0] == other

    def test_who_was_silent_and_is_not_missed_keeps_the_shard(self, registry: Registry, shards: SqlShards) -> None:
        shard = taken(registry).shard
        registry.clock.turn(minutes=10)
        shards.breathe(shard, "a")
        assert shards.take(RUN, SYSTEM, 1, "b") is None

    @pytest.mark.parametrize("sign", ["breathe", "keep"])
    def test_a_sign_of_life_keeps_the_shard(self, registry: Registry, shards: SqlShards, sign: str) -> None:
        shard = taken(registry).shard
        for _ in range(3):
            registry.clock.turn(seconds=59)
            if sign == "breathe":
                shards.breathe(shard, "a")
            else:
                shards.keep(shard, "a", 150, TOLD)
            assert not shards.of(RUN, SYSTEM)[0].free

    def test_a_finished_shard_tells_its_tally_and_is_taken_by_nobody(
        self, registry: Registry, shards: SqlShards
    ) -> None:
        shard = taken(registry).shard
        shards.finish(shard, "a", TOLD)
        registry.clock.turn(hours=1)
        assert shards.of(RUN, SYSTEM)[0] == ShardSight(shard, 199, TOLD, 1, free=False, finished=True)
        assert shards.take(RUN, SYSTEM, 1, "b") is None
        with pytest.raises(Expired):
            shards.keep(shard, "a", 120, TOLD)

    def test_a_run_that_is_tried_again_does_anew_what_failed_and_nothing_else(
        self, registry: Registry, shards: SqlShards
    ) -> None:
        failed = Tally(SYSTEM, 5, 1, 0, 0, 4)
        for number, tally in ((1, TOLD), (2, failed)):
            shards.finish(taken(registry, number).shard, "a", tally)
        taken(registry, 3)
        shards.reopen(RUN, SYSTEM)
        well, again, held = shards.of(RUN, SYSTEM)
        assert (well.finished, well.tally) == (True, TOLD)
        assert again == ShardSight(three()[1], 199, Tally(SYSTEM), 1, free=True, finished=False)
        assert (held.free, held.finished, held.takes) == (False, False, 1)

    def test_shards_of_long_ago_are_forgotten_with_their_remarks(self, registry: Registry, shards: SqlShards) -> None:
        shards.finish(taken(registry).shard, "a", TOLD)
        registry.clock.now += KEPT + timedelta(days=1)
        shards.lay_out(three(run="a later one"))
        assert {row["run"] for row in registry.rows(tables.shard)} == {"a later one"}

    def test_the_journal_tells_what_was_done_of_a_shard_by_whomever(self, registry: Registry) -> None:
        registry.take_in(*(an_application(str(100_001 + at)) for at in range(4)))
        keys = [registry.by_album(str(100_001 + at)).key for at in range(4)]
        shard = Shard(RUN, SYSTEM, 1, 2, keys[0], keys[2])

        def note(key: int, step: str, result: Result = Result.DONE, system: str = SYSTEM, run: str = RUN) -> None:
            author = Author("flow semester-start, shard 1 of 2", run, registry.clock)
            SqlJournal(registry.database, author).note([JournalEntry(key, system, step, result)])

        note(keys[0], "add")
        note(keys[1], "add")
        note(keys[1], "change mail surname")
        note(keys[2], "change mail")
        note(keys[2], "lock")
        note(keys[0], "add", Result.FAILED)
        note(keys[0], "add", system="mailboxes")
        note(keys[0], "lock", run="another")
        note(keys[3], "lock")
        assert registry.journal.done(shard) == {"add": 2, "change": 2, "lock": 1}
