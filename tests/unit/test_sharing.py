"""How a run and its workers share shards out, without Prefect's server: who takes what, and who is missed."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from prefect.client.schemas import State
from prefect.exceptions import Pause
from prefect.states import Cancelled, Cancelling, Crashed, Running, Suspended

from estudent.adapters.registry.database import Database
from estudent.adapters.registry.shards import SqlShards
from estudent.domain.effort import Effort
from estudent.domain.outcome import Result, Tally
from estudent.domain.plan import StepKind
from estudent.domain.shard import Shard, ShardSight
from estudent.ports import Expired, JournalEntry, Misconfigured, Refused, Unavailable
from estudent.services.reconcile import Forecast, Leash
from estudent.services.share_out import ShareOut
from flows import helping, sharing, steps, wired
from flows.forms import EVERYONE, Limits
from flows.helping import Before, Help
from flows.sharing import MOST_TAKES
from flows.wired import here_as
from tests.contract.registry_world import Clock
from tests.unit.services.students_in_memory import JournalInMemory

RUN, SYSTEM = "a run", "directory"
SILENT = 60.0
HAND_IN, CALL_BACK, IS_CALLED_OFF = helping.hand_in, helping.call_back, helping.is_called_off


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
        self.settings = SimpleNamespace(shards=SimpleNamespace(silent_seconds=SILENT, busy=0.0))
        self.handed_in: list[tuple[int, int]] = []
        self.called_back: list[UUID] = []
        self.begins: Callable[[int], object] = lambda _number: None
        self.lasts: Callable[[Sequence[int]], float] = lambda _keys: 0
        self.under_way: list[list[int]] = [[]]

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
        looked_at=lambda *_: range(1, 21),
        in_how_many=lambda _many: 2,
        reconciler=lambda _system: made.reconciler,
    )

    async def on_campus(work: Callable[[Any], Any]) -> Any:
        return work(here)

    async def in_line(shard: Shard, keys: Sequence[int], leash: Leash) -> Tally:
        assert leash.left == shard.allowed
        made.under_way.append([*made.under_way[-1], keys[0]])
        await asyncio.sleep(made.lasts(keys))
        try:
            return made.reconciler.apply(keys)
        finally:
            made.under_way.append([key for key in made.under_way[-1] if key != keys[0]])

    async def hand_in(sight: ShardSight) -> UUID:
        made.handed_in.append((sight.shard.number, sight.takes))
        made.begins(sight.shard.number)
        return uuid4()

    async def hand_in_early(_run: str, _system: str) -> UUID:
        made.handed_in.append((0, 0))
        return uuid4()

    async def call_back(runs: Any) -> None:
        made.called_back += runs

    async def is_called_off(_run: str) -> bool:
        return False

    for name, double in {
        "on_campus": on_campus,
        "bring_shard_in_line": in_line,
        "_run": lambda: RUN,
        "POLL": 0.01,
        "WAITS": (0, 0),
        "is_called_off": is_called_off,
        "get_run_logger": lambda: SimpleNamespace(warning=lambda *_: None, info=lambda *_: None),
    }.items():
        monkeypatch.setattr(sharing, name, double)
    monkeypatch.setattr(helping, "hand_in", hand_in)
    monkeypatch.setattr(helping, "hand_in_early", hand_in_early)
    monkeypatch.setattr(helping, "call_back", call_back)
    monkeypatch.setattr(helping, "get_run_logger", vars(sharing)["get_run_logger"])
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
    ask, bring = vars(sharing)["on_campus"], vars(sharing)["bring_shard_in_line"]

    @contextmanager
    def campus(*who: object) -> Iterator[object]:
        now.add(who)
        most.append(len(now))
        yield who
        now.remove(who)

    async def on_campus(work: Callable[[Any], Any]) -> Any:
        with here_as("the run", RUN):
            return await ask(work)

    async def in_line(shard: Shard, keys: Sequence[int], leash: Leash) -> Tally:
        with here_as(shard.name, RUN, leash):
            told: Tally = await bring(shard, keys, leash)
            return told

    monkeypatch.setattr(wired, "campus", campus)
    monkeypatch.setattr(sharing, "on_campus", on_campus)
    monkeypatch.setattr(sharing, "bring_shard_in_line", in_line)
    world.lay_out(8)
    world.lasts = lambda _keys: 0.01
    tally = asyncio.run(sharing.reconcile_in_shards(SYSTEM, EVERYONE, "apply", Limits()))
    assert (tally.read, max(most), now) == (80, 3, set())  # the run's, and those of two shards


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

    monkeypatch.setattr(helping, "hand_in", HAND_IN)
    monkeypatch.setattr(helping, "arun_deployment", refused)
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

    monkeypatch.setattr(helping, "call_back", CALL_BACK)
    monkeypatch.setattr(helping, "get_client", Away)
    assert together().new == 20


def test_a_run_that_was_called_back_is_not_what_the_next_try_gets(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    asked: dict[str, UUID] = {}

    async def known_by_its_key(_name: str, *, idempotency_key: str, **_: object) -> Any:
        return SimpleNamespace(id=asked.setdefault(idempotency_key, uuid4()))

    monkeypatch.setattr(helping, "arun_deployment", known_by_its_key)
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


# portions that overlap


def test_two_portions_of_a_shard_are_under_way_and_how_far_it_is_is_stored_in_their_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    monkeypatch.setattr(steps, "AT_ONCE", 2)
    rightly, stored = SqlShards.keep, list[tuple[int, int]]()

    def keep(shards: SqlShards, shard: Shard, holder: str, reached: int, tally: Tally) -> None:
        stored.append((reached, tally.read))
        rightly(shards, shard, holder, reached, tally)

    monkeypatch.setattr(SqlShards, "keep", keep)
    world.lasts = lambda keys: 0.03 if keys[0] % 4 == 1 else 0.001
    assert together().read == 10
    assert stored == [(2, 2), (4, 4), (6, 6), (8, 8), (10, 10)]
    assert max(map(len, world.under_way)) == 2


def test_with_a_portion_that_fails_no_other_is_begun_and_what_was_under_way_is_told_by_the_journal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    monkeypatch.setattr(steps, "AT_ONCE", 2)

    def befalls(keys: Sequence[int]) -> None:
        if keys[0] == 3:
            raise Unavailable("the directory does not answer")
        world.journal.note([JournalEntry(key, SYSTEM, "add", Result.DONE) for key in keys])

    world.reconciler.befalls = befalls
    world.lasts = lambda keys: 0.03 if keys[0] == 5 else 0.001
    tally = together()
    assert world.reconciler.looked_at == [1, 2, 5, 6]
    assert (tally.read, tally.new, tally.failed) == (10, 4, 8)


def test_whoever_has_lost_a_shard_begins_nothing_more_of_it_and_waits_for_what_is_under_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(1)
    monkeypatch.setattr(steps, "AT_ONCE", 2)

    def befalls(keys: Sequence[int]) -> None:
        if keys[0] == 1:
            world.clock.turn(seconds=61)
            world.another_has(1)

    world.reconciler.befalls = befalls
    world.lasts = lambda keys: 0.03 if keys[0] == 3 else 0.001
    assert asyncio.run(sharing.carry_out(RUN, SYSTEM, 1)) is None
    assert (world.reconciler.looked_at, world.under_way[-1]) == ([1, 2, 3, 4], [])
    assert world.shards.of(RUN, SYSTEM)[0].reached == 0


def test_the_next_shard_begins_while_the_last_portion_of_one_is_under_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.lay_out(2)
    monkeypatch.setattr(steps, "AT_ONCE", 4)
    world.lasts = lambda _keys: 0.03
    assert together().read == 20
    assert [19, 1] in world.under_way
    assert [15, 1] not in world.under_way
    assert max(map(len, world.under_way)) <= 3


def test_of_shards_of_one_portion_two_are_under_way(world: World) -> None:
    world.lay_out(6)
    world.lasts = lambda _keys: 0.03
    assert together().read == 60
    assert max(map(len, world.under_way)) == 2


# whom the run asks


class Spent:
    """What the process has spent, as the tests have it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.clock, self.processor = patch, 0.0, 0.0
        for module in (helping, sharing):
            patch.setattr(module, "effort", lambda done=0.0: Effort(self.clock, self.processor, done))

    def passes(self, seconds: float, busy: float) -> None:
        """Let time pass."""
        self.clock += seconds
        self.processor += seconds * busy


