"""What tests order: faults, obstacles, luck, permissions, and the time."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.faults import Faults, Profile
from sandbox.microsoft365.obstacles import Obstacles


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
