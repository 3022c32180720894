"""Make known to Prefect's server what belongs to this release: python -m flows.registration --pools NAME=RUNS,…

Deployments, pools and automations become what `prefect.yaml`, the arguments and `flows.automations` say. It prints what
it changed, and nothing when the server knew all of it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate, WorkPoolCreate, WorkPoolUpdate
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

from flows.automations import AUTOMATIONS

RELEASE = Path(__file__).resolve().parents[1]
NOTED = "estudent_release"
"""The Prefect variable that names the release whose deployments are registered."""


async def register(pools: Mapping[str, int]) -> AsyncIterator[str]:
    """Bring the server in line with this release; yield each change in words."""
    async with get_client() as client:
        for name, runs in pools.items():
            if await _pool(client, name, runs):
                yield f"pool {name}: {runs} runs at once"
        if await _deployments(client):
            yield f"deployments of release {RELEASE.name}"
        async for name in _automations(client):
            yield f"automation: {name}"


async def _pool(client: PrefectClient, name: str, runs: int) -> bool:
    """Make the pool, or set how many runs it lets go at once; tell whether that was needed."""
    try:
        found = await client.read_work_pool(name)
    except ObjectNotFound:
        template = ProcessWorker.get_default_base_job_template()
        pool = WorkPoolCreate(name=name, type="process", base_job_template=template, concurrency_limit=runs)
        await client.create_work_pool(pool)
        return True
    if found.concurrency_limit == runs:
        return False
    await client.update_work_pool(name, WorkPoolUpdate(concurrency_limit=runs))
    return True


async def _deployments(client: PrefectClient) -> bool:
    """Register the deployments unless this release's are all there, forget others, and note the release."""
    wanted = {deployment["name"] for deployment in _declared()}
    found = {deployment.name: deployment.id for deployment in await client.read_deployments()}
    noted = await client.read_variable_by_name(NOTED)
    if found.keys() == wanted and noted is not None and noted.value == RELEASE.name:
        return False
    subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=RELEASE,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for name in found.keys() - wanted:
        await client.delete_deployment(found[name])
    if noted is None:
        await client.create_variable(VariableCreate(name=NOTED, value=RELEASE.name))
    else:
        await client.update_variable(VariableUpdate(name=NOTED, value=RELEASE.name))
    return True


def _declared() -> list[dict[str, Any]]:
    declared: list[dict[str, Any]] = yaml.safe_load((RELEASE / "prefect.yaml").read_text())["deployments"]
    return declared


async def _automations(client: PrefectClient) -> AsyncIterator[str]:
    """Make or correct the automations; yield the names of those that were not as declared."""
    known = {automation.name: automation for automation in await client.read_automations()}
    for declared in AUTOMATIONS:
        wanted = AutomationCore(**declared.model_dump(exclude={"id"}))
        found = known.get(wanted.name)
        if found is None:
            await client.create_automation(wanted)
        elif _content(found) != _content(wanted):
            await client.update_automation(found.id, wanted)
        else:
            continue
        yield wanted.name


def _content(automation: AutomationCore) -> dict[str, Any]:
    """Return what we say about an automation, without what the server adds (ids and times)."""
    said = automation.model_dump(mode="json", include={"name", "description", "enabled", "trigger", "actions"})
    return {**said, "trigger": _comparable(said["trigger"])}


def _comparable(trigger: dict[str, Any]) -> dict[str, Any]:
    """Return a trigger whose lists stand for sets in one order, and without its id."""
    return {
        name: sorted(value) if isinstance(value, list) else value for name, value in trigger.items() if name != "id"
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flows.registration", description=__doc__)
    parser.add_argument("--pools", required=True, metavar="NAME=RUNS,…", help="work pools, and how many runs at once")
    return parser.parse_args()


async def _main() -> None:
    pools = dict(each.split("=") for each in _options().pools.split(","))
    async for change in register({name: int(runs) for name, runs in pools.items()}):
        sys.stdout.write(f"{change}\n")


if __name__ == "__main__":
    asyncio.run(_main())
