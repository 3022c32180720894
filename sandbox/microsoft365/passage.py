"""What happens by itself as time passes: mailboxes appear or get stuck, addresses spread, the bin is emptied."""

from __future__ import annotations

from sandbox.microsoft365.addresses import open_mailbox
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.directory import erase
from sandbox.microsoft365.licences import inherit
from sandbox.microsoft365.user import User


def settle(cloud: Cloud) -> None:
    """Let everything happen whose time has come."""
    now = cloud.clock()
    for user in cloud.tenant.ripe(now):
        if user.in_bin and user.bin_ends <= now:
            erase(cloud.tenant, user, now)
        elif user.deleted is None:
            _settle(cloud, user, now)


def _settle(cloud: Cloud, user: User, now: float) -> None:
    """Let happen what is due to one user."""
    if user.lag_until is not None and user.lag_until <= now:
        user.lag_until, user.shown_before = None, []
        cloud.tenant.save(user)
    if user.groups_due is not None and user.groups_due <= now:
        user.groups_due = None
        inherit(cloud.tenant, user, now)
    if user.mailbox == "preparing" and (user.mailbox_due or 0.0) <= now:
        obstacle = cloud.obstacles.befalling(user)
        if obstacle:
            obstacle.befall(user, now)
        else:
            open_mailbox(cloud.tenant, user)
        cloud.tenant.save(user)
