"""What every request passes: token, quota, and the shape of a refusal in each service."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import passage, tokens
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.cmdlets import CmdletError
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import moment

Handler = Callable[[Cloud, Request], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


def graph(cloud: Cloud, handler: Handler) -> Endpoint:
    """Let a handler answer as Graph does."""

    async def endpoint(request: Request) -> Response:
        trace = _trace(request)
        try:
            cloud.tokens.check(request.headers.get("Authorization", ""), tokens.GRAPH, cloud.clock())
            trace |= cloud.quota.charge(request, cloud.clock())
            passage.settle(cloud)
            answer = await handler(cloud, request)
        except Refusal as refusal:
            cloud.ledger.refuse(refusal)
            answer = _graph_error(refusal, trace, cloud.clock())
        answer.headers.update(trace)
        return answer

    return endpoint


def exchange(cloud: Cloud, handler: Handler) -> Endpoint:
    """Let a handler answer as Exchange's admin API does."""

    async def endpoint(request: Request) -> Response:
        trace = _trace(request)
        try:
            cloud.tokens.check(request.headers.get("Authorization", ""), tokens.EXCHANGE, cloud.clock())
            answer = await handler(cloud, request)
        except Refusal as refusal:
            cloud.ledger.refuse(refusal)
            answer = _exchange_refusal(refusal)
        except CmdletError as error:
            cloud.ledger.refuse(Refusal(error.status, error.kind.rpartition(".")[2], error.words))
            answer = _cmdlet_error(error)
        answer.headers.update(trace)
        return answer

    return endpoint


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


def _graph_error(refusal: Refusal, trace: Mapping[str, str], now: float) -> Response:
    """Shape a refusal (https://learn.microsoft.com/graph/errors)."""
    ids = {name: trace[name] for name in ("request-id", "client-request-id")}
    error = {**refusal.as_error(), "innerError": {"date": moment(now).rstrip("Z"), **ids}}
    return JSONResponse({"error": error}, refusal.status, refusal.headers)


def _exchange_refusal(refusal: Refusal) -> Response:
    """Shape what is refused before a cmdlet runs; without a token there is no body at all."""
    if refusal.status == 401:
        return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return JSONResponse({"error": refusal.as_error()}, refusal.status, refusal.headers)


def _cmdlet_error(error: CmdletError) -> Response:
    """Shape a failed cmdlet (Microsoft365DSC#2998; facts 1.4)."""
    inner = {"message": error.words, "type": error.kind, "stacktrace": ""}
    content = {
        "code": "NotFound" if error.status == 404 else "BadRequest",
        "message": "Error executing cmdlet",
        "details": [{"code": "Context", "target": "", "message": f"Ex6F9304|{error.kind}|{error.words}"}],
        "innererror": {
            "message": "Error executing cmdlet", "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "stacktrace": "", "internalException": inner,
        },
    }  # fmt: skip
    return JSONResponse({"error": content}, error.status, {"X-ExceptionType": error.kind.rpartition(".")[2]})
