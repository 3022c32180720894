"""The sandbox's own pages: who is there, what was asked, what shall go wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from sandbox.microsoft365 import passage, skus
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.faults import Faults, Profile
from sandbox.microsoft365.obstacles import Obstacles
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import User

NEWEST = 200
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = (
    "body{font:16px sans-serif;margin:2rem}table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:left}"
)


async def users(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/users: everybody, oldest first."""
    passage.settle(cloud)
    return JSONResponse([_shown(cloud, user) for user in cloud.tenant])


async def requests(cloud: Cloud, _: Request) -> Response:
    """GET /sandbox/requests."""
    return JSONResponse(cloud.ledger.shown())


async def faults(cloud: Cloud, request: Request) -> Response:
    """GET, POST and DELETE /sandbox/faults: what is still to happen, one more, none."""
    return await _orders(cloud.faults, request)


async def obstacles(cloud: Cloud, request: Request) -> Response:
    """GET, POST and DELETE /sandbox/obstacles: mailboxes that shall not appear."""
    return await _orders(cloud.obstacles, request)


async def permissions(cloud: Cloud, request: Request) -> Response:
    """GET and PUT /sandbox/permissions: what tokens that are given from now on permit, and the role for Exchange."""
    if request.method == "PUT":
        try:
            wanted = json.loads(await request.body())
            cloud.tokens.roles = list(map(str, wanted["roles"]))
            cloud.tokens.exchange_role = str(wanted.get("exchange_role", cloud.tokens.exchange_role))
        except (ValueError, TypeError, KeyError):
            return JSONResponse({"error": 'send {"roles": ["User.Read.All", …], "exchange_role": "…"}'}, 400)
    return JSONResponse({"roles": cloud.tokens.roles, "exchange_role": cloud.tokens.exchange_role})


async def profile(cloud: Cloud, request: Request) -> Response:
    """GET, PUT and DELETE /sandbox/profile: what befalls requests by chance."""
    if request.method == "DELETE":
        cloud.faults.profile = Profile(cloud.options.seed)
    if request.method == "PUT":
        try:
            cloud.faults.profile = Profile(**{"seed": cloud.options.seed, **json.loads(await request.body())})
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(cloud.faults.profile.shown())


async def clock(cloud: Cloud, request: Request) -> Response:
    """GET and POST /sandbox/clock: the tenant's time, put forward by so many seconds."""
    if request.method == "POST":
        try:
            cloud.clock.forward(float(json.loads(await request.body())["forward"]))
        except (ValueError, TypeError, KeyError):
            return JSONResponse({"error": 'send {"forward": seconds}'}, 400)
    return JSONResponse({"now": cloud.clock()})


async def _orders(orders: Faults | Obstacles, request: Request) -> Response:
    """Show, add to, or clear what was ordered."""
    if request.method == "DELETE":
        orders.clear()
    if request.method == "POST":
        try:
            orders.order(json.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
    return JSONResponse(orders.shown(), 201 if request.method == "POST" else 200)


async def overview(cloud: Cloud, _: Request) -> Response:
    """GET /: a page to look at."""
    passage.settle(cloud)
    everybody = [_shown(cloud, user) for user in cloud.tenant]
    bought = [skus.shown(cloud.tenant, sku) for sku in skus.skus(cloud.tenant)]
    seats = [(sku["skuPartNumber"], sku["prepaidUnits"]["enabled"] - sku["consumedUnits"]) for sku in bought]
    columns = ("userPrincipalName", "displayName", "employeeId", "licences", "mailbox", "proxyAddresses")
    rows = [[user[name] for name in columns] for user in reversed(everybody[-NEWEST:])]
    counts = [[each[name] for name in ("method", "path", "status", "count")] for each in cloud.ledger.shown()["counts"]]
    body = (
        f"<h1>Microsoft 365, a stand-in</h1><p>{len(everybody)} users; the newest {len(rows)} are shown.</p>"
        + _table("Licences left", ("licence", "left"), seats)
        + _table("Users", columns, rows)
        + _table("Requests", ("method", "path", "status", "count"), counts)
    )
    head = f'<meta charset="utf-8"><title>Microsoft 365, a stand-in</title><style>{STYLE}</style>'
    page = f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


def _shown(cloud: Cloud, user: User) -> Json:
    """Describe a user for tests and for people."""
    parts = {sku.id: sku.part for sku in skus.skus(cloud.tenant)}
    who = ("id", "userPrincipalName", "displayName", "employeeId")
    names = (*who, "accountEnabled", "usageLocation", "proxyAddresses", "assignedLicenses")
    held = [parts.get(str(each["skuId"]), str(each["skuId"])) for each in user.held]
    return {**user.shown(names), "licences": held, "mailbox": user.mailbox, "mailbox_ready": user.has_mailbox}


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a table with every value escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    lines = "".join(f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><tr>{head}</tr>{lines}</table>"


def _cell(value: object) -> str:
    """Return a value as text that cannot be markup."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return escape(text)
