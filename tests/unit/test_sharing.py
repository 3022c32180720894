"""How a run and its workers share shards out, without Prefect's server: who takes what, and who is missed."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.shards import SqlShards
from estudent.domain.outcome import Tally
from estudent.domain.shard import Shard, ShardSight
from estudent.ports import Expired, Misconfigured, Refused, Unavailable
from estudent.services.reconcile import Leash
from estudent.services.share_out import ShareOut
from flows import sharing, wired
from flows.forms import EVERYONE, Limits
from flows.sharing import MOST_TAKES
from flows.wired import here_as
from tests.contract.registry_world import Clock
from tests.unit.services.students_in_memory import JournalInMemory

RUN, SYSTEM = "a run", "directory"
SILENT = 60.0
HAND_IN, CALL_BACK = sharing._hand_in, sharing._call_back


class Reconciler:
    """Counts whom it looks at; what `befalls` may raise instead."""

    def __init__(self, befalls: Callable[[Sequence[int]], None] = lambda _: None) -> None:
        self.looked_at: list[int] = []
        self.befalls = befalls

    def apply(self, keys: Sequence[int]) -> Tally:
        """Bring students in line."""
        self.befalls(keys)
        self.looked_at += keys
        return Tally(SYSTEM, read=len(keys), new=len(keys))


class World:
    """A registry with shards of ten students, and what was asked of Prefect."""

    def __init__(self, registry: Path) -> None:
        self.clock, self.journal, self.reconciler = Clock(), JournalInMemory(), Reconciler()
        database = Database(f"sqlite:///{registry}")
        self.shards = SqlShards(database, self.clock, silent=timedelta(seconds=SILENT))
        self.share_out = ShareOut(self.shards, self.journal)
        self.settings = SimpleNamespace(shards=SimpleNamespace(silent_seconds=SILENT))
        self.handed_in: list[tuple[int, int]] = []
        self.called_back: list[UUID] = []
        self.begins: Callable[[int], object] = lambda _number: None

    def lay_out(self, of: int) -> None:
        """Store shards with the keys 1 to 10, 11 to 20, and so on."""
        self.shards.lay_out([Shard(RUN, SYSTEM, at, of, 10 * at - 9, 10 * at) for at in range(1, of + 1)])

    def left_of(self, shard: Shard, reached: int) -> list[int]:
        """Return who is left."""
        return [key for key in range(shard.first, shard.last + 1) if key > reached]

    def another_has(self, number: int, holder: str = "another") -> None:
        """Let another process have a shard in hand."""
        assert self.shards.take(RUN, SYSTEM, number, holder)

    def another_finishes(self, number: int, holder: str = "another") -> None:
        """Let another process finish the shard that it has."""
        shard = self.shards.of(RUN, SYSTEM)[number - 1].shard
        self.shards.finish(shard, holder, Tally(SYSTEM, read=10, new=10))


@pytest.fixture
def world(migrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(Path(shutil.copy(migrated, tmp_path)))
    here: Any = SimpleNamespace(
        shards=made.shards,
        share_out=made.share_out,
        settings=made.settings,
        left_of=made.left_of,
        reconciler=lambda _system: made.reconciler,
    )

    async def on_campus(work: Callable[[Any], Any]) -> Any:
        return work(here)

    async def signed(_actor: str, _run: str, work: Callable[[Any], Any], _leash: Leash | None = None) -> Any:
        await asyncio.sleep(0)
        return work(here)

    async def in_line(shard: Shard, keys: Sequence[int], leash: Leash) -> Tally:
        assert leash.left == shard.allowed
        await asyncio.sleep(0)
        return made.reconciler.apply(keys)

    async def hand_in(sight: ShardSight) -> UUID:
        made.handed_in.append((sight.shard.number, sight.takes))
        made.begins(sight.shard.number)
        return uuid4()

    async def call_back(runs: Any) -> None:
        made.called_back += runs

    for name, double in {
        "on_campus": on_campus,
        "signed": signed,
        "bring_shard_in_line": in_line,
        "_hand_in": hand_in,
        "_call_back": call_back,
        "_run": lambda: RUN,
        "POLL": 0.01,
        "WAITS": (0, 0),
        "get_run_logger": lambda: SimpleNamespace(warning=lambda *_: None),
    }.items():
        monkeypatch.setattr(sharing, name, double)
    return made


def together() -> Tally:
    async def within_seconds() -> Tally:
        return await asyncio.wait_for(sharing._together(SYSTEM), 20)

    return asyncio.run(within_seconds())


def test_without_any_other_worker_the_run_does_all_of_it_and_calls_the_others_back(world: World) -> None:
    world.lay_out(4)
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (40, 40, 0)
    assert sorted(world.reconciler.looked_at) == list(range(1, 41))
    assert world.handed_in == [(1, 0), (2, 0), (3, 0)]
    assert len(world.called_back) == 3


def test_what_a_shard_has_open_is_closed_with_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each acts under a name of its own; what all of them have open would be more than a registry admits."""
    now, most = set[object](), list[int]()
    work_there = vars(sharing)["signed"]

    @contextmanager
    def campus(*who: object) -> Iterator[object]:
        now.add(who)
        most.append(len(now))
        yield who
        now.remove(who)

    async def signed(actor: str, run: str, work: Callable[[Any], Any], leash: Leash | None = None) -> Any:
        with here_as(actor, run, leash):
            return await work_there(actor, run, work, leash)

    monkeypatch.setattr(wired, "campus", campus)
    monkeypatch.setattr(sharing, "signed", signed)
    world.lay_out(8)
    tally = asyncio.run(sharing.reconcile_in_shards(SYSTEM, EVERYONE, "apply", Limits()))
    assert (tally.read, max(most), now) == (80, 1, set())


