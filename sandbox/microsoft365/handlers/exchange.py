"""Exchange's admin API."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365 import cmdlets, passage
from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.gate import json_body
from sandbox.microsoft365.refusal import Refusal


async def invoke(cloud: Cloud, request: Request) -> Response:
    """POST /adminapi/beta/{tenant}/InvokeCommand."""
    if request.path_params["tenant"].lower() not in (cloud.options.tenant_id, cloud.options.initial_domain):
        raise Refusal(403, "Forbidden", "The token was issued for another tenant.")
    with cloud.places.one():
        body = await json_body(request)
        await asyncio.sleep(cloud.options.exchange_latency)
        passage.settle(cloud)
        value, warnings = cmdlets.run(cloud.tenant, body, cloud.clock())
    context = f"{request.base_url}adminapi/beta/{request.path_params['tenant']}/$metadata#Collection(Edm.ComplexType)"
    return JSONResponse({"@odata.context": context, "@adminapi.warnings": warnings, "value": value})
