"""Who helps a run that shares out: other runs, which Prefect is asked for where its own process is what is short."""

from __future__ import annotations

import time
from collections.abc import Sequence
from uuid import UUID

from prefect import get_client, get_run_logger
from prefect.deployments import arun_deployment
from prefect.runtime import flow_run
from prefect.states import Cancelled

from estudent.domain.effort import Effort, Lookout
from estudent.domain.shard import ShardSight


def effort(done: float = 0.0) -> Effort:
    """Return what this process has spent until now; only differences mean something."""
    return Effort(time.monotonic(), time.process_time(), done)


def done_of(sights: Sequence[ShardSight]) -> float:
    """Return how many shards are done, parts of them counted as well."""
    return sum(sight.done for sight in sights)


class Before:
    """Who is asked before there are shards, since it takes seconds until somebody comes."""

    def __init__(self) -> None:
        self._asked: UUID | None = None

    async def ask(self, run: str, system: str) -> None:
        """Ask for one run, once, that waits until this one has shared out."""
        if not self._asked:
            get_run_logger().info("Another run is asked to help with %s", system)
            self._asked = await hand_in_early(run, system)

    async def call_back(self) -> None:
        """Cancel that run if no worker has begun it."""
        if self._asked:
            await call_back([self._asked])


class Help:
    """The runs that were asked to carry shards out of one system; more are asked for as long as that gains."""

    def __init__(self, busy: float, sights: Sequence[ShardSight]) -> None:
        self._lookout = Lookout(busy, effort(done_of(sights)))
        self._asked: dict[tuple[int, int], UUID | None] = {}

    async def ask(self, sights: Sequence[ShardSight], free: Sequence[ShardSight]) -> None:
        """Ask for runs for those of the free shards for which that gains by now; each is asked for once until taken."""
        unasked = [each for each in free if _key(each) not in self._asked]
        coming = any(self._asked.get(_key(each)) for each in free)
        done = done_of(sights)
        for each in unasked[: self._lookout.so_many_gain(effort(done), len(sights) - done, len(unasked), coming)]:
            get_run_logger().info("Another run is asked to carry out %s of %s", each.shard.name, each.shard.system)
            self._asked[_key(each)] = await hand_in(each)

    async def call_back(self) -> None:
        """Cancel the runs that no worker has begun: nothing is left for them, as they would find out themselves."""
        await call_back([run for run in self._asked.values() if run])


def _key(sight: ShardSight) -> tuple[int, int]:
    return sight.shard.number, sight.takes


async def hand_in(sight: ShardSight) -> UUID | None:
    """Ask for a run that carries a shard out; None when Prefect does not answer: the run that asks does it then.

    Asked again by the same try of the run, it is the same run until somebody has taken the shard.
    """
    shard = sight.shard
    return await _run_of_shard(shard.run, shard.system, shard.number, f"{shard.number} {sight.takes}")


async def hand_in_early(run: str, system: str) -> UUID | None:
    """Ask for a run that waits until this one has shared out, and carries out what is free then."""
    return await _run_of_shard(run, system, 0, "early")


async def _run_of_shard(run: str, system: str, number: int, which: str) -> UUID | None:
    try:
        asked = await arun_deployment(
            "shard/shard",
            parameters={"run": run, "system": system, "number": number},
            timeout=0,
            idempotency_key=f"{run} {_tries()} {system} {which}",
        )
    except Exception as error:  # whatever keeps Prefect from helping must not keep the run from its work
        which_one = f"shard {number} of {system}" if number else system
        get_run_logger().warning("Nobody could be asked to help with %s: %s", which_one, error)
        return None
    return asked.id


async def call_back(runs: Sequence[UUID]) -> None:
    """Cancel those of these runs that no worker has begun."""
    try:
        async with get_client() as client:
            for run in runs:
                state = (await client.read_flow_run(run)).state
                if state and state.is_scheduled():
                    await client.set_flow_run_state(run, Cancelled(message="its help is not needed any more"))
    except Exception as error:  # whoever is not called back finds nothing to do, at the latest after its patience
        get_run_logger().warning("Runs that are not needed any more are not called back: %s", error)


async def is_called_off(run: str) -> bool:
    """Tell whether somebody cancelled the run that shares out, or it is suspended: whoever helps it begins no more.

    One that has crashed is taken up again, and finds done what was done meanwhile; so it is while Prefect is silent.
    """
    try:
        async with get_client() as client:
            state = (await client.read_flow_run(UUID(run))).state
    except Exception as error:  # whatever keeps Prefect from answering must not keep a shard from being carried out
        get_run_logger().warning("Whether the run was called off is not known: %s", error)
        return False
    return state is not None and (state.is_cancelling() or state.is_cancelled() or state.is_paused())


def _tries() -> int:
    """How often this run was begun: what was called back in one try is asked for anew in the next."""
    return flow_run.run_count or 0
