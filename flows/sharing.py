"""How a run for many students shares its work out: shards that other workers' runs carry out, and it itself as well.

The registry knows the shards (`estudent.services.share_out`); Prefect is only asked to start runs for them. The run
that shares out never just waits: it carries shards out, too, those that no worker has begun. So it needs no worker but
its own, and a shard whose process is lost is taken up by whoever comes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar
from uuid import UUID, uuid4

from prefect import get_client, get_run_logger
from prefect.deployments import arun_deployment
from prefect.runtime import flow_run
from prefect.states import Cancelled

from estudent.bootstrap import Campus
from estudent.domain.outcome import Tally
from estudent.domain.shard import Shard, ShardSight, fair_shares
from estudent.ports import Expired, FarSideError, Unavailable
from estudent.services.reconcile import Leash
from flows.forms import EVERYONE, Chosen, Limits, Mode
from flows.steps import batch, forecast, nobody_done, not_to_be_done, on_campus, portions, prepare, reconcile, signed
from flows.wired import kept_apart, kept_open

POLL = 1.0
MOST_TAKES = 3
"""So often one run lets a shard be taken in hand; what is lost each time is not lost by chance."""

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
    begun, keys = time.monotonic(), list[int]()
    try:
        if await _seen(system):
            await _asked(lambda here: here.shards.reopen(_run(), system))
        else:
            keys = await on_campus(lambda here: here.looked_at(system, EVERYONE.whom()))
            of = await on_campus(lambda here: here.in_how_many(len(keys)))
            if of == 1:
                return await reconcile(system, chosen, mode, limits)
            if plan := await _agreed(system, fair_shares(keys, of), limits):
                return replace(plan, seconds=time.monotonic() - begun)
        tally = await _together(system)
    except FarSideError as error:
        tally = nobody_done(system, error, keys)
    return replace(tally, seconds=time.monotonic() - begun)


@kept_apart()
async def carry_out(run: str, system: str, number: int) -> Tally | None:
    """Carry a shard out; None when it is finished, somebody else has it in hand, or has taken it up meanwhile."""
    holder = uuid4().hex
    sight = await _asked(lambda here: here.shards.take(run, system, number, holder))
    if sight is None:
        return None
    breath = asyncio.create_task(_breathe(sight.shard, holder))
    try:
        return await _carried_out(sight, holder)
    except Expired as error:
        get_run_logger().warning("%s", error)
        return None
    finally:
        breath.cancel()


async def _agreed(system: str, parts: Sequence[Sequence[int]], limits: Limits) -> Tally | None:
    """Plan for everybody and store the shards; return the plan's tally instead where nobody agrees to it."""
    for keys in parts:
        await prepare(system, keys, "apply")
    plans = [await forecast(system, keys) for keys in parts]
    plan = plans[0]
    for another in plans[1:]:
        plan = plan.merge(another)
    if stays := await not_to_be_done(plan, "apply", limits):
        return stays
    may = await _asked(lambda here: here.lets_through(plan, limits.share))
    await _asked(lambda here: here.share_out.lay_out(_run(), parts, plans, may))
    return None


async def _together(system: str) -> Tally:
    """Have the shards carried out, here and by other runs, until none is left or one was lost too often."""
    takes = {sight.shard.number: sight.takes for sight in await _seen(system)}
    handed_in: dict[tuple[int, int], UUID | None] = {}
    own, mine = None, 0
    try:
        while True:
            sights = await _seen(system)
            free = [each for each in sights if each.free and each.takes < takes[each.shard.number] + MOST_TAKES]
            if own is None or own.done():
                if own:
                    await own
                own, mine = None, 0
                if free:
                    mine = free[-1].shard.number
                    own = asyncio.create_task(carry_out(_run(), system, mine))
                elif all(each.free or each.finished for each in sights):
                    break
            for each in free:
                if each.shard.number != mine and (each.shard.number, each.takes) not in handed_in:
                    handed_in[each.shard.number, each.takes] = await _hand_in(each)
            await (asyncio.wait({own}, timeout=POLL) if own else asyncio.sleep(POLL))
    finally:
        if own:
            own.cancel()
        await _call_back(filter(None, handed_in.values()))
    return await _summed_up(system, sights)


