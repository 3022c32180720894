"""Entries added by a flow with one task for each student, as one would write it with Prefect and ldap3.

The tasks run side by side in one event loop, over one connection, and nothing of them is cached: the fastest way there
was. `python -m bench.task_per_student FILE` is what `measure` starts; it prints what `Told` holds.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.adding import access
from bench.asked import insist
from bench.memory import watched
from estudent.adapters.ldap.attributes import attributes_of
from estudent.adapters.ldap.connection import Access, connect_to, hang_up
from estudent.adapters.ldap.escaping import dn_of
from estudent.domain.directory_entry import Entry
from sandbox.orchestration import Orchestration
from sandbox.slapd import Slapd

PATIENCE = 300.0


@dataclass(frozen=True, slots=True)
class Told:
    """The flow run, when it began (seconds since 1970) and how long it took by its own clock."""

    run: str
    begun: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Added:
    """Seconds until the flow had ended, and until Prefect had recorded all of its tasks; the process's megabytes."""

    ended: float
    recorded: float
    peak: float


def measure(prefect: Orchestration, slapd: Slapd, entries: Sequence[Entry]) -> Added:
    """Let the flow add them; raise RuntimeError where it fails, or Prefect loses some of its tasks."""
    file = slapd.folder / "additions.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(_given(slapd, entries)), encoding="utf-8")
    command = [sys.executable, "-m", "bench.task_per_student", str(file)]
    errors = slapd.folder / "tasks.log"
    with (
        errors.open("wb") as log,
        subprocess.Popen(command, env=prefect.environment, stdout=subprocess.PIPE, stderr=log) as running,
        watched(running.pid) as peak,
    ):
        said = running.communicate()[0]
    insist(running.returncode == 0, f"the flow failed: {errors.read_text(errors='replace')[-1500:]}")
    told = Told(**json.loads(said.splitlines()[-1]))
    return Added(told.seconds, _recorded(prefect, told.run, len(entries)) - told.begun, peak.megabytes)


def _given(slapd: Slapd, entries: Sequence[Entry]) -> dict[str, object]:
    ours = access(slapd)
    way = {"uri": slapd.ldaps_uri, "dn": ours.bind_dn, "password": ours.password, "ca_file": str(slapd.ca_file)}
    return {**way, "entries": [[dn_of(each.album, slapd.suffix), attributes_of(each)] for each in entries]}


def _recorded(prefect: Orchestration, run: str, tasks: int) -> float:
    """Return when the server knew all tasks of the run as completed."""
    wanted = {"flow_run_id": {"any_": [run]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    deadline = time.time() + PATIENCE
    while prefect.post("/task_runs/count", {"task_runs": wanted}) < tasks:
        insist(time.time() < deadline, f"Prefect has not recorded {tasks} tasks after {PATIENCE:.0f} s")
        time.sleep(0.1)
    return time.time()


def main(file: Path) -> None:
    """Add what the file holds."""
    from prefect import flow, task  # noqa: PLC0415 - only the process that runs the flow needs it
    from prefect.cache_policies import NO_CACHE  # noqa: PLC0415
    from prefect.runtime import flow_run  # noqa: PLC0415

    given = json.loads(file.read_text(encoding="utf-8"))
    way = Access((given["uri"],), given["dn"], given["password"], Path(given["ca_file"]), 5, 30)
    connection: Any = connect_to(given["uri"], way)

    @task(name="add a student", cache_policy=NO_CACHE, persist_result=False)
    async def add(at: int) -> bool:
        name, attributes = given["entries"][at]
        return bool(connection.add(name, attributes=attributes)[0])

    @flow(name="a task for each student", persist_result=False)
    async def add_all() -> Told:
        begun, clock = time.time(), time.monotonic()
        done = await asyncio.gather(*(add(at) for at in range(len(given["entries"]))))
        insist(all(done), "not every entry was added")
        return Told(str(flow_run.id), begun, time.monotonic() - clock)

    told = asyncio.run(add_all())
    hang_up(connection)
    sys.stdout.write(f"\n{json.dumps(asdict(told))}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