@pytest.fixture
def spent(world: World, monkeypatch: pytest.MonkeyPatch) -> Spent:
    world.settings.shards.busy = 0.8
    return Spent(monkeypatch)


def test_nobody_is_asked_by_a_run_that_waits_for_the_far_side(world: World, spent: Spent) -> None:
    world.lay_out(4)
    world.reconciler.befalls = lambda _keys: spent.passes(100, busy=0.5)
    assert together().read == 40
    assert world.handed_in == []


def test_one_after_another_is_asked_by_a_run_that_has_no_processor_left(world: World, spent: Spent) -> None:
    world.lay_out(4)
    world.reconciler.befalls = lambda _keys: spent.passes(100, busy=0.9)
    assert together().read == 40
    assert world.handed_in[0] == (1, 0)
    assert len(world.handed_in) < 3


def test_who_comes_and_leaves_the_run_waiting_is_the_last_who_is_asked(world: World, spent: Spent) -> None:
    world.lay_out(4)
    help_ = Help(0.8, world.shards.of(RUN, SYSTEM))

    def ask_after(seconds: float, busy: float) -> list[tuple[int, int]]:
        spent.passes(seconds, busy)
        sights = world.shards.of(RUN, SYSTEM)
        asyncio.run(help_.ask(sights, [each for each in sights if each.free]))
        return world.handed_in

    assert ask_after(1, busy=1.0) == []
    assert ask_after(3, busy=1.0) == [(1, 0)]
    assert ask_after(30, busy=1.0) == [(1, 0)]  # nobody has come yet
    world.another_has(1)
    assert ask_after(1, busy=1.0) == [(1, 0)]
    assert ask_after(3, busy=0.7) == [(1, 0)]
    assert ask_after(3, busy=0.9) == [(1, 0), (2, 0)]
    asyncio.run(help_.call_back())
    assert len(world.called_back) == 2


