"""How a run for many students shares its work out: shards that other workers' runs carry out, and it itself as well.

The registry knows the shards (`estudent.services.share_out`); Prefect is only asked to start runs for them, where that
gains (`flows.helping`). The run that shares out never just waits: it carries shards out, too, those that no worker has
begun. So it needs no worker but its own, and a shard whose process is lost is taken up by whoever comes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial, reduce
from typing import Any, TypeVar
from uuid import uuid4

from prefect import get_run_logger
from prefect.runtime import flow_run

from estudent.bootstrap import Campus
from estudent.domain.effort import Lookout
from estudent.domain.outcome import Tally
from estudent.domain.shard import Shard, ShardSight, fair_shares
from estudent.ports import Expired, FarSideError, Unavailable
from estudent.services.bring_in_line import under_way
from estudent.services.reconcile import Forecast, Leash
from flows.forms import EVERYONE, Chosen, Limits, Mode
from flows.helping import Before, Help, effort, is_called_off
from flows.overlapping import overlapping
from flows.steps import batch, forecast, nobody_done, not_to_be_done, on_campus, portions, prepare, reconcile, signed
from flows.wired import kept_apart, kept_open

POLL = 1.0
MOST_TAKES = 3
"""So often one run lets a shard be taken in hand; what is lost each time is not lost by chance."""

PATIENCE = 120.0
"""So many seconds somebody who was asked early waits for the run to share out."""

WAITS = (2, 10, 30)
"""Seconds after which the registry is asked again when it does not answer."""

R = TypeVar("R")


@kept_open()
async def reconcile_in_shards(system: str, chosen: Chosen, mode: Mode, limits: Limits) -> Tally:
    """Bring one system in line in shards, where everybody is meant and they are many; else as `reconcile` does.

    The plan is counted and agreed to once, for all of them. Taken up again, the same run goes on with the same shards.
    """
    if mode == "rehearse" or chosen != EVERYONE:
        return await reconcile(system, chosen, mode, limits)
    begun, keys, before = time.monotonic(), list[int](), Before()
    try:
        if await _seen(system):
            await _asked(lambda here: here.shards.reopen(_run(), system))
        else:
            keys = await on_campus(lambda here: here.looked_at(system, EVERYONE.whom()))
            of = await on_campus(lambda here: here.in_how_many(len(keys)))
            if of == 1:
                return await reconcile(system, chosen, mode, limits)
            parts = fair_shares(keys, of)
            plans = await _planned(system, parts, before)
            if stays := await _agreed(parts, plans, limits):
                return replace(stays, seconds=time.monotonic() - begun)
        tally = await _together(system)
    except FarSideError as error:
        tally = nobody_done(system, error, keys)
    finally:
        # Also where the run suspends until somebody agrees: whoever was asked would wait in vain, in a worker's place.
        await before.call_back()
    return replace(tally, seconds=time.monotonic() - begun)


@kept_open()
async def carry_out_what_is_free(run: str, system: str, number: int) -> list[Tally]:
    """Carry a shard out, then others that nobody has begun, as a process costs seconds to start; tell of each.

    With the number 0 it comes before the run has shared out, and waits for that. For a run that was called off, nothing
    more is begun.
    """
    done = [await carry_out(run, system, number)] if number else []
    if not number:
        await _laid_out(run, system)
    while (another := await _unbegun(run, system)) and not await is_called_off(run):
        done.append(await carry_out(run, system, another))
    return [tally for tally in done if tally]


@kept_apart()
async def carry_out(
    run: str, system: str, number: int, last_begun: Callable[[], object] = lambda: None
) -> Tally | None:
    """Carry a shard out; None when it is finished, somebody else has it in hand, or has taken it up meanwhile.

    Where portions overlap, it is told when the `last_begun` is under way: then there is room for another shard's.
    """
    holder = uuid4().hex
    sight = await _asked(lambda here: here.shards.take(run, system, number, holder))
    if sight is None:
        return None
    breath = asyncio.create_task(_breathe(sight.shard, holder))
    try:
        return await _carried_out(sight, holder, last_begun)
    except Expired as error:
        get_run_logger().warning("%s", error)
        return None
    finally:
        breath.cancel()


async def _planned(system: str, parts: Sequence[Sequence[int]], before: Before) -> list[Forecast]:
    """Plan for everybody; where to bring them in line is hardly more than that, help may be asked for already."""
    for keys in parts:
        await prepare(system, keys, "apply")
    begun, plans = effort(), list[Forecast]()
    lookout = Lookout(await _busy(), begun)
    for at, keys in enumerate(parts, 1):
        plans.append(await forecast(system, keys))
        # The others are still to be looked at, and then everybody once more.
        is_short = lookout.so_many_gain(effort(at), 2 * len(parts) - at, 1)
        if is_short and lookout.busy and _whole(plans).is_mostly_looking:
            await before.ask(_run(), system)
    return plans


async def _busy() -> float:
    return await on_campus(lambda here: here.settings.shards.busy)


async def _agreed(parts: Sequence[Sequence[int]], plans: Sequence[Forecast], limits: Limits) -> Tally | None:
    """Store the shards of a plan; return its tally instead where nobody agrees to it."""
    plan = _whole(plans)
    if stays := await not_to_be_done(plan, "apply", limits):
        return stays
    may = await _asked(lambda here: here.lets_through(plan, limits.share))
    await _asked(lambda here: here.share_out.lay_out(_run(), parts, plans, may))
    return None


def _whole(plans: Sequence[Forecast]) -> Forecast:
    return reduce(Forecast.merge, plans)


class Own:
    """A shard that the run carries out itself; with the `last` of its portions under way, another may begin."""

    def __init__(self, shard: Shard) -> None:
        self.number = shard.number
        self.last = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(carry_out(shard.run, shard.system, shard.number, self._last_begun))
        self.task.add_done_callback(self._last_begun)

    async def is_over(self) -> bool:
        """Tell whether it is over, raising what kept it from its end."""
        if self.task.done():
            await self.task
        return self.task.done()

    def _last_begun(self, _: object = None) -> None:
        if not self.last.done():
            self.last.set_result(None)


async def _together(system: str) -> Tally:
    """Have the shards carried out, here and by other runs, until none is left or one was lost too often."""
    sights = await _seen(system)
    takes = {sight.shard.number: sight.takes for sight in sights}
    others = Help(await _busy(), sights)
    mine = list[Own]()
    try:
        while True:
            mine = [each for each in mine if not await each.is_over()]
            sights = await _seen(system)
            free = [each for each in sights if each.free and each.takes < takes[each.shard.number] + MOST_TAKES]
            free = [each for each in free if each.shard.number not in [own.number for own in mine]]
            if free and (not mine or (len(mine) == 1 and mine[0].last.done())):
                mine.append(Own(free.pop().shard))
            elif not mine and all(each.free or each.finished for each in sights):
                break
            await others.ask(sights, free)
            await _something(mine)
    finally:
        for each in mine:
            each.task.cancel()
        await asyncio.gather(*(each.task for each in mine), return_exceptions=True)
        await others.call_back()
    return await _summed_up(system, sights)


async def _something(mine: Sequence[Own]) -> None:
    """Wait until something has become of the shards in hand here, or for a moment: others have shards in hand, too."""
    if any(each.task.done() for each in mine):
        return
    for_what = [future for each in mine for future in (each.task, each.last) if not future.done()]
    if for_what:
        await asyncio.wait(for_what, timeout=POLL, return_when=asyncio.FIRST_COMPLETED)
    else:
        await asyncio.sleep(POLL)


async def _summed_up(system: str, sights: Sequence[ShardSight]) -> Tally:
    def sum_up(here: Campus) -> Tally:
        lost = [each for each in sights if not each.finished]
        left = {each.shard.number: len(here.left_of(each.shard, each.reached)) for each in lost}
        return here.share_out.sum_up(system, sights, left)

    return await _asked(sum_up)


async def _seen(system: str) -> list[ShardSight]:
    return await _asked(lambda here: here.shards.of(_run(), system))


async def _laid_out(run: str, system: str) -> None:
    """Wait until a run has shared out; it may find nobody who agrees to it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and not await _asked(lambda here: here.shards.of(run, system)):
        if await is_called_off(run):
            return
        await asyncio.sleep(POLL)


