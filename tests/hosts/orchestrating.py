"""Prefect's API as a worker's host reaches it, for tests: asked on that host, since nobody else may."""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lab.running import Lab

URL = "https://prefect.uczelnia.example:4443/api"
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


ASK = """
import json, ssl, sys, urllib.error, urllib.request
method, url, headers, body = json.load(sys.stdin)
asked = urllib.request.Request(url, body.encode() or None, headers, method=method)
try:
    trusted = ssl.create_default_context(cafile="/etc/ssl/estudent/ca.pem")
    answer = urllib.request.urlopen(asked, context=trusted, timeout=20)
except urllib.error.HTTPError as refused:
    answer = refused
except OSError as error:
    sys.exit(json.dump([0, str(error)], sys.stdout))
json.dump([answer.status, answer.read().decode()], sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody on a host was answered; status 0 is no answer."""

    status: int
    body: str


def ask_from(lab: Lab, host: str, method: str, url: str, headers: Mapping[str, str], *, body: str = "") -> Asked:
    """Ask on a host of the lab, trusting the lab's authority alone."""
    there = lab.host(host)
    command = lab.network.command(there.ssh_command(shlex.join(["python3", "-c", ASK])))
    question = json.dumps([method, url, dict(headers), body])
    done = subprocess.run(command, input=question, capture_output=True, text=True, timeout=120, check=True)
    return Asked(*json.loads(done.stdout))


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header of a user and password (RFC 7617)."""
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}


@dataclass(frozen=True, slots=True)
class Prefect:
    """Asks Prefect's server, with the workers' password."""

    lab: Lab

    def ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """Return what the API answers."""
        headers = {
            "Content-Type": "application/json",
            "Prefect-Csrf-Client": "tests",
            **self.password,
            **self._csrf(method),
        }
        sent = json.dumps(body) if body is not None else ""
        answer = ask_from(self.lab, "ops1", method, URL + path, headers, body=sent)
        assert 200 <= answer.status < 300, f"{method} {path}: {answer}"
        return json.loads(answer.body) if answer.body else None

    @property
    def password(self) -> dict[str, str]:
        """The header that lets a worker in."""
        return basic("worker", self.lab.secret("vault_orchestration_api_password"))

    def start(self, deployment: str, parameters: Mapping[str, object] | None = None) -> str:
        """Start a run as the pages do; return its id."""
        found = self.ask("GET", f"/deployments/name/{deployment}/{deployment}")["id"]
        wanted = {"parameters": dict(parameters or {}), "state": {"type": "SCHEDULED"}}
        run: str = self.ask("POST", f"/deployments/{found}/create_flow_run", wanted)["id"]
        return run

    def state(self, run: str) -> dict[str, Any]:
        """Return a run's state: `type`, `name` and `message`."""
        state: dict[str, Any] = self.ask("GET", f"/flow_runs/{run}")["state"]
        return state

    def ended(self, run: str, patience: float = 180) -> dict[str, Any]:
        """Wait until a run has ended and return its state."""
        await_that(lambda: self.state(run)["type"] in ENDED, patience)
        return self.state(run)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """Return the newest runs of a deployment."""
        wanted = {"deployments": {"name": {"any_": [deployment]}}, "sort": "EXPECTED_START_TIME_DESC", "limit": 200}
        found: list[dict[str, Any]] = self.ask("POST", "/flow_runs/filter", wanted)
        return found

    def under_way(self) -> list[str]:
        """Return the ids of all runs that go on."""
        wanted = {"flow_runs": {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}, "limit": 200}
        return [str(each["id"]) for each in self.ask("POST", "/flow_runs/filter", wanted)]

    def _csrf(self, method: str) -> dict[str, str]:
        if method == "GET":
            return {}
        return {"Prefect-Csrf-Token": self.ask("GET", "/csrf-token?client=tests")["token"]}


def await_that(holds: Callable[[], object], patience: float = 60) -> float:
    """Wait until it holds, fail when patience is over; return the seconds that it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < patience, f"it does not hold after {patience:.0f} s"
        time.sleep(0.5)
    return time.monotonic() - begun