def test_who_could_not_be_asked_is_not_waited_for(world: World, spent: Spent, monkeypatch: pytest.MonkeyPatch) -> None:
    world.lay_out(2)
    help_, sights = Help(0.8, world.shards.of(RUN, SYSTEM)), world.shards.of(RUN, SYSTEM)
    tried = list[int]()

    async def hand_in(sight: ShardSight) -> None:
        tried.append(sight.shard.number)

    monkeypatch.setattr(helping, "hand_in", hand_in)
    for _ in range(2):
        spent.passes(3, busy=1.0)
        asyncio.run(help_.ask(sights, sights))
    assert tried == [1, 2]


@pytest.mark.parametrize(
    ("looking", "steps_of_ten", "early"),
    [
        ((10, 0.9), 0, True),
        ((10, 0.9), 1, True),
        ((10, 0.9), 2, False),
        ((10, 0.7), 0, False),
        ((2, 0.9), 0, False),
        ((3.5, 0.9), 0, True),
    ],
)
def test_a_run_that_hardly_does_more_than_look_asks_for_one_before_it_shares_out(
    world: World, spent: Spent, looking: tuple[float, float], steps_of_ten: int, early: bool
) -> None:
    async def forecast(_system: str, keys: Sequence[int]) -> Forecast:
        spent.passes(*looking)
        return Forecast(SYSTEM, len(keys), Counter({StepKind.ADD: steps_of_ten}))

    async def prepare(*_: object) -> None:
        spent.passes(100, busy=1)

    spent.patch.setattr(sharing, "forecast", forecast)
    spent.patch.setattr(sharing, "prepare", prepare)
    before = Before()
    assert len(asyncio.run(sharing._planned(SYSTEM, [range(1, 11), range(11, 21), range(21, 31)], before))) == 3
    assert world.handed_in == [(0, 0)] * early
    asyncio.run(before.call_back())
    assert len(world.called_back) == early


