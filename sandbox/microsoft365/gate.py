"""What every request passes: token, quota, and the shape of a refusal in each service."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import Response

from sandbox.microsoft365 import passage, tokens
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.mailbox_addresses import CmdletError
from sandbox.microsoft365.permissions import MANAGE_EXCHANGE, Permissions, check
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shapes import cmdlet_error, exchange_refusal, graph_error
from sandbox.microsoft365.shelf import Json

Handler = Callable[[Cloud, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def graph(cloud: Cloud, handler: Handler, needed: Permissions | None = None) -> Endpoint:
    """Let a handler answer as Graph does, to those who have one of the permissions."""

    async def endpoint(request: Request) -> Response:
        trace = _trace(request)
        try:
            claims = cloud.tokens.check(request.headers.get("Authorization", ""), tokens.GRAPH, cloud.clock.wall())
            request.state.roles = claims["roles"]
            trace |= cloud.quota.charge(request, cloud.clock())
            if needed is not None:
                check(claims["roles"], needed)
            passage.settle(cloud)
            answer = await handler(cloud, request)
        except Refusal as refusal:
            cloud.ledger.refuse(refusal)
            answer = graph_error(refusal, trace, cloud.clock())
        answer.headers.update(trace)
        return answer

    return endpoint


def exchange(cloud: Cloud, handler: Handler) -> Endpoint:
    """Let a handler answer as Exchange's admin API does."""

    async def endpoint(request: Request) -> Response:
        trace = _trace(request)
        try:
            claims = cloud.tokens.check(request.headers.get("Authorization", ""), tokens.EXCHANGE, cloud.clock.wall())
            _check_exchange(claims)
            answer = await handler(cloud, request)
        except Refusal as refusal:
            cloud.ledger.refuse(refusal)
            answer = exchange_refusal(refusal)
        except CmdletError as error:
            cloud.ledger.refuse(Refusal(error.status, error.kind.rpartition(".")[2], error.words))
            answer = cmdlet_error(error)
        answer.headers.update(trace)
        return answer

    return endpoint


def _check_exchange(claims: Json) -> None:
    """Refuse an application without the permission, or without a role that lets it run cmdlets."""
    if MANAGE_EXCHANGE not in claims["roles"]:
        raise Refusal(401, "UnAuthorized", "The token has no permission for Exchange.")
    if not claims["wids"]:
        words = f"The role assigned to application {claims['appid']} isn't supported in this scenario. Please check"
        words += " online documentation for assigning correct Directory Roles to Azure AD Application for EXO App-Only"
        raise Refusal(403, "Forbidden", f"{words} Authentication.")


async def json_body(request: Request) -> Json:
    """Return the object that was sent, or refuse."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict) or "json" not in request.headers.get("Content-Type", ""):
        message = (
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid"
        )
        raise Refusal(400, "BadRequest", f"{message} JSON format.")
    return body


def _trace(request: Request) -> dict[str, str]:
    """Return the ids by which Microsoft's support finds a request."""
    made = str(uuid4())
    return {"request-id": made, "client-request-id": request.headers.get("client-request-id", made)}