def test_what_others_have_in_hand_is_waited_for_and_not_done_twice(world: World) -> None:
    world.lay_out(3)
    rounds = iter(range(100))

    def begins(number: int) -> None:
        world.another_has(number)
        if number == 1:
            world.another_finishes(1)

    def befalls(_keys: Sequence[int]) -> None:
        if next(rounds) == 0:
            world.another_finishes(2)

    world.begins, world.reconciler.befalls = begins, befalls
    tally = together()
    assert (tally.read, tally.new) == (30, 30)
    assert world.reconciler.looked_at == list(range(21, 31))


def test_a_shard_whose_process_is_lost_is_taken_up_where_it_was(world: World) -> None:
    world.lay_out(2)
    world.another_has(1)
    shard = world.shards.of(RUN, SYSTEM)[0].shard
    world.shards.keep(shard, "another", 4, Tally(SYSTEM, read=4, new=4))
    world.reconciler.befalls = lambda keys: world.clock.turn(seconds=61) if keys[0] == 11 else None
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (20, 20, 0)
    assert world.reconciler.looked_at == [*range(11, 21), *range(5, 11)]


def test_a_shard_that_is_lost_again_and_again_is_given_up_and_told(world: World) -> None:
    world.lay_out(2)
    lost = iter(range(100))

    def begins(number: int) -> None:
        if number == 1 and len(world.handed_in) == 1:
            world.another_has(1, f"process {next(lost)}")
            world.clock.turn(seconds=61)

    def befalls(keys: Sequence[int]) -> None:
        if keys[0] == 11:
            for _ in range(MOST_TAKES - 1):
                world.another_has(1, f"process {next(lost)}")
                world.clock.turn(seconds=61)

    world.begins, world.reconciler.befalls = begins, befalls
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (20, 10, 10)
    assert f"shard 1 of 2 was lost {MOST_TAKES} times, and 10 of its students" in tally.remarks[0].why


def test_a_run_that_is_taken_up_again_does_what_is_left(world: World) -> None:
    world.lay_out(3)
    world.another_has(2)
    world.another_finishes(2)
    assert together().new == 30
    assert world.reconciler.looked_at == [*range(21, 31), *range(1, 11)]
    assert together() == together()
    assert len(world.reconciler.looked_at) == 20


def test_a_far_side_that_is_away_fails_the_rest_of_a_shard_and_no_other_shard(world: World) -> None:
    world.lay_out(2)

    def befalls(keys: Sequence[int]) -> None:
        if keys[0] == 1:
            raise Unavailable("the directory does not answer")

    world.reconciler.befalls = befalls
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (20, 10, 10)
    assert [remark.why for remark in tally.remarks] == ["the directory does not answer"]


