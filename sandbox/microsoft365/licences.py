"""Licences: who holds one directly or by a group, and the mailbox that one of its plans brings."""

from __future__ import annotations

from sandbox.microsoft365.addresses import only_primary, without_mailbox
from sandbox.microsoft365.properties import TYPES, checked, is_guid
from sandbox.microsoft365.refusal import Refusal, bad_request
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.skus import free_seats, mailbox_licences, sku_of
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User, moment, state

INHERITED = "User license is inherited from a group membership and it cannot be removed directly from the user."


def assign(tenant: Tenant, user: User, body: Json, now: float) -> None:
    """Give and take licences in one step, all or nothing (https://learn.microsoft.com/graph/api/user-assignlicense)."""
    wanted, unwanted = _parameters(body)
    direct, before = {str(each["skuId"]): each for each in user.licences}, mailbox_licences(tenant, user)
    for identity in unwanted:
        if direct.pop(identity, None) is None:
            inherited = identity in (each["skuId"] for each in user.inherited)
            raise bad_request(INHERITED if inherited else "User does not have a corresponding license.")
    for licence in wanted:
        _check(tenant, user, licence)
        direct[licence["skuId"]] = {**licence, "at": now}
    user.licences = list(direct.values())
    settle_mailbox(tenant, user, before, now)
    tenant.save(user)


def inherit(tenant: Tenant, user: User, now: float) -> None:
    """Give and take what the user's groups say; without a seat the user gets an error instead of the licence."""
    before = mailbox_licences(tenant, user)
    wanted = [(group, licence) for group in user.groups for licence in tenant.group_licences(group)]
    kept = {(each["assignedByGroup"], each["skuId"]): each for each in user.inherited if each["state"] == "Active"}
    user.inherited = []
    for group, licence in wanted:
        had = kept.get((group, licence["skuId"]))
        user.inherited.append(had or _inherited(tenant, user, group, licence, now))
    settle_mailbox(tenant, user, before, now)
    tenant.save(user)


def _inherited(tenant: Tenant, user: User, group: str, licence: Json, now: float) -> Json:
    """Return a state with the licence, or with CountViolation."""
    sku = sku_of(tenant, licence["skuId"])
    holds = any(each["skuId"] == licence["skuId"] for each in user.held)
    seat = holds or (sku is not None and (free_seats(tenant, sku) > 0 or user in tenant.holders("sku", sku.id)))
    error = "None" if seat else "CountViolation"
    return state(licence["skuId"], licence["disabledPlans"], group, moment(now), error)


def settle_mailbox(tenant: Tenant, user: User, before: set[str], now: float) -> None:
    """Start a mailbox with the first licence that brings one, and take it away with the last.

    One licence in the place of another costs the aliases (microsoft-graph-docs#460).
    """
    after = mailbox_licences(tenant, user)
    if after and not before:
        user.mailbox_due = now + tenant.options.mailbox_delay
    if before and not after:
        without_mailbox(user)
    if before and after and not before & after:
        only_primary(tenant, user)


def _parameters(body: Json) -> tuple[list[Json], list[str]]:
    """Return both collections, which are mandatory (CSDL: Nullable=false), with ids in small letters."""
    missing = [name for name in ("addLicenses", "removeLicenses") if not isinstance(body.get(name), list)]
    if missing:
        message = "One or more parameters of the function import 'assignLicense' are missing from the request payload."
        raise Refusal(400, "Request_BadRequest", f"{message} The missing parameters are: {', '.join(missing)}.")
    unwanted = [str(each).lower() for each in body["removeLicenses"]]
    if not all(map(is_guid, unwanted)):
        raise Refusal(400, "BadRequest", "Cannot convert the literal to the expected type 'Edm.Guid'.")
    return [_licence(each) for each in body["addLicenses"]], unwanted


def _licence(given: object) -> Json:
    """Return one entry of addLicenses in the shape of assignedLicenses."""
    if not isinstance(given, dict) or not given.get("skuId"):
        raise bad_request(f"Invalid value specified for property '{next(iter(TYPES['assignedLicense']))}'.")
    licence = checked(given, "assignedLicense")
    plans = [str(each).lower() for each in licence.get("disabledPlans", [])]
    return {"disabledPlans": plans, "skuId": str(licence["skuId"]).lower()}


def _check(tenant: Tenant, user: User, licence: Json) -> None:
    """Refuse a licence without a place of use, of an unknown kind, or without a seat left."""
    if not user.written.get("usageLocation"):
        raise bad_request("License assignment cannot be done for user with invalid usage location.")
    sku = sku_of(tenant, licence["skuId"])
    if sku is None:
        raise bad_request(f"License {licence['skuId']} does not correspond to a valid company License.")
    if not set(licence["disabledPlans"]) <= {plan for _, plan in sku.plans}:
        raise bad_request("One or more of the disabled plans do not belong to the license.")
    if free_seats(tenant, sku) <= 0 and sku.id not in (each["skuId"] for each in user.held):
        raise bad_request(f"Subscription with SKU {sku.id} does not have any available licenses.")
