"""Entra's token endpoint."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.refusal import Refusal, TokenRefused
from sandbox.microsoft365.user import moment


async def token(cloud: Cloud, request: Request) -> Response:
    """POST /{tenant}/oauth2/v2.0/token."""
    fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
    headers = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
    try:
        given = cloud.tokens.give(str(request.base_url), request.path_params["tenant"], fields, cloud.clock.wall())
    except TokenRefused as refused:
        cloud.ledger.refuse(Refusal(refused.status, f"AADSTS{refused.number}", refused.words))
        return JSONResponse(refused.body(moment(cloud.clock.wall()).replace("T", " ")), refused.status, headers)
    return JSONResponse(given, headers=headers)


async def openid_configuration(cloud: Cloud, request: Request) -> Response:
    """GET /{tenant}/v2.0/.well-known/openid-configuration; a tenant that nobody has is refused here already."""
    try:
        cloud.tokens.check_tenant(request.path_params["tenant"])
    except TokenRefused as refused:
        return JSONResponse(refused.body(moment(cloud.clock.wall()).replace("T", " ")), refused.status)
    here = f"{request.base_url}{cloud.options.tenant_id}"
    return JSONResponse(
        {
            "issuer": f"{here}/v2.0",
            "token_endpoint": f"{here}/oauth2/v2.0/token",
            "authorization_endpoint": f"{here}/oauth2/v2.0/authorize",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        }
    )
