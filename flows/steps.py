"""What flows are made of: tasks that each take a batch of students, given by registry keys, through one system."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from zlib import crc32

from prefect import Task, get_run_logger, task
from prefect.flow_runs import asuspend_flow_run
from prefect.input import RunInput
from prefect.runtime import flow_run

from estudent.bootstrap import Campus, campus
from estudent.domain.outcome import Remark, Tally, total
from estudent.ports import FarSideError, Unavailable
from estudent.services.bring_in_line import under_way
from estudent.services.reconcile import Forecast, Leash, unavailable
from estudent.services.serve_requests import by_system
from flows.forms import EVERYONE, Agreement, Chosen, Limits, Mode
from flows.overlapping import overlapping
from flows.report import publish
from flows.wired import here_as, kept_open

AT_ONCE = 1000
ANSWER_WITHIN = 24 * 60 * 60
OUTBOX_POLL = 1.0
EMPTY_WITHIN = 60 * 60
"""After so many seconds a run that is to leave nothing ends all the same: while USOS is away, say, others queue up."""

P = ParamSpec("P")
R = TypeVar("R")
Answer = TypeVar("Answer", bound=RunInput)


async def on_campus(work: Callable[[Campus], R]) -> R:
    """Do blocking work in a thread, with everything wired for this flow run."""
    return await signed(f"flow {flow_run.flow_name}", str(flow_run.id or ""), work)


async def signed(actor: str, run: str, work: Callable[[Campus], R], leash: Leash | None = None) -> R:
    """Do blocking work in a thread, with everything wired for whoever the journal is to name."""

    def work_there() -> R:
        with here_as(actor, run, leash) as here:
            return work(here)

    return await asyncio.to_thread(work_there)


async def _may_pass(_task: object, _run: object, state: Any) -> bool:
    """Tell whether a failed task is worth another try: only when the far side was unavailable."""
    return isinstance(await state.aresult(raise_on_failure=False), Unavailable)


def batch(name: str) -> Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function a task that is tried again while the far side is unavailable; results are not persisted."""
    return task(name=name, retries=3, retry_delay_seconds=[2, 10, 30], retry_condition_fn=_may_pass)


async def take_in(mode: Mode) -> Tally:
    """Take recruitment's feeds into the registry; what goes wrong there is counted and does not stop other systems."""
    try:
        return await take_in_feeds(mode)
    except FarSideError as error:
        return replace(unavailable("recruitment", error, []), failed=1)


@batch("take in feeds")
async def take_in_feeds(mode: Mode) -> Tally:
    """Take recruitment's feeds into the registry."""
    begun = time.monotonic()
    tally = await on_campus(lambda here: here.admit.run() if mode == "apply" else here.admit.rehearse())
    return replace(tally, seconds=time.monotonic() - begun)


@batch("look")
async def look(system: str, keys: Sequence[int]) -> Forecast:
    """Plan for a batch and change nothing."""
    return await on_campus(lambda here: here.reconciler(system).forecast(keys))


@batch("bring in line")
async def bring_in_line(system: str, keys: Sequence[int]) -> Tally:
    """Plan, apply and verify a batch."""
    return await on_campus(lambda here: here.reconciler(system).apply(keys))


@batch("ask for default mailboxes")
async def ask_for_default_mailboxes(keys: Sequence[int]) -> int:
    """Ask for mailboxes with default names where the university wants one for everyone."""

    def ask(here: Campus) -> int:
        return here.ask_for_mailbox.ask_for_default(keys) if here.settings.mailboxes.for_everyone else 0

    return await on_campus(ask)


@kept_open()
async def reconcile(system: str, chosen: Chosen, mode: Mode, limits: Limits) -> Tally:
    """Bring one system in line for those chosen; what goes wrong there is counted and does not stop other systems."""
    begun, keys = time.monotonic(), list[int]()
    try:
        keys = await on_campus(lambda here: here.looked_at(system, chosen.whom()))
        tally = await _reconcile(system, keys, mode, limits)
    except FarSideError as error:
        tally = nobody_done(system, error, keys)
    return replace(tally, seconds=time.monotonic() - begun)