@pytest.mark.parametrize("ends", [Pause(), Unavailable("the registry does not answer"), None])
def test_who_was_asked_early_is_called_back_where_nothing_is_shared_out(
    world: World, monkeypatch: pytest.MonkeyPatch, ends: BaseException | None
) -> None:
    """The run suspends until somebody agrees to its plan, a far side goes away, or nobody agrees."""

    async def planned(system: str, _parts: object, before: Before) -> list[Forecast]:
        await before.ask(RUN, system)
        return [Forecast(SYSTEM, 20)]

    async def not_to_be_done(*_: object) -> Tally:
        if ends:
            raise ends
        return Tally(SYSTEM, read=20)

    monkeypatch.setattr(sharing, "_planned", planned)
    monkeypatch.setattr(sharing, "not_to_be_done", not_to_be_done)
    with suppress(Pause):
        asyncio.run(sharing.reconcile_in_shards(SYSTEM, EVERYONE, "apply", Limits()))
    assert (world.handed_in, len(world.called_back)) == ([(0, 0)], 1)


def test_who_was_asked_early_waits_for_shards_and_carries_out_what_nobody_has_begun(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "PATIENCE", 20)

    async def come_early() -> list[Tally]:
        comes = asyncio.create_task(sharing.carry_out_what_is_free(RUN, SYSTEM, 0))
        await asyncio.sleep(0.1)
        assert not comes.done()
        world.lay_out(3)
        world.another_has(3)
        return await comes

    assert [tally.read for tally in asyncio.run(come_early())] == [10, 10]
    assert world.reconciler.looked_at == list(range(1, 21))


def test_who_was_asked_early_does_not_wait_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PATIENCE", 0.1)
    assert asyncio.run(sharing.carry_out_what_is_free(RUN, SYSTEM, 0)) == []
    assert world.reconciler.looked_at == []


def test_whoever_helps_goes_on_with_what_nobody_has_begun_and_leaves_what_was_lost(world: World) -> None:
    world.lay_out(5)
    world.another_has(1)
    world.another_has(4)
    world.another_has(5)
    world.another_finishes(5)
    world.clock.turn(seconds=61)
    done = asyncio.run(sharing.carry_out_what_is_free(RUN, SYSTEM, 4))
    assert [tally.read for tally in done] == [10, 10, 10]
    assert world.reconciler.looked_at == [*range(31, 41), *range(11, 31)]
    assert asyncio.run(sharing.carry_out_what_is_free(RUN, SYSTEM, 4)) == []


@contextmanager
def prefect_says(patch: pytest.MonkeyPatch, state: State | Exception) -> Iterator[None]:
    """Let Prefect's server tell this state of any run, or not answer."""

    class Client:
        async def __aenter__(self) -> Client:
            return self

        async def __aexit__(self, *_: object) -> None:
            pass

        async def read_flow_run(self, _run: UUID) -> Any:
            if isinstance(state, Exception):
                raise state
            return SimpleNamespace(state=state)

    with patch.context() as here:
        here.setattr(sharing, "is_called_off", IS_CALLED_OFF)
        here.setattr(helping, "get_client", Client)
        yield


@pytest.mark.parametrize(
    ("state", "goes_on"),
    [
        (Running(), True),
        (Crashed(), True),
        (httpx.ConnectError("refused"), True),
        (Cancelling(), False),
        (Cancelled(), False),
        (Suspended(), False),
    ],
)
def test_whoever_helps_ends_its_shard_and_begins_no_other_for_a_run_that_was_called_off(
    world: World, monkeypatch: pytest.MonkeyPatch, state: State | Exception, goes_on: bool
) -> None:
    run = str(uuid4())
    world.shards.lay_out([Shard(run, SYSTEM, at, 2, 10 * at - 9, 10 * at) for at in (1, 2)])
    with prefect_says(monkeypatch, state):
        done = asyncio.run(sharing.carry_out_what_is_free(run, SYSTEM, 1))
    assert [tally.read for tally in done] == [10] * (1 + goes_on)


def test_who_was_asked_early_does_not_wait_for_a_run_that_was_called_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def comes_early() -> list[Tally]:
        return await asyncio.wait_for(sharing.carry_out_what_is_free(str(uuid4()), SYSTEM, 0), 5)

    with prefect_says(monkeypatch, Suspended()):
        assert asyncio.run(comes_early()) == []
