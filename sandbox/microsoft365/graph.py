"""Graph v1.0: users, their licences and mailboxes (https://learn.microsoft.com/graph/api/resources/user)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import directory, licences
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.door import Service, body
from sandbox.microsoft365.listing import page, selected
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tokens import GRAPH, NotAccepted
from sandbox.microsoft365.user import User

APPLICATION = "00000003-0000-0000-c000-000000000000"


async def add_user(cloud: Cloud, request: Request) -> Response:
    """Answer POST /users."""
    user = directory.create(cloud.tenant, await body(request), time.time())
    location = {"Location": f"{request.base_url}v1.0/users/{user.id}"}
    return _answer(cloud, request, _entity(request, user), 201, location)


async def list_users(cloud: Cloud, request: Request) -> Response:
    """Answer GET /users."""
    return _answer(cloud, request, page(cloud.tenant, request, time.time()))


async def show_user(cloud: Cloud, request: Request) -> Response:
    """Answer GET /users/{id|userPrincipalName}."""
    return _answer(cloud, request, _entity(request, _named(cloud, request)))


async def change_user(cloud: Cloud, request: Request) -> Response:
    """Answer PATCH /users/{id|userPrincipalName}."""
    user, changes = _named(cloud, request), await body(request)
    directory.change(cloud.tenant, user, changes)
    return _answer(cloud, request, None, 204)


async def delete_user(cloud: Cloud, request: Request) -> Response:
    """Answer DELETE /users/{id|userPrincipalName}."""
    directory.delete(cloud.tenant, _named(cloud, request), time.time())
    return _answer(cloud, request, None, 204)


async def assign_license(cloud: Cloud, request: Request) -> Response:
    """Answer POST /users/{id}/assignLicense."""
    user, wanted = _named(cloud, request), await body(request)
    licences.assign(cloud.tenant, user, wanted, time.time())
    return _answer(cloud, request, _entity(request, user))


async def show_mailbox(cloud: Cloud, request: Request) -> Response:
    """Answer GET /users/{id}/mailboxSettings, which needs the mailbox itself."""
    user = _named(cloud, request)
    if user.mailbox != "ready":
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)
    locale = user.property("preferredLanguage") or "en-US"
    settings = {
        "@odata.context": f"{request.base_url}v1.0/$metadata#users('{user.id}')/mailboxSettings",
        "timeZone": "Central European Standard Time",
        "userPurpose": "user",
        "language": {"locale": locale, "displayName": locale},
    }
    return _answer(cloud, request, settings)


async def list_deleted(cloud: Cloud, request: Request) -> Response:
    """Answer GET /directory/deletedItems/microsoft.graph.user, in one page."""
    names = ("id", "deletedDateTime", *selected(request))
    return answer_list(cloud, request, [user.shown(names) for user in cloud.tenant.deleted()])


async def list_skus(cloud: Cloud, request: Request) -> Response:
    """Answer GET /subscribedSkus."""
    return answer_list(cloud, request, [licences.shown(cloud.tenant, sku) for sku in licences.skus(cloud.tenant)])


def answer_list(cloud: Cloud, request: Request, things: list[Json]) -> Response:
    """Return a collection of one page."""
    kind = request.url.path.removeprefix("/v1.0/")
    return _answer(cloud, request, {"@odata.context": f"{request.base_url}v1.0/$metadata#{kind}", "value": things})


def answer_one(cloud: Cloud, request: Request, thing: Json) -> Response:
    """Return one object."""
    return _answer(cloud, request, thing)


def _named(cloud: Cloud, request: Request) -> User:
    """Return the user whom the path names."""
    return cloud.tenant.find(request.path_params["key"], time.time())


def _entity(request: Request, user: User) -> Json:
    """Return a user with the properties that were asked for."""
    return {"@odata.context": f"{request.base_url}v1.0/$metadata#users/$entity", **user.shown(selected(request))}


def _answer(
    cloud: Cloud, request: Request, content: Json | None, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return what was asked for, with the price of it in the headers."""
    told = {"request-id": str(uuid4()), **cloud.quotas.headers(request), **(headers or {})}
    return Response(status_code=status, headers=told) if content is None else JSONResponse(content, status, told)


def _admit(cloud: Cloud, request: Request) -> None:
    """Let in who has a token for Graph, as far as the quotas go."""
    try:
        cloud.tokens.check(request.headers.get("Authorization", ""), GRAPH, time.time())
    except NotAccepted as reason:
        challenge = {"WWW-Authenticate": f'Bearer realm="", client_id="{APPLICATION}"'}
        raise Refusal(401, "InvalidAuthenticationToken", str(reason), headers=challenge) from None
    cloud.quotas.spend(request, time.time())


def refused(request: Request, refusal: Refusal) -> Response:
    """Return a refusal in Graph's shape (microsoft-graph-docs#1508)."""
    identity = str(uuid4())
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": identity,
        "client-request-id": request.headers.get("client-request-id", identity),
    }
    error = {"error": {**refusal.as_error(), "innerError": inner}}
    return JSONResponse(error, refusal.status, {"request-id": identity, **refusal.headers})


SERVICE = Service(_admit, refused)
