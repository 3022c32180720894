"""Licences: what the tenant bought, who holds it, and the mailbox that one of its plans brings."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.microsoft365.addresses import without_mailbox
from sandbox.microsoft365.properties import TYPES, checked, is_guid
from sandbox.microsoft365.refusal import Refusal, bad_request
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

EXCHANGE = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"


@dataclass(frozen=True, slots=True)
class Sku:
    """Something that can be bought; names and ids are of Microsoft's product-names table."""

    id: str
    part: str
    plans: tuple[tuple[str, str], ...]
    seats: int


def skus(tenant: Tenant) -> tuple[Sku, ...]:
    """Return what the tenant bought: Office 365 A1 for students, and one licence that brings no mailbox."""
    student = (("EXCHANGE_S_STANDARD", EXCHANGE), ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929"))
    power = (("BI_AZURE_P0", "2049e525-b859-401b-b2a0-e0a31c4b1fe4"),)
    return (
        Sku("314c4481-f395-4525-be8b-2ec4bb1e9d91", "STANDARDWOFFPACK_STUDENT", student, tenant.options.seats),
        Sku("a403ebcc-fae0-4ca2-8c8c-7a907fd6c235", "POWER_BI_STANDARD", power, 1_000_000),
    )


def shown(tenant: Tenant, sku: Sku) -> Json:
    """Describe a licence as GET /subscribedSkus does."""
    taken = tenant.count("sku", sku.id)
    plans = [
        {"servicePlanId": plan, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"}
        for name, plan in sku.plans
    ]
    return {
        "id": f"{tenant.options.tenant_id}_{sku.id}", "accountId": tenant.options.tenant_id, "accountName": "student",
        "appliesTo": "User", "capabilityStatus": "Enabled", "consumedUnits": taken, "skuId": sku.id,
        "skuPartNumber": sku.part, "subscriptionIds": [], "servicePlans": plans,
        "prepaidUnits": {"enabled": sku.seats, "suspended": 0, "warning": 0, "lockedOut": 0},
    }  # fmt: skip


def assign(tenant: Tenant, user: User, body: Json, now: float) -> None:
    """Give and take licences in one step, all or nothing (https://learn.microsoft.com/graph/api/user-assignlicense)."""
    wanted, unwanted = _parameters(body)
    held = {str(each["skuId"]): each for each in user.licences}
    for identity in unwanted:
        if held.pop(identity, None) is None:
            raise bad_request("User does not have a corresponding license.")
    for licence in wanted:
        _check(tenant, user, licence)
        held[licence["skuId"]] = licence
    user.licences = list(held.values())
    _settle_mailbox(tenant, user, now)
    tenant.save(user)


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
    sku = next((each for each in skus(tenant) if each.id == licence["skuId"]), None)
    if sku is None:
        raise bad_request(f"License {licence['skuId']} does not correspond to a valid company License.")
    if not set(licence["disabledPlans"]) <= {plan for _, plan in sku.plans}:
        raise bad_request("One or more of the disabled plans do not belong to the license.")
    holds = any(each["skuId"] == sku.id for each in user.licences)
    if not holds and tenant.count("sku", sku.id) >= sku.seats:
        raise bad_request(f"Subscription with SKU {sku.id} does not have any available licenses.")


def _settle_mailbox(tenant: Tenant, user: User, now: float) -> None:
    """Start a mailbox with the first licence that brings one, and take it away with the last."""
    brings = {sku.id for sku in skus(tenant) if EXCHANGE in (plan for _, plan in sku.plans)}
    entitled = any(each["skuId"] in brings and EXCHANGE not in each["disabledPlans"] for each in user.licences)
    if entitled and user.mailbox_due is None:
        user.mailbox_due = now + tenant.options.mailbox_delay
    if not entitled and user.mailbox_due is not None:
        without_mailbox(user)
