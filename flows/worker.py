"""A process worker that lets its runs end before it stops: python -m flows.worker --pool NAME --name NAME --runs N.

Prefect's own command ends its runs' processes when it is told to stop.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from abc import ABC
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.workers.process import ProcessWorker

if TYPE_CHECKING:
    from prefect.client.schemas.responses import WorkerFlowRunResponse


# Prefect registers every worker that is not abstract, under a type of which there may be one only.
class PatientWorker(ProcessWorker, ABC):
    """Takes no more runs once it is told to stop (SIGTERM), and ends when those that it has are over."""

    told_to_stop = False

    @property
    def under_way(self) -> int:
        """How many runs it has; none while it starts."""
        return int(self._limiter.borrowed_tokens) if self._limiter else 0

    def stop(self) -> None:
        """Take no more runs, and say so to those that go on and on (ESTUDENT_STOP_FILE)."""
        self.told_to_stop = True
        self._logger.info("Told to stop; %s runs come to their end", self.under_way)
        if file := os.environ.get("ESTUDENT_STOP_FILE"):
            Path(file).touch()

    async def get_and_submit_flow_runs(self) -> list[WorkerFlowRunResponse]:  # type: ignore[override]
        """Look for runs that are due; raise Stopped when there is nothing left to do."""
        if not self.told_to_stop:
            found: list[Any] = await super().get_and_submit_flow_runs()
            return found
        if not self.under_way:
            raise Stopped
        return []

    async def _get_scheduled_flow_runs(self) -> list[WorkerFlowRunResponse]:
        """Leave out a run that is due again (answered, after it was suspended) while its process has not ended yet.

        Prefect would take a second slot for it, which ends the worker.
        """
        found: list[WorkerFlowRunResponse] = await super()._get_scheduled_flow_runs()
        ours = set(self._limiter.statistics().borrowers) if self._limiter else set()
        return [each for each in found if each.flow_run.id not in ours]


class Stopped(Exception):
    """The worker has no runs and takes no more."""


async def work(options: argparse.Namespace) -> None:
    """Work until told to stop."""
    worker = PatientWorker(
        work_pool_name=options.pool,
        work_queues=options.queue,
        name=options.name,
        limit=options.runs,
        create_pool_if_not_found=False,
    )
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, worker.stop)
    try:
        await worker.start()
    except* Stopped:
        pass


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.worker", description=__doc__)
    parser.add_argument("--pool", required=True, help="the work pool that it serves")
    parser.add_argument("--name", required=True, help="what it is called in Prefect's pages")
    parser.add_argument("--runs", type=int, required=True, help="how many runs it lets go on at once")
    parser.add_argument(
        "--queue", action="append", help="a queue of the pool that it serves; repeatable; all by default"
    )
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(work(_options()))
