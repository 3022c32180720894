"""The deployment `semester-start`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERY_SYSTEM, EVERYONE, Chosen, Limits, Mode, System
from flows.sharing import reconcile_in_shards
from flows.steps import finish, take_in


@flow(name="semester-start", flow_run_name="semester-start ({mode})", persist_result=False)
async def semester_start(
    mode: Mode = "rehearse",
    whom: Chosen = EVERYONE,
    systems: list[System] = EVERY_SYSTEM,
    brake: Limits = AS_IN_SETTINGS,
) -> None:
    """Do everything for everybody, in the order in which a student needs it; run twice, it changes nothing more.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at; recruitment's feeds are always taken in whole
        systems: which systems are brought in line
        brake: when the run stops and asks
    """
    tallies = [await take_in(mode)]
    for system in dict.fromkeys(systems):
        tallies.append(await reconcile_in_shards(system, whom, mode, brake))
    await finish("semester-start", tallies, mode)