async def _summed_up(system: str, sights: Sequence[ShardSight]) -> Tally:
    def sum_up(here: Campus) -> Tally:
        lost = [each for each in sights if not each.finished]
        left = {each.shard.number: len(here.left_of(each.shard, each.reached)) for each in lost}
        return here.share_out.sum_up(system, sights, left)

    return await _asked(sum_up)


async def _hand_in(sight: ShardSight) -> UUID | None:
    """Ask for a run that carries a shard out; None when Prefect does not answer: the run that asks does it then.

    Asked again by the same try of the run, it is the same run until somebody has taken the shard.
    """
    shard = sight.shard
    try:
        run = await arun_deployment(
            "shard/shard",
            parameters={"run": shard.run, "system": shard.system, "number": shard.number},
            timeout=0,
            idempotency_key=f"{shard.run} {_tries()} {shard.system} {shard.number} {sight.takes}",
        )
    except Exception as error:  # whatever keeps Prefect from helping must not keep the run from its work
        get_run_logger().warning("%s of %s is not handed in: %s", shard.name, shard.system, error)
        return None
    return run.id


async def _call_back(runs: Iterable[UUID]) -> None:
    """Cancel the runs that no worker has begun: nothing is left for them, and they find that out themselves, too."""
    try:
        async with get_client() as client:
            for run in runs:
                state = (await client.read_flow_run(run)).state
                if state and state.is_scheduled():
                    await client.set_flow_run_state(run, Cancelled(message="its shard was carried out by another run"))
    except Exception as error:  # the work is done; a run that is left finds nothing to do
        get_run_logger().warning("Runs for which nothing is left are not called back: %s", error)


async def _seen(system: str) -> list[ShardSight]:
    return await _asked(lambda here: here.shards.of(_run(), system))


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


async def _carried_out(sight: ShardSight, holder: str) -> Tally:
    shard, tally, begun = sight.shard, sight.tally, time.monotonic()
    leash = await _noted(shard, lambda here: here.share_out.leash_of(shard))
    left = await _noted(shard, lambda here: here.left_of(shard, sight.reached))
    for some in portions(left):
        try:
            tally = tally.merge(await bring_shard_in_line(shard, some, leash))
        except FarSideError as error:
            tally = tally.merge(nobody_done(shard.system, error, left))
            break
        await _keep(shard, holder, some[-1], tally)
        left = left[len(some) :]
    tally = replace(tally, seconds=tally.seconds + time.monotonic() - begun)
    return await _noted(shard, lambda here: here.share_out.finish(shard, holder, tally))


@batch("bring in line")
async def bring_shard_in_line(shard: Shard, keys: Sequence[int], leash: Leash) -> Tally:
    """Plan, apply and verify a batch of a shard; a plan that takes away more than was agreed to is refused."""
    return await _signed(shard, lambda here: here.reconciler(shard.system).apply(keys), leash)


async def _keep(shard: Shard, holder: str, reached: int, tally: Tally) -> None:
    await _noted(shard, lambda here: here.shards.keep(shard, holder, reached, tally))


async def _breathe(shard: Shard, holder: str) -> None:
    """Give signs of life; that the shard was lost, its process learns when it stores how far it is."""
    every = await on_campus(lambda here: here.settings.shards.silent_seconds / 4)
    while True:
        await asyncio.sleep(every)
        try:
            await _signed(shard, lambda here: here.shards.breathe(shard, holder))
        except Expired:
            return
        except FarSideError:
            continue


async def _noted(shard: Shard, work: Callable[[Campus], R]) -> R:
    """Ask the registry under the shard's name, or tell it something."""
    return await _patiently(lambda: _signed(shard, work))


async def _signed(shard: Shard, work: Callable[[Campus], R], leash: Leash | None = None) -> R:
    """Do blocking work under the name of the shard and of the run that shared out."""
    return await signed(f"flow semester-start, {shard.name}", shard.run, work, leash)


def _run() -> str:
    return str(flow_run.id)


def _tries() -> int:
    """How often this run was begun: what was called back in one try is asked for anew in the next."""
    return flow_run.run_count or 0
