"""A Prefect server with a worker on this machine, and our deployments registered there."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from sandbox.daemon import free_port

ROOT = Path(__file__).resolve().parents[1]
POOL = "estudent"
POOLS = (POOL, "deployments")
PATIENCE = 90.0
ATTEMPTS = 30
# A server on SQLite, beside others on two cores, was seen to need more than half a minute for one answer.
SILENCE = 120.0
QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}
UNFINISHED = ("SCHEDULED", "PENDING", "RUNNING", "PAUSED", "CANCELLING")
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


class NotReady(RuntimeError):
    """A part of the orchestration did not come up; its log says why."""


class Orchestration:
    """Starts Prefect's server in `folder`; `serve` registers the deployments of prefect.yaml and starts a worker."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder.resolve()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            **environment,
            **QUIET,
            "PREFECT_HOME": str(self.folder),
            "PREFECT_API_URL": f"{self.url}/api",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_LOGGING_LEVEL": "INFO",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}",
        }
        self._running = ExitStack()
        self.http = httpx.Client(base_url=f"{self.url}/api", timeout=SILENCE)
        self._running.callback(self.http.close)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.spawn("server", "server", "start", "--host", "127.0.0.1", "--port", str(self.port))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._running.close()

    def serve(self, pool: str = POOL) -> None:
        """Wait for the server, register the deployments with their schedules at rest, and start a worker of a pool."""
        self._until("the Prefect server", self.is_healthy)
        for each in POOLS:
            self._prefect("work-pool", "create", each, "--type", "process", "--overwrite")
            # Of the pool, not of the worker, which breaks when a run is resumed before its process has ended.
            self._prefect("work-pool", "set-concurrency-limit", each, "4")
        self._prefect("--no-prompt", "deploy", "--all")
        self.schedules(active=False)
        self._end_orphans()
        self.worker = self.spawn("worker", "worker", "start", "--pool", pool, "--name", "here")
        self._until("the worker", lambda: self._worker_is_online(pool))

    def is_healthy(self) -> bool:
        """Tell whether the server answers."""
        try:
            return self.http.get("/health").is_success
        except httpx.TransportError:
            return False

    def schedules(self, *, active: bool) -> None:
        """Let the clock start runs, or let it rest."""
        for deployment in self.post("/deployments/filter", {}):
            for schedule in deployment["schedules"]:
                path = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
                self._ask("PATCH", path, {"active": active})

    def trigger(self, flow: str, parameters: Mapping[str, object]) -> str:
        """Start a run of a deployment as the UI does, and return the run's id."""
        deployment = self._ask("GET", f"/deployments/name/{flow}/{flow}").json()["id"]
        path = f"/deployments/{deployment}/create_flow_run"
        run: str = self.post(path, {"parameters": dict(parameters), "state": {"type": "SCHEDULED"}})["id"]
        return run

    def state_of(self, run: str) -> dict[str, Any]:
        """Return the state of a run: `type`, `name` and `message`."""
        state: dict[str, Any] = self._ask("GET", f"/flow_runs/{run}").json()["state"]
        return state

    def answer(self, run: str, told: dict[str, Any]) -> None:
        """Answer the question of a suspended run, as soon as Prefect takes an answer.

        It tells that a run is suspended a moment before it knows the form of the question.
        """
        self._until(
            "the answer", lambda: self.post(f"/flow_runs/{run}/resume", {"run_input": told})["status"] == "ACCEPT"
        )

    def wait_for(self, run: str, patience: float = 600) -> dict[str, Any]:
        """Wait until a run has ended and return its state."""
        self._until("the run", lambda: self.state_of(run)["type"] in ENDED, patience)
        return self.state_of(run)

    def artifacts_of(self, run: str) -> list[dict[str, Any]]:
        """Return what a run left behind."""
        wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}}
        found: list[dict[str, Any]] = self.post("/artifacts/filter", wanted)
        return found

    def post(self, path: str, body: Mapping[str, object]) -> Any:
        """Post to the server's API and return its answer."""
        return self._ask("POST", path, body).json()

    def _end_orphans(self) -> None:
        """End the runs whose processes an earlier end of this server took away; else they keep others waiting."""
        unfinished = {"flow_runs": {"state": {"type": {"any_": list(UNFINISHED)}}}}
        for run in self.post("/flow_runs/filter", unfinished):
            state = {"type": "CRASHED", "message": "the server was stopped in the middle"}
            self.post(f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Ask the API; on SQLite it answers 503 while another write takes its time, and wants to be asked again."""
        for _ in range(ATTEMPTS):
            answer = self.http.request(method, path, json=body)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(1)
        answer.raise_for_status()
        return answer

    def spawn(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `prefect …` in the background; it is stopped with everything else."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.callback(_stop, process)
        return process

    def _prefect(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "prefect", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NotReady(f"prefect {' '.join(arguments)}: {done.stdout[-1500:]}{done.stderr[-1500:]}")

    def _worker_is_online(self, pool: str) -> bool:
        workers = self.post(f"/work_pools/{pool}/workers/filter", {})
        return any(worker["status"] == "ONLINE" for worker in workers)

    def _until(self, what: str, holds: Any, patience: float = PATIENCE) -> None:
        deadline = time.monotonic() + patience
        while not holds():
            if time.monotonic() > deadline:
                raise NotReady(f"{what} is not there after {patience:.0f} s; see the logs in {self.folder.name}/")
            time.sleep(0.2)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
