"""A restored history: runs that ended long ago stand as running, and are told from those that go on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from sandbox.orchestration import ROOT, Orchestration
from sandbox.semester import until

pytestmark = pytest.mark.enable_socket
WAIT = 5


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orchestration]:
    with Orchestration(tmp_path_factory.mktemp("orchestration"), {}) as server:
        until(server.is_healthy, "no server", 90)
        yield server


def a_run(prefect: Orchestration, state: str) -> str:
    """Have the server believe in a run that no process carries out."""
    flow = prefect.post("/flows/", {"name": "restored"})["id"]
    run: str = prefect.post("/flow_runs/", {"flow_id": flow, "state": {"type": "PENDING"}})["id"]
    prefect.post(f"/flow_runs/{run}/set_state", {"state": {"type": state}, "force": True})
    return run


def beat(prefect: Orchestration, run: str) -> None:
    """Send the sign of life that a run's process sends."""
    sign = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": "prefect.flow-run.heartbeat",
        "resource": {"prefect.resource.id": f"prefect.flow-run.{run}"},
        "payload": {},
    }
    prefect.http.post("/events", json=[sign]).raise_for_status()


def looking(prefect: Orchestration) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "flows.lost_runs", "--wait", str(WAIT)]
    return subprocess.Popen(command, cwd=ROOT, env=prefect.environment, stdout=subprocess.PIPE, text=True)


def test_silent_runs_are_ended_and_others_left_alone(prefect: Orchestration) -> None:
    silent = {a_run(prefect, state) for state in ("RUNNING", "PENDING", "CANCELLING")}
    waiting, over, alive = a_run(prefect, "PAUSED"), a_run(prefect, "COMPLETED"), a_run(prefect, "RUNNING")
    with looking(prefect) as program:
        while program.poll() is None:
            beat(prefect, alive)
        said = program.stdout.read() if program.stdout else ""
    assert program.returncode == 0
    assert {run: prefect.state_of(run)["type"] for run in silent} == dict.fromkeys(silent, "CRASHED")
    assert "no sign of life" in prefect.state_of(silent.pop())["message"]
    assert [prefect.state_of(run)["type"] for run in (waiting, over, alive)] == ["PAUSED", "COMPLETED", "RUNNING"]
    assert len(said.splitlines()) == 3 and "now crashed" in said


def test_where_none_goes_on_nothing_is_said_and_nobody_waits(prefect: Orchestration) -> None:
    with looking(prefect) as program:
        said = program.communicate()[0]
    with looking(prefect) as program:
        assert program.communicate()[0] == ""
    assert program.returncode == 0
    assert said.count("now crashed") == 1  # the one that was heard of before
