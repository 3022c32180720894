"""The steps of a deployment: check, ask, carry out; each streams into the run's log and leaves its artifacts."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prefect import get_run_logger
from prefect.runtime import flow_run

from estudent.bootstrap import Campus, campus
from estudent.domain.deployment import Happening, Order, Outcome, What
from flows.deployment_report import publish
from flows.forms import Approval
from flows.steps import answer_to

LEVELS = {
    What.SKIPPED: logging.DEBUG,
    What.NOTE: logging.WARNING,
    What.IGNORED: logging.WARNING,
    What.FAILED: logging.ERROR,
    What.UNREACHABLE: logging.ERROR,
}


class NotDeployed(Exception):
    """A play that did not reach its end on every host; Prefect shows the run as failed."""


@contextmanager
def alone() -> Iterator[Campus]:
    """Wire everything and keep every other deployment off this host until the run has ended."""
    with campus("flow deploy", str(flow_run.id or "")) as here, here.deploy_hosts.alone():
        yield here


async def check(here: Campus, order: Order) -> Outcome:
    """Find out what a play would change; raise NotDeployed when that can't be told."""
    outcome = await _play(here, order, check=True)
    await publish(outcome)
    get_run_logger().info("Check of %s: %s", order, outcome.summary())
    if not outcome.worth_asking:
        raise NotDeployed(outcome.complaint())
    return outcome


async def agreed(checked: Outcome) -> bool:
    """Ask whether these changes shall be made; who finds others after the answer is asked again."""
    question = Approval.with_initial_data(description=question_about(checked, again=(flow_run.run_count or 0) > 1))
    approval = await answer_to(question, f"approval-{checked.fingerprint}")
    said = "agreed" if approval.agree else "did not agree; nothing was changed"
    get_run_logger().warning("%s %s", approval.name.strip(), said)
    return approval.agree


async def carry_out(here: Campus, order: Order) -> None:
    """Change the hosts; raise NotDeployed naming the tasks that failed."""
    outcome = await _play(here, order, check=False)
    await publish(outcome)
    get_run_logger().info("Deployment of %s: %s", order, outcome.summary())
    if not outcome.well:
        raise NotDeployed(outcome.complaint())


def question_about(checked: Outcome, *, again: bool) -> str:
    """Return what stands above the approval's form: what would happen, and where to read it."""
    lines = [f"**{checked.order}**: {checked.summary()}.", "Read the artifact `deploy-check` before you agree."]
    if checked.reservation:
        lines.append(f"{checked.reservation}. The artifact names them.")
    if not checked.well:
        lines.insert(
            1, "A task that failed in the check may succeed in the run, where the tasks before it do their work."
        )
    if again:
        lines.insert(0, "**Look again**: since the last answer, something else has changed the hosts.")
    return "\n\n".join(lines)


async def _play(here: Campus, order: Order, *, check: bool) -> Outcome:
    """Carry out a play in a thread; a run that is cancelled waits until Ansible has stopped."""
    stop, log = threading.Event(), get_run_logger()

    def tell(happening: Happening) -> None:
        log.log(LEVELS.get(happening.what, logging.INFO), "%s", happening)

    def play() -> Outcome:
        return here.deploy_hosts(order, check=check, tell=tell, stop=stop.is_set)

    work = asyncio.ensure_future(asyncio.to_thread(play))
    try:
        return await asyncio.shield(work)
    finally:
        stop.set()
        await asyncio.wait([work])
