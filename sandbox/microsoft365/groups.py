"""Security groups, whose members inherit the groups' licences."""

from __future__ import annotations

import re
from typing import Any

from sandbox.microsoft365.properties import is_guid
from sandbox.microsoft365.refusal import bad_request, not_found
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

REFERENCE = re.compile(r"https?://[^/]+/v1\.0/(?:directoryObjects|users)/([0-9A-Fa-f-]{36})")
FIELDS = (
    "id", "displayName", "mailEnabled", "mailNickname", "securityEnabled", "groupTypes", "assignedLicenses",
)  # fmt: skip
ALREADY = "One or more added object references already exist for the following modified properties: 'members'."


def find(tenant: Tenant, identity: str) -> Json:
    """Return the group, or refuse."""
    group = tenant.groups.get(identity.lower())
    if group is None:
        raise not_found(identity)
    return group


def referred(tenant: Tenant, body: Json, now: float) -> User:
    """Return the user whom the body's @odata.id names."""
    link = str(body.get("@odata.id", ""))
    found = REFERENCE.fullmatch(link)
    if found is None or not is_guid(found[1]):
        raise bad_request("The value of '@odata.id' is not a valid reference to a directory object.")
    return tenant.find(found[1], now)


def join(tenant: Tenant, group: Json, user: User, now: float) -> None:
    """Make the user a member; its licence comes a while later (--group-delay)."""
    if group["id"] in user.groups:
        raise bad_request(ALREADY)
    user.groups.append(group["id"])
    _changed(tenant, user, now)


def leave(tenant: Tenant, group: Json, user: User, now: float) -> None:
    """End the membership, and with it the group's licence."""
    if group["id"] not in user.groups:
        raise not_found(user.id)
    user.groups.remove(group["id"])
    _changed(tenant, user, now)


def _changed(tenant: Tenant, user: User, now: float) -> None:
    user.groups_due = now + tenant.options.group_delay
    tenant.save(user)


def shown(group: Json, names: tuple[str, ...] = FIELDS) -> dict[str, Any]:
    """Return the properties that were asked for."""
    return {name: group.get(name) for name in names}
