"""What Graph shows to hold a mailbox up, in our words: Microsoft's own may name addresses and people."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

LICENCE_ERRORS = {
    "CountViolation": "no licence is left for the group; an administrator must free or buy seats",
    "MutuallyExclusiveViolation": "another licence of the user excludes this one; an administrator must remove it",
    "DependencyViolation": "the licence needs a service that the user does not have; an administrator must add it",
    "ProhibitedInUsageLocationViolation": "the licence is not sold in the user's country; correct usageLocation",
    "UniquenessViolation": "an address of the user belongs to another object; an administrator must free it",
}
"""graph.licenseAssignmentState: error; others there are only None and Other."""

ADDRESS_IN_USE = re.compile(r"(proxy address|smtp|address).*(already|in use|being used|conflict)", re.IGNORECASE)
SERVICE = re.compile(r"[A-Za-z0-9]+")


def trouble_in(states: Iterable[dict[str, Any]], errors: Iterable[dict[str, Any]]) -> str:
    """Return what licences and services report, in one line; nothing where all is well."""
    said = [_of_licence(state) for state in states] + [_of_service(error) for error in errors]
    return "; ".join(dict.fromkeys(each for each in said if each))


def _of_licence(state: dict[str, Any]) -> str:
    """Read one graph.licenseAssignmentState."""
    error = state.get("error") or "None"
    if state.get("state") in ("Active", "Disabled") or error == "None":
        return ""
    return LICENCE_ERRORS.get(error, "the licence could not be assigned; look the user up in Microsoft's admin centre")


def _of_service(error: dict[str, Any]) -> str:
    """Read one graph.serviceProvisioningError; its detail is XML that says more than we may pass on."""
    if error.get("isResolved"):
        return ""
    service = SERVICE.match(error.get("serviceInstance") or "")
    name = service[0] if service else "a service"
    if ADDRESS_IN_USE.search(error.get("errorDetail") or ""):
        return f"{name} cannot make the mailbox: an address of the user is in use; an administrator must free it"
    return f"{name} reports that it cannot make the mailbox; look the user up in Microsoft's admin centre"