async def _reconcile(system: str, keys: Sequence[int], mode: Mode, limits: Limits) -> Tally:
    await prepare(system, keys, mode)
    plan = await forecast(system, keys)
    return await not_to_be_done(plan, mode, limits) or await _bring_in_line(system, keys)


async def prepare(system: str, keys: Sequence[int], mode: Mode) -> None:
    """Ask for what the university wants for everybody, before it is planned."""
    if system == "mailboxes" and mode == "apply":
        for some in portions(keys):
            await ask_for_default_mailboxes(some)


async def forecast(system: str, keys: Sequence[int], unchanged: int = 0) -> Forecast:
    """Plan for these students; so many as are `unchanged` belong to the plan besides those looked at."""
    plan = Forecast(system, looked_at=unchanged)
    for some in portions(keys):
        plan = plan.merge(await look(system, some))
    return plan


async def not_to_be_done(plan: Forecast, mode: Mode, limits: Limits) -> Tally | None:
    """Return the tally of a plan that stays one, as a rehearsal or since nobody agrees; None if it is to be done."""
    why = await on_campus(lambda here: here.obstacle(plan, limits.share))
    if mode == "rehearse":
        return plan.as_tally(why)
    if why and not await _somebody_agrees(plan.system, why):
        return _stopped(plan, why)
    return None


async def _bring_in_line(system: str, keys: Sequence[int]) -> Tally:
    works = (partial(bring_in_line, system, some) for some in portions(keys))
    return total(system, [tally async for tally in overlapping(under_way(system), works)])


@kept_open()
async def reconcile_entries(mode: Mode, limits: Limits) -> Tally:
    """Look at the entries of those of whom the registry or the directory has changed since the last time.

    The next time begins there once all of them were looked at; once a day everybody is.
    """
    begun, keys = time.monotonic(), list[int]()
    try:
        keys = await on_campus(lambda here: here.students.keys(EVERYONE.whom()))
        noticed = await on_campus(lambda here: here.watch_entries.notice(keys))
        keys = noticed.keys
        plan = await forecast("directory", keys, noticed.unchanged)
        tally = await not_to_be_done(plan, mode, limits)
        if tally is None:
            tally = (await _bring_in_line("directory", keys)).merge(Tally("directory", read=noticed.unchanged))
            await on_campus(lambda here: here.watch_entries.keep(noticed))
    except FarSideError as error:
        tally = nobody_done("directory", error, keys)
    return replace(tally, seconds=time.monotonic() - begun)


@kept_open()
async def watch(whom: Chosen, mode: Mode, limits: Limits) -> Tally:
    """Look at the mailboxes that changed since the last time; the next time begins there once all of it was done."""
    begun, keys = time.monotonic(), list[int]()
    try:
        keys = await on_campus(lambda here: here.students.keys(whom.whom()))
        noticed = await on_campus(lambda here: here.watch_mailboxes.notice(keys))
        keys = noticed.keys
        tally = await _reconcile("mailbox_drift", keys, mode, limits)
        # A run for some has not looked at the others, who may have changed as well.
        if mode == "apply" and whom == EVERYONE and not (tally.failed or tally.refused):
            await on_campus(lambda here: here.watch_mailboxes.keep(noticed))
    except FarSideError as error:
        tally = nobody_done("mailbox_drift", error, keys)
    return replace(tally, seconds=time.monotonic() - begun)


def nobody_done(system: str, error: FarSideError, keys: Sequence[int]) -> Tally:
    """Return the tally of a run that failed for those chosen, be it before it knew who they are."""
    return replace(unavailable(system, error, keys), failed=max(len(keys), 1))


