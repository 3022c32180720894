"""/users: create, find, change, license, and what hangs on a user."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import delta, directory, licences, listing
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.gate import json_body
from sandbox.microsoft365.handlers.answers import entity
from sandbox.microsoft365.permissions import check_change
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.user import User


async def create_user(cloud: Cloud, request: Request) -> Response:
    """POST /users."""
    body = await json_body(request)
    return entity(request, directory.create(cloud.tenant, body, cloud.clock()), 201)


async def list_users(cloud: Cloud, request: Request) -> Response:
    """GET /users."""
    return JSONResponse(listing.page(listing.of_users(cloud.tenant, cloud.clock()), request))


async def get_user(cloud: Cloud, request: Request) -> Response:
    """GET /users/{key}."""
    return entity(request, _user(cloud, request), 200, listing.selected(request))


async def change_user(cloud: Cloud, request: Request) -> Response:
    """PATCH /users/{key}."""
    body = await json_body(request)
    check_change(request.state.roles, body)
    directory.change(cloud.tenant, _user(cloud, request), body, cloud.clock())
    return Response(status_code=204)


async def delete_user(cloud: Cloud, request: Request) -> Response:
    """DELETE /users/{key}."""
    directory.delete(cloud.tenant, _user(cloud, request), cloud.clock())
    return Response(status_code=204)


async def assign_licence(cloud: Cloud, request: Request) -> Response:
    """POST /users/{key}/assignLicense."""
    body = await json_body(request)
    user = _user(cloud, request)
    licences.assign(cloud.tenant, user, body, cloud.clock())
    return entity(request, user, 200)


async def mailbox_settings(cloud: Cloud, request: Request) -> Response:
    """GET /users/{key}/mailboxSettings, which is 404 until the mailbox exists."""
    if not _user(cloud, request).has_mailbox:
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)
    language = {"locale": "pl-PL", "displayName": "Polish (Poland)"}
    return JSONResponse({"timeZone": "Central European Standard Time", "language": language, "userPurpose": "user"})


async def changes(cloud: Cloud, request: Request) -> Response:
    """GET /users/delta()."""
    return JSONResponse(delta.page(cloud.tenant, cloud.seal, request, cloud.clock()))


async def reprocess_licences(cloud: Cloud, request: Request) -> Response:
    """POST /users/{key}/reprocessLicenseAssignment: the groups' licences are tried again."""
    user = _user(cloud, request)
    licences.inherit(cloud.tenant, user, cloud.clock())
    return entity(request, user, 200)


async def revoke_sessions(cloud: Cloud, request: Request) -> Response:
    """POST /users/{key}/revokeSignInSessions."""
    user = _user(cloud, request)
    user.sessions_from = cloud.clock()
    cloud.tenant.save(user)
    return JSONResponse({"@odata.context": f"{request.base_url}v1.0/$metadata#Edm.Boolean", "value": True})


async def retry_provisioning(cloud: Cloud, request: Request) -> Response:
    """POST /users/{key}/retryServiceProvisioning: a mailbox that is stuck is on its way again."""
    user = _user(cloud, request)
    if user.stuck:
        user.stuck, user.mailbox_due = False, cloud.clock() + cloud.options.mailbox_delay
        cloud.tenant.save(user)
    return Response(status_code=204)


def _user(cloud: Cloud, request: Request) -> User:
    """Return the user of the path."""
    return cloud.tenant.find(request.path_params["key"], cloud.clock())