async def _unbegun(run: str, system: str) -> int | None:
    """Return the number of a shard that nobody has begun; one that was lost is for whom the run asks."""
    sights = await _asked(lambda here: here.shards.of(run, system))
    return next((sight.shard.number for sight in sights if sight.free and not sight.takes), None)


async def _asked(work: Callable[[Campus], R]) -> R:
    """Ask the registry under this run's name, or tell it something."""
    return await _patiently(lambda: on_campus(work))


async def _patiently(ask: Callable[[], Awaitable[R]]) -> R:
    """Ask the registry, be it away for a moment."""
    for wait in WAITS:
        try:
            return await ask()
        except Unavailable:
            await asyncio.sleep(wait)
    return await ask()


async def _carried_out(sight: ShardSight, holder: str, last_begun: Callable[[], object]) -> Tally:
    shard, tally, begun = sight.shard, sight.tally, time.monotonic()
    leash = await _asked(lambda here: here.share_out.leash_of(shard))
    left = await _asked(lambda here: here.left_of(shard, sight.reached))
    parts = list(portions(left))
    async with aclosing(overlapping(under_way(shard.system), _works(shard, parts, leash, last_begun))) as tallies:
        for some in parts:
            try:
                tally = tally.merge(await anext(tallies))
            except FarSideError as error:
                tally = tally.merge(nobody_done(shard.system, error, left))
                break
            # What is under way was begun before: whoever lost the shard begins nothing more, and waits for that.
            await _keep(shard, holder, some[-1], tally)
            left = left[len(some) :]
    tally = replace(tally, seconds=tally.seconds + time.monotonic() - begun)
    return await _asked(lambda here: here.share_out.finish(shard, holder, tally))


def _works(
    shard: Shard, parts: Sequence[Sequence[int]], leash: Leash, last_begun: Callable[[], object]
) -> Iterator[Callable[[], Coroutine[Any, Any, Tally]]]:
    """Yield what is to be done, portion by portion, and tell when the last one is under way."""
    yield from (partial(bring_shard_in_line, shard, some, leash) for some in parts)
    last_begun()


@batch("bring in line")
async def bring_shard_in_line(shard: Shard, keys: Sequence[int], leash: Leash) -> Tally:
    """Plan, apply and verify a batch of a shard; a plan that takes away more than was agreed to is refused."""
    actor = f"flow semester-start, {shard.name}"
    return await signed(actor, shard.run, lambda here: here.reconciler(shard.system).apply(keys), leash)


async def _keep(shard: Shard, holder: str, reached: int, tally: Tally) -> None:
    await _asked(lambda here: here.shards.keep(shard, holder, reached, tally))


async def _breathe(shard: Shard, holder: str) -> None:
    """Give signs of life; that the shard was lost, its process learns when it stores how far it is."""
    every = await on_campus(lambda here: here.settings.shards.silent_seconds / 4)
    while True:
        await asyncio.sleep(every)
        try:
            await on_campus(lambda here: here.shards.breathe(shard, holder))
        except Expired:
            return
        except FarSideError:
            continue


def _run() -> str:
    return str(flow_run.id)
