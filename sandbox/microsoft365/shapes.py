"""Refusals as answers, in the shape of each service."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.mailbox_addresses import CmdletError
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.user import moment


def graph_error(refusal: Refusal, trace: Mapping[str, str], now: float) -> Response:
    """Shape a refusal (https://learn.microsoft.com/graph/errors)."""
    ids = {name: trace[name] for name in ("request-id", "client-request-id")}
    error = {**refusal.as_error(), "innerError": {"date": moment(now).rstrip("Z"), **ids}}
    return JSONResponse({"error": error}, refusal.status, refusal.headers)


def exchange_refusal(refusal: Refusal) -> Response:
    """Shape what is refused before a cmdlet runs; without a token there is no body at all."""
    if refusal.status == 401:
        return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    return JSONResponse({"error": refusal.as_error()}, refusal.status, refusal.headers)


def cmdlet_error(error: CmdletError) -> Response:
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
