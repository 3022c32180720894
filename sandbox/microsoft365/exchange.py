"""Exchange Online's REST call behind PowerShell (GreyCorbel/ExoHelper, KelvinTegelaar/CIPP-API); never documented."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.addresses import open_ripe_mailboxes
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.cmdlets import CmdletFailed, invoke
from sandbox.microsoft365.door import Service, body
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tokens import EXCHANGE, NotAccepted

AT_ONCE = 4
TOO_MANY = "You have reached the maximum number of concurrent requests per tenant. Please wait and try again"


async def invoke_command(cloud: Cloud, request: Request) -> Response:
    """Answer POST /adminapi/beta/{tenant}/InvokeCommand."""
    if request.path_params["tenant"].lower() not in (cloud.options.tenant_id, cloud.options.initial_domain):
        raise Refusal(403, "Forbidden", "The token was issued for another tenant.")
    name, parameters = _command(await body(request))
    with _place(cloud):
        await asyncio.sleep(cloud.options.exchange_latency)
        open_ripe_mailboxes(cloud.tenant, time.time())
        try:
            output = invoke(cloud.tenant, name, parameters)
        except CmdletFailed as failed:
            return _failure(failed)
    return JSONResponse({"value": list(output.objects), "@adminapi.warnings": list(output.warnings)})


def _command(sent: Json) -> tuple[str, Json]:
    """Return the cmdlet's name and parameters."""
    command: Any = sent.get("CmdletInput")
    parameters = command.get("Parameters", {}) if isinstance(command, dict) else None
    if not isinstance(parameters, dict) or not isinstance(command.get("CmdletName"), str):
        raise Refusal(400, "BadRequest", "The request body must hold CmdletInput with CmdletName and Parameters.")
    return command["CmdletName"], {name: value for name, value in parameters.items() if "@odata." not in name}


@contextmanager
def _place(cloud: Cloud) -> Iterator[None]:
    """Hold one of the tenant's places while a cmdlet runs."""
    if cloud.cmdlets_running >= AT_ONCE:
        raise Refusal(429, "TooManyRequests", TOO_MANY)
    cloud.cmdlets_running += 1
    cloud.counts.busiest = max(cloud.counts.busiest, cloud.cmdlets_running)
    try:
        yield
    finally:
        cloud.cmdlets_running -= 1


def _failure(failed: CmdletFailed) -> Response:
    """Return a cmdlet's exception in the shape that ExoHelper and CIPP read."""
    text = f"|{failed.kind}|{failed.message}"
    error = {
        "code": "NotFound" if failed.status == 404 else "BadRequest",
        "message": "Error executing cmdlet",
        "details": [{"code": "Context", "target": "", "message": text}],
        "innererror": {
            "message": "Error executing cmdlet",
            "type": "Microsoft.Exchange.Admin.OData.Core.ODataServiceException",
            "internalException": {"message": text, "type": failed.kind},
        },
    }
    return JSONResponse({"error": error}, failed.status, {"X-ExceptionType": failed.kind.rpartition(".")[2]})


def _admit(cloud: Cloud, request: Request) -> None:
    """Let in who has a token for Exchange."""
    try:
        cloud.tokens.check(request.headers.get("Authorization", ""), EXCHANGE, time.time())
    except NotAccepted as reason:
        raise Refusal(401, "", str(reason), headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from None


def _refused(_: Request, refusal: Refusal) -> Response:
    """Return a refusal in Exchange's shape; 401 has no body."""
    if refusal.status == 401:
        return Response(status_code=401, headers=dict(refusal.headers))
    details = [{"code": "Context", "target": "", "message": refusal.message}]
    error = {"code": refusal.code, "message": refusal.message, "details": details}
    return JSONResponse({"error": error}, refusal.status, dict(refusal.headers))


SERVICE = Service(_admit, _refused)
