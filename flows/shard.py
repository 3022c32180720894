"""The deployment `shard`."""

from __future__ import annotations

from prefect import flow, get_run_logger

from estudent.domain.outcome import total
from flows.forms import System
from flows.sharing import carry_out_what_is_free
from flows.steps import leave


@flow(name="shard", flow_run_name="shard {number} of {system}", persist_result=False)
async def shard(run: str, system: System, number: int) -> None:
    """Carry out one shard of a run of `semester-start`, which starts this by itself and sums up.

    Once that is done, others of that run and system that nobody has begun are carried out as well.

    Args:
        run: the id of the run of semester-start
        system: which system is brought in line
        number: which of the run's shards of that system; 0: whichever is free, once there are some
    """
    tallies = await carry_out_what_is_free(run, system, number)
    if not tallies:
        get_run_logger().info("Nothing to do: no shard is left that another run has not finished, or in hand")
        return
    await leave("shard", [total(system, tallies)], "apply")
