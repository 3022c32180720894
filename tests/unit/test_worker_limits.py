"""A worker with a limit, between two lives of a run: answered again before its first process has ended."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
from prefect.workers.process import ProcessWorker

from flows.worker import PatientWorker


def due(*runs: UUID) -> list[Any]:
    return [SimpleNamespace(flow_run=SimpleNamespace(id=run)) for run in runs]


@pytest.mark.parametrize("limited", [True, False])
def test_a_run_that_still_has_a_process_here_is_left_for_later(monkeypatch: pytest.MonkeyPatch, limited: bool) -> None:
    ours, another = uuid4(), uuid4()

    async def everything(_: ProcessWorker) -> list[Any]:
        return due(ours, another)

    async def looked() -> list[UUID]:
        worker = PatientWorker(work_pool_name="estudent", limit=2)
        worker._limiter = anyio.CapacityLimiter(2) if limited else None
        if worker._limiter:
            worker._limiter.acquire_on_behalf_of_nowait(ours)
        first = [each.flow_run.id for each in await worker._get_scheduled_flow_runs()]
        if worker._limiter:
            worker._limiter.release_on_behalf_of(ours)
        second = [each.flow_run.id for each in await worker._get_scheduled_flow_runs()]
        assert second == [ours, another]
        return first

    monkeypatch.setattr(ProcessWorker, "_get_scheduled_flow_runs", everything)
    assert anyio.run(looked) == ([another] if limited else [ours, another])