async def _somebody_agrees(system: str, why: str) -> bool:
    """Ask; who agrees to one plan has not agreed to another one, which is asked about anew."""
    answer = await answer_to(Agreement.with_initial_data(description=why), f"agreement-{system}-{crc32(why.encode())}")
    return answer.agree


async def answer_to(question: type[Answer], key: str) -> Answer:
    """Suspend the run until somebody answers, for a day at most; then it begins anew and finds the answer here.

    A run that only pauses keeps its process but loses its place in the deployment's limit, and Prefect ends it for that
    within four minutes.
    """
    return await asuspend_flow_run(wait_for_input=question, timeout=ANSWER_WITHIN, key=key)


def _stopped(forecast: Forecast, why: str) -> Tally:
    get_run_logger().warning("%s: not agreed to; nothing was changed", forecast.system)
    remark = Remark(forecast.system, why, "nobody agreed; look at the plan, then run again")
    return Tally(forecast.system, read=forecast.looked_at, refused=forecast.steps.total(), remarks=[remark])


async def serve_requests(minutes: int, until_empty: bool) -> list[Tally]:
    """Drain the outbox again and again until the next full multiple of `minutes`, or else until nothing waits.

    In any case it ends where its worker is told to stop.
    """
    now = time.time()
    end = now + EMPTY_WITHIN if until_empty else next_full(minutes, now)
    tallies: list[Tally] = []
    with campus("flow requests", str(flow_run.id or "")) as here:
        while time.time() < end and not worker_stops():
            served = await asyncio.to_thread(_served, here)
            tallies = _with_latest([*tallies, *served], served)
            if until_empty and await asyncio.to_thread(_empty, here):
                break
            if not served:
                await asyncio.sleep(OUTBOX_POLL)
    return tallies


def next_full(minutes: int, now: float) -> float:
    """Return the next full multiple of so many minutes of the hour; both moments are seconds since 1970."""
    return (now // (60 * minutes) + 1) * 60 * minutes


def worker_stops() -> bool:
    """Tell whether this run's worker has been told to stop and waits for its runs; the next run goes on elsewhere."""
    file = os.environ.get("ESTUDENT_STOP_FILE")
    return file is not None and Path(file).exists()


def _served(here: Campus) -> list[Tally]:
    try:
        return here.serve_requests.run()
    except Unavailable as error:
        time.sleep(OUTBOX_POLL)
        return [unavailable("requests", error, [])]


def _empty(here: Campus) -> bool:
    """Tell whether nothing waits; where the registry is away, that is not known."""
    try:
        return not here.outbox.waiting()
    except Unavailable:
        return False


def _with_latest(tallies: Sequence[Tally], latest: Sequence[Tally]) -> list[Tally]:
    """Return the sums, with the failures and remarks of the latest round alone: what failed before was tried again."""
    last = {tally.system: tally for tally in by_system(latest)}
    return [
        replace(tally, failed=last[tally.system].failed, remarks=last[tally.system].remarks)
        if tally.system in last
        else tally
        for tally in by_system(tallies)
    ]


def portions(keys: Sequence[int]) -> Iterator[list[int]]:
    """Yield the keys in lists of at most 1,000: few task runs, as Prefect's server needs 25 ms for each."""
    yield from (list(keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE))


class NotAllDone(Exception):
    """A run that did what it could and leaves students for the next one; Prefect shows it as failed."""


async def finish(title: str, tallies: Sequence[Tally], mode: Mode) -> None:
    """Leave the run's artifact; fail the run when somebody could not be served, else note that it ended well."""
    await leave(title, tallies, mode)
    if mode == "apply":
        await on_campus(lambda here: here.figures.run_ended_well(title, str(flow_run.id)))


async def leave(title: str, tallies: Sequence[Tally], mode: Mode) -> None:
    """Leave the run's artifact; fail the run when somebody could not be served."""
    await publish(title, tallies, mode)
    failed = sum(tally.failed for tally in tallies)
    if failed:
        raise NotAllDone(f"{failed} could not be done now; the artifact says why, and the next run tries again")
