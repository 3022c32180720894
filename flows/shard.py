"""The deployment `shard`."""

from __future__ import annotations

from prefect import flow, get_run_logger

from flows.forms import System
from flows.sharing import carry_out
from flows.steps import leave


@flow(name="shard", flow_run_name="shard {number} of {system}", persist_result=False)
async def shard(run: str, system: System, number: int) -> None:
    """Carry out one shard of a run of `semester-start`, which starts this by itself and sums up.

    Args:
        run: the id of the run of semester-start
        system: which system is brought in line
        number: which of the run's shards of that system
    """
    tally = await carry_out(run, system, number)
    if tally is None:
        get_run_logger().info("Nothing to do: the shard is finished, or in the hands of another run")
        return
    await leave("shard", [tally], "apply")
