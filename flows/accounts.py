"""The deployment `accounts`."""

from __future__ import annotations

from prefect import flow

from flows.forms import AS_IN_SETTINGS, EVERYONE, Chosen, Limits, Mode
from flows.steps import finish, reconcile, reconcile_entries


@flow(name="accounts", flow_run_name="accounts ({mode})", persist_result=False)
async def accounts(
    mode: Mode = "rehearse", whom: Chosen = EVERYONE, brake: Limits = AS_IN_SETTINGS, *, everybody: bool = False
) -> None:
    """Bring the directory in line with the registry: an entry for every student, locked until activated.

    Args:
        mode: rehearse says what would be done; apply does it
        whom: whom the run looks at
        brake: when the run stops and asks
        everybody: look at all of them, as the first run of a day does by itself, not only at those who have changed
    """
    changed_only = whom == EVERYONE and not everybody
    tally = await (reconcile_entries(mode, brake) if changed_only else reconcile("directory", whom, mode, brake))
    await finish("accounts", [tally], mode)
