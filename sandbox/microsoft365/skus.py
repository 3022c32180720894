"""What the tenant bought; names and ids are of Microsoft's product-names table."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

A1 = "314c4481-f395-4525-be8b-2ec4bb1e9d91"
EXCHANGE = "9aaf7827-d63c-4b61-89c3-182f06f82e5c"


@dataclass(frozen=True, slots=True)
class Sku:
    """Something that can be bought."""

    id: str
    part: str
    plans: tuple[tuple[str, str], ...]
    seats: int


def skus(tenant: Tenant) -> tuple[Sku, ...]:
    """Return Office 365 A1 for students, its larger sister, and one licence that brings no mailbox."""
    student = (("EXCHANGE_S_STANDARD", EXCHANGE), ("TEAMS1", "57ff2da0-773e-42df-b2af-ffb7a2317929"))
    power = (("BI_AZURE_P0", "2049e525-b859-401b-b2a0-e0a31c4b1fe4"),)
    seats = tenant.options.seats
    return (
        Sku(A1, "STANDARDWOFFPACK_STUDENT", student, seats),
        Sku("e82ae690-a2d5-4d76-8d30-7c6e01e6022e", "STANDARDWOFFPACK_IW_STUDENT", student, seats),
        Sku("a403ebcc-fae0-4ca2-8c8c-7a907fd6c235", "POWER_BI_STANDARD", power, 1_000_000),
    )


def sku_of(tenant: Tenant, identity: str) -> Sku | None:
    """Return what was bought under this id."""
    return next((each for each in skus(tenant) if each.id == identity), None)


def free_seats(tenant: Tenant, sku: Sku) -> int:
    """Count the seats that nobody has."""
    return sku.seats - tenant.count("sku", sku.id)


def mailbox_licences(tenant: Tenant, user: User) -> set[str]:
    """Return the ids of the user's licences that bring a mailbox."""
    brings = {sku.id for sku in skus(tenant) if EXCHANGE in (plan for _, plan in sku.plans)}
    return {each["skuId"] for each in user.held if each["skuId"] in brings and EXCHANGE not in each["disabledPlans"]}


def shown(tenant: Tenant, sku: Sku) -> Json:
    """Describe a licence as GET /subscribedSkus does."""
    plans = [
        {"servicePlanId": plan, "servicePlanName": name, "provisioningStatus": "Success", "appliesTo": "User"}
        for name, plan in sku.plans
    ]
    return {
        "id": f"{tenant.options.tenant_id}_{sku.id}", "accountId": tenant.options.tenant_id, "accountName": "student",
        "appliesTo": "User", "capabilityStatus": "Enabled", "consumedUnits": tenant.count("sku", sku.id),
        "skuId": sku.id, "skuPartNumber": sku.part, "subscriptionIds": [], "servicePlans": plans,
        "prepaidUnits": {"enabled": sku.seats, "suspended": 0, "warning": 0, "lockedOut": 0},
    }  # fmt: skip
