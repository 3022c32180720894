"""/groups: who inherits licences."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import groups, listing
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.gate import json_body
from sandbox.microsoft365.handlers.answers import collection
from sandbox.microsoft365.refusal import Refusal, not_found
from sandbox.microsoft365.shelf import Json


async def list_groups(cloud: Cloud, request: Request) -> Response:
    """GET /groups."""
    return collection(request, "groups", [groups.shown(group) for group in cloud.tenant.groups.values()])


async def get_group(cloud: Cloud, request: Request) -> Response:
    """GET /groups/{key}."""
    names = tuple(request.query_params.get("$select", ",".join(groups.FIELDS)).split(","))
    if set(names) - set(groups.FIELDS):
        message = "Parsing OData Select and Expand failed: Could not find a property on type 'microsoft.graph.group'."
        raise Refusal(400, "BadRequest", message)
    context = f"{request.base_url}v1.0/$metadata#groups/$entity"
    return JSONResponse({"@odata.context": context, **groups.shown(_group(cloud, request), names)})


async def list_members(cloud: Cloud, request: Request) -> Response:
    """GET /groups/{key}/members."""
    group = _group(cloud, request)["id"]
    members = listing.Listing(
        f"groups/{group}/members", cloud.tenant.after, lambda user: group in user.groups, cloud.tenant
    )
    return JSONResponse(listing.page(members, request))


async def add_member(cloud: Cloud, request: Request) -> Response:
    """POST /groups/{key}/members/$ref."""
    body, group = await json_body(request), _group(cloud, request)
    groups.join(cloud.tenant, group, groups.referred(cloud.tenant, body, cloud.clock()), cloud.clock())
    return Response(status_code=204)


async def remove_member(cloud: Cloud, request: Request) -> Response:
    """DELETE /groups/{key}/members/{member}/$ref."""
    group, identity = _group(cloud, request), request.path_params["member"]
    user = cloud.tenant.by_id(identity)
    if user is None:
        raise not_found(identity)
    groups.leave(cloud.tenant, group, user, cloud.clock())
    return Response(status_code=204)


def _group(cloud: Cloud, request: Request) -> Json:
    """Return the group of the path."""
    return groups.find(cloud.tenant, request.path_params["key"])
