"""The sandbox's own pages: who is there, what was asked, what was refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.microsoft365 import passage, skus
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import User

NEWEST = 200
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


async def users(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/users: everybody, oldest first."""
    passage.settle(cloud)
    return JSONResponse([_shown(cloud, user) for user in cloud.tenant])


async def requests(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/requests."""
    return JSONResponse(cloud.ledger.shown())


async def quota(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/quota: what was granted and refused so far, and what is left."""
    return JSONResponse(cloud.quota.shown())


async def state(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/state: everything, for tests."""
    passage.settle(cloud)
    everybody = list(cloud.tenant)
    return JSONResponse(
        {
            "now": cloud.clock(),
            "users": [_shown(cloud, user) for user in everybody],
            "deleted": [_shown(cloud, user) for user in cloud.tenant.bin()],
            "licences": _licences(cloud),
            "addresses": {each[5:].lower(): user.id for user in everybody for each in user.addresses},
            "requests": cloud.ledger.shown(),
            "per_second": cloud.ledger.per_second(),
            "quota": cloud.quota.shown(),
            "profile": cloud.faults.profile.shown(),
            "faults": cloud.faults.shown(),
            "obstacles": cloud.obstacles.shown(),
        }
    )


async def recipient(cloud: Cloud, request: Request) -> Response:
    """GET /sandbox/recipients/{address}: whose mailbox mail for the address goes to, by what Exchange knows."""
    passage.settle(cloud)
    address = request.path_params["address"]
    user = cloud.tenant.first("address", address)
    if user is None or not user.has_mailbox or address.lower() not in (each[5:].lower() for each in user.addresses):
        return JSONResponse({"error": "no mailbox has this address"}, 404)
    return JSONResponse({"id": user.id, "primary": user.primary})


async def overview(cloud: Cloud, request: Request) -> Response:
    """GET /: a page to look at; `?find=` narrows it to names and addresses that contain the text."""
    passage.settle(cloud)
    text = request.query_params.get("find", "").strip()
    everybody = [_shown(cloud, user) for user in cloud.tenant]
    found = [each for each in everybody if _mentions(each, text)]
    page = TEMPLATES.get_template("tenant.html").render(
        find=text, everybody=len(everybody), found=len(found), users=found[: -NEWEST - 1 : -1],
        deleted=[_shown(cloud, user) for user in cloud.tenant.bin()][: -NEWEST - 1 : -1],
        licences=_licences(cloud), requests=cloud.ledger.shown(), seconds=cloud.ledger.per_second(),
        quota=cloud.quota.shown(), profile=cloud.faults.profile.shown(),
        now=datetime.fromtimestamp(cloud.clock(), UTC), options=cloud.options,
    )  # fmt: skip
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"})


def _licences(cloud: Cloud) -> list[Json]:
    """Return what was bought, and how much of it is left."""
    return [
        {
            "skuId": sku.id, "part": sku.part, "seats": sku.seats, "free": skus.free_seats(cloud.tenant, sku),
            "taken": cloud.tenant.count("sku", sku.id),
        }
        for sku in skus.skus(cloud.tenant)
    ]  # fmt: skip


def _shown(cloud: Cloud, user: User) -> Json:
    """Describe a user for tests and for people."""
    parts = {sku.id: sku.part for sku in skus.skus(cloud.tenant)}
    who = ("id", "userPrincipalName", "displayName", "employeeId", "accountEnabled", "deletedDateTime")
    names = (*who, "usageLocation", "proxyAddresses", "assignedLicenses", "serviceProvisioningErrors")
    held = [parts.get(str(each["skuId"]), str(each["skuId"])) for each in user.held]
    return {**user.shown(names), "licences": held, "mailbox": user.mailbox, "mailbox_ready": user.has_mailbox}


def _mentions(shown: Json, text: str) -> bool:
    """Say whether a name, a number or an address of the user contains the text."""
    words = [shown["userPrincipalName"], shown["displayName"], shown["employeeId"], *shown["proxyAddresses"]]
    return text.lower() in " ".join(map(str, words)).lower()