@pytest.mark.parametrize("what", ["take", "keep", "finish"])
def test_a_registry_that_is_away_for_a_moment_leaves_nobody_out_and_does_nobody_twice(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    world.lay_out(2)
    rightly, rounds = getattr(SqlShards, what), iter(range(100))

    def now_and_then(*arguments: Any) -> Any:
        if next(rounds) % 2 == 0:
            raise Unavailable("the registry does not answer")
        return rightly(*arguments)

    monkeypatch.setattr(SqlShards, what, now_and_then)
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (20, 20, 0)
    assert sorted(world.reconciler.looked_at) == list(range(1, 21))
    assert [sight.takes for sight in world.shards.of(RUN, SYSTEM)] == [1, 1]


def test_a_far_side_to_which_something_is_too_old_fails_the_shard_and_is_told(world: World) -> None:
    world.lay_out(1)

    def befalls(_keys: Sequence[int]) -> None:
        raise Expired("the token is too old; begin with a full listing")

    world.reconciler.befalls = befalls
    tally = together()
    assert (tally.read, tally.failed) == (10, 10)
    assert [remark.why for remark in tally.remarks] == ["the token is too old; begin with a full listing"]


def test_while_prefect_does_not_answer_the_run_does_all_of_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.lay_out(3)

    async def refused(*_: object, **__: object) -> None:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(sharing, "_hand_in", HAND_IN)
    monkeypatch.setattr(sharing, "arun_deployment", refused)
    tally = together()
    assert (tally.read, tally.new, tally.failed) == (30, 30, 0)
    assert world.called_back == []


def test_runs_that_prefect_does_not_call_back_change_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.lay_out(2)

    class Away:
        async def __aenter__(self) -> None:
            raise httpx.ConnectError("refused")

        async def __aexit__(self, *_: object) -> None:
            raise AssertionError

    monkeypatch.setattr(sharing, "_call_back", CALL_BACK)
    monkeypatch.setattr(sharing, "get_client", Away)
    assert together().new == 20


def test_a_run_that_was_called_back_is_not_what_the_next_try_gets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    asked: dict[str, UUID] = {}

    async def known_by_its_key(_name: str, *, idempotency_key: str, **_: object) -> Any:
        return SimpleNamespace(id=asked.setdefault(idempotency_key, uuid4()))

    monkeypatch.setattr(sharing, "arun_deployment", known_by_its_key)
    (sight,) = world.shards.of(RUN, SYSTEM)

    def handed_in(tries: int) -> UUID | None:
        monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__RUN_COUNT", str(tries))
        return asyncio.run(HAND_IN(sight))

    assert handed_in(1) == handed_in(1) != handed_in(2)


def test_a_plan_that_has_grown_is_left_alone_and_told(world: World) -> None:
    world.lay_out(1)

    def befalls(_keys: Sequence[int]) -> None:
        raise Refused("the plan has grown")

    world.reconciler.befalls = befalls
    tally = together()
    assert (tally.new, tally.failed, [remark.why for remark in tally.remarks]) == (0, 10, ["the plan has grown"])


def test_whoever_was_silent_for_too_long_stops_and_leaves_the_shard_to_the_other(world: World) -> None:
    world.lay_out(1)

    def befalls(_keys: Sequence[int]) -> None:
        world.clock.turn(seconds=61)
        world.another_has(1)

    world.reconciler.befalls = befalls
    assert asyncio.run(sharing.carry_out(RUN, SYSTEM, 1)) is None
    assert not world.shards.of(RUN, SYSTEM)[0].finished


def test_a_sign_of_life_that_the_registry_does_not_take_is_not_the_last_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    world.another_has(1)
    world.settings.shards.silent_seconds = 0.04
    rightly, signs = SqlShards.breathe, asyncio.Queue[bool]()

    def once_wrongly(shards: SqlShards, shard: Shard, holder: str) -> None:
        signs.put_nowait(True)
        if signs.qsize() == 1:
            raise Misconfigured("the registry only reads just now")
        rightly(shards, shard, holder)

    monkeypatch.setattr(SqlShards, "breathe", once_wrongly)

    async def two_signs() -> None:
        breath = asyncio.create_task(sharing._breathe(world.shards.of(RUN, SYSTEM)[0].shard, "another"))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if signs.qsize() > 1:
                break
        breath.cancel()

    asyncio.run(two_signs())
    assert signs.qsize() > 1


def test_a_run_for_a_shard_that_is_finished_has_nothing_to_do(world: World) -> None:
    world.lay_out(1)
    assert asyncio.run(sharing.carry_out(RUN, SYSTEM, 1)) is not None
    assert asyncio.run(sharing.carry_out(RUN, SYSTEM, 1)) is None
    assert asyncio.run(sharing.carry_out("a run of nobody", SYSTEM, 1)) is None
