"""The handlers: one for each path of Graph, Exchange and the token endpoint."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import cmdlets, directory, licences, listing
from sandbox.microsoft365.addresses import open_ripe_mailboxes
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.gate import json_body
from sandbox.microsoft365.refusal import Refusal, not_found
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tokens import TokenRefused
from sandbox.microsoft365.user import DEFAULT, User


async def create_user(cloud: Cloud, request: Request) -> Response:
    """POST /users."""
    body = await json_body(request)
    return _entity(request, directory.create(cloud.tenant, body, cloud.clock()), 201)


async def list_users(cloud: Cloud, request: Request) -> Response:
    """GET /users."""
    return JSONResponse(listing.page(cloud.tenant, request, cloud.clock()))


async def get_user(cloud: Cloud, request: Request) -> Response:
    """GET /users/{key}."""
    return _entity(request, _user(cloud, request), 200, listing.selected(request))


async def change_user(cloud: Cloud, request: Request) -> Response:
    """PATCH /users/{key}."""
    body = await json_body(request)
    directory.change(cloud.tenant, _user(cloud, request), body)
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
    return _entity(request, user, 200)


async def mailbox_settings(cloud: Cloud, request: Request) -> Response:
    """GET /users/{key}/mailboxSettings, which is 404 until the mailbox exists."""
    if not _user(cloud, request).has_mailbox:
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise Refusal(404, "MailboxNotEnabledForRESTAPI", message)
    language = {"locale": "pl-PL", "displayName": "Polish (Poland)"}
    return JSONResponse({"timeZone": "Central European Standard Time", "language": language, "userPurpose": "user"})


async def list_deleted(cloud: Cloud, request: Request) -> Response:
    """GET /directory/deletedItems/microsoft.graph.user."""
    names = (*listing.selected(request), "deletedDateTime")
    return _collection(request, "directoryObjects", [user.shown(names) for user in cloud.tenant.deleted()])


async def list_skus(cloud: Cloud, request: Request) -> Response:
    """GET /subscribedSkus."""
    shown = [licences.shown(cloud.tenant, sku) for sku in licences.skus(cloud.tenant)]
    return _collection(request, "subscribedSkus", shown)


async def list_domains(cloud: Cloud, request: Request) -> Response:
    """GET /domains."""
    return _collection(request, "domains", _domains(cloud))


async def get_domain(cloud: Cloud, request: Request) -> Response:
    """GET /domains/{name}."""
    name = request.path_params["name"]
    found = next((each for each in _domains(cloud) if each["id"] == name.lower()), None)
    if found is None:
        raise not_found(name)
    return JSONResponse(found)


async def organization(cloud: Cloud, request: Request) -> Response:
    """GET /organization."""
    domains = [{"name": each["id"], "isDefault": each["isDefault"], "type": "Managed"} for each in _domains(cloud)]
    here = {"id": cloud.options.tenant_id, "displayName": "Sandbox University", "countryLetterCode": "PL"}
    return _collection(request, "organization", [{**here, "verifiedDomains": domains}])


async def unknown(_: Cloud, request: Request) -> Response:
    """Refuse every other path of Graph."""
    segment = request.path_params["rest"].rpartition("/")[2]
    raise Refusal(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


async def invoke(cloud: Cloud, request: Request) -> Response:
    """POST /adminapi/beta/{tenant}/InvokeCommand."""
    if request.path_params["tenant"].lower() not in (cloud.options.tenant_id, cloud.options.initial_domain):
        raise Refusal(403, "Forbidden", "The token was issued for another tenant.")
    with cloud.places.one():
        body = await json_body(request)
        await asyncio.sleep(cloud.options.exchange_latency)
        open_ripe_mailboxes(cloud.tenant, cloud.clock())
        value = cmdlets.run(cloud.tenant, body)
    context = f"{request.base_url}adminapi/beta/{request.path_params['tenant']}/$metadata#Collection(Edm.ComplexType)"
    return JSONResponse({"@odata.context": context, "@adminapi.warnings": [], "value": value})


async def token(cloud: Cloud, request: Request) -> Response:
    """POST /{tenant}/oauth2/v2.0/token."""
    fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
    headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
    try:
        given = cloud.tokens.give(request.path_params["tenant"], fields, cloud.clock())
    except TokenRefused as refused:
        cloud.ledger.refuse(Refusal(refused.status, f"AADSTS{refused.number}", refused.words))
        return JSONResponse(refused.body(cloud.clock()), refused.status, headers)
    return JSONResponse(given, headers=headers)


async def openid_configuration(cloud: Cloud, request: Request) -> Response:
    """GET /{tenant}/v2.0/.well-known/openid-configuration."""
    here = f"{request.base_url}{cloud.options.tenant_id}"
    return JSONResponse(
        {
            "issuer": f"{here}/v2.0",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
    )


def _user(cloud: Cloud, request: Request) -> User:
    """Return the user of the path."""
    return cloud.tenant.find(request.path_params["key"], cloud.clock())


def _entity(request: Request, user: User, status: int, names: tuple[str, ...] = DEFAULT) -> Response:
    """Return one user as an answer."""
    context = f"{request.base_url}v1.0/$metadata#users/$entity"
    return JSONResponse({"@odata.context": context, **user.shown(names)}, status)


def _collection(request: Request, name: str, value: list[Json]) -> Response:
    """Return a collection that is never paged."""
    return JSONResponse({"@odata.context": f"{request.base_url}v1.0/$metadata#{name}", "value": value})


def _domains(cloud: Cloud) -> list[Json]:
    """Describe both domains; sign-in of the students' one may be federated."""
    kinds = ((cloud.options.domain, cloud.options.federated), (cloud.options.initial_domain, False))
    return [
        {
            "id": name, "authenticationType": "Federated" if federated else "Managed", "isVerified": True,
            "isDefault": name == cloud.options.domain, "isInitial": name == cloud.options.initial_domain,
            "isRoot": True, "isAdminManaged": True, "supportedServices": ["Email"],
        }
        for name, federated in kinds
    ]  # fmt: skip
