"""Where tokens come from: the client credentials grant of https://learn.microsoft.com/entra/identity-platform."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.microsoft365.cloud import Cloud
from sandbox.microsoft365.options import Options
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tokens import AUDIENCES

OWED = ("grant_type", "client_id", "scope")


@dataclass
class SignInRefused(Exception):
    """An error of Entra: OAuth's word for it, and the number that administrators look for."""

    error: str
    number: int
    message: str
    status: int = 400

    def body(self) -> Json:
        """Return the answer that azure-identity parses."""
        now, trace, correlation = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%SZ"), str(uuid4()), str(uuid4())
        ending = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}"
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self.message} {ending}",
            "error_codes": [self.number],
            "timestamp": now,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


async def token(cloud: Cloud, request: Request) -> Response:
    """Answer POST /{tenant}/oauth2/v2.0/token."""
    form = dict(parse_qsl((await request.body()).decode(errors="replace"), keep_blank_values=True))
    try:
        audience = _audience(cloud.options, request.path_params["tenant"], form)
    except SignInRefused as refused:
        return JSONResponse(refused.body(), refused.status)
    lifetime = cloud.options.token_lifetime
    issued = cloud.tokens.issue(audience, time.time())
    answer = {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": issued}
    return JSONResponse(answer, headers={"Cache-Control": "no-store, no-cache"})


def _audience(options: Options, tenant: str, form: Mapping[str, str]) -> str:
    """Check everything in the order in which Entra does, and return whom the token is for."""
    for name in OWED:
        if not form.get(name):
            message = f"The request body must contain the following parameter: '{name}'."
            raise SignInRefused("invalid_request", 900144, message)
    if form["grant_type"] != "client_credentials":
        message = f"The app requested an unsupported grant type '{form['grant_type']}'."
        raise SignInRefused("unsupported_grant_type", 70003, message)
    if tenant.lower() not in (options.tenant_id, options.domain, options.initial_domain):
        message = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
        raise SignInRefused("invalid_request", 90002, message)
    _check_client(options, form)
    return _resource(form["scope"])


def _check_client(options: Options, form: Mapping[str, str]) -> None:
    """Refuse a client that is unknown or cannot prove itself."""
    if form["client_id"].lower() != options.client_id.lower():
        message = f"Application with identifier '{form['client_id']}' was not found in the directory."
        raise SignInRefused("unauthorized_client", 700016, message)
    if not form.get("client_secret"):
        message = (
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
        )
        raise SignInRefused("invalid_client", 7000216, message, 401)
    if not hmac.compare_digest(form["client_secret"].encode(), options.client_secret.encode()):
        message = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value,"
        )
        message += f" not the client secret ID, for a secret added to app '{options.client_id}'."
        raise SignInRefused("invalid_client", 7000215, message, 401)


def _resource(scope: str) -> str:
    """Return the service that the scope names; an application may ask for `/.default` alone."""
    resource, default, _ = scope.partition("/.default")
    if not default or scope != resource + default:
        message = f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value"
        raise SignInRefused("invalid_scope", 1002012, f"{message} with /.default suffixed to the resource identifier.")
    if resource not in AUDIENCES:
        message = f"The resource principal named {resource} was not found in the tenant."
        raise SignInRefused("invalid_resource", 500011, message)
    return resource
