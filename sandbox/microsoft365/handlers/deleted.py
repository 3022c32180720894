"""/directory/deletedItems: the bin."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import directory, listing
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.gate import json_body
from sandbox.microsoft365.handlers.answers import entity
from sandbox.microsoft365.user import DEFAULT, User


async def list_deleted(cloud: Cloud, request: Request) -> Response:
    """GET /directory/deletedItems/microsoft.graph.user."""
    return JSONResponse(listing.page(listing.of_deleted(cloud.tenant), request))


async def get_deleted(cloud: Cloud, request: Request) -> Response:
    """GET /directory/deletedItems/{id}."""
    return entity(request, _user(cloud, request), 200, listing.selected(request, (*DEFAULT, "deletedDateTime")))


async def restore(cloud: Cloud, request: Request) -> Response:
    """POST /directory/deletedItems/{id}/restore, with or without a body."""
    body = await json_body(request) if await request.body() else {}
    user = _user(cloud, request)
    directory.restore(cloud.tenant, user, body, cloud.clock())
    return entity(request, user, 200)


async def erase(cloud: Cloud, request: Request) -> Response:
    """DELETE /directory/deletedItems/{id}."""
    directory.erase(cloud.tenant, _user(cloud, request), cloud.clock())
    return Response(status_code=204)


def _user(cloud: Cloud, request: Request) -> User:
    """Return the user of the path."""
    return cloud.tenant.deleted(request.path_params["id"])
