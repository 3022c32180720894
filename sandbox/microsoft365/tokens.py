"""Entra's token endpoint for client_credentials, and the check of what it gave (RFC 6749, RFC 7519)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from uuid import uuid4

from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.seal import Seal
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.user import moment

GRAPH = "https://graph.microsoft.com"
EXCHANGE = "https://outlook.office365.com"


class TokenRefused(Exception):
    """Why no token is given: an OAuth error, and Microsoft's number and words for it."""

    def __init__(self, status: int, error: str, number: int, words: str) -> None:
        super().__init__(words)
        self.status, self.error, self.number, self.words = status, error, number, words

    def body(self, now: float) -> Json:
        """Return the answer in the shape of https://learn.microsoft.com/entra/identity-platform/reference-error-codes."""
        trace, correlation, when = str(uuid4()), str(uuid4()), moment(now).replace("T", " ")
        told = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {when}"
        return {
            "error": self.error, "error_description": f"AADSTS{self.number}: {self.words} {told}",
            "error_codes": [self.number], "timestamp": when, "trace_id": trace, "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }  # fmt: skip


class Tokens:
    """Gives tokens for one audience each and knows its own again."""

    def __init__(self, options: Options, seal: Seal) -> None:
        self._options = options
        self._seal = seal

    def give(self, tenant: str, form: Mapping[str, str], now: float) -> Json:
        """Return a bearer token, or raise TokenRefused."""
        self.check_tenant(tenant)
        self._check_client(form)
        claims = {
            "aud": self._audience(form), "iss": f"https://sts.windows.net/{self._options.tenant_id}/",
            "iat": int(now), "nbf": int(now), "exp": now + self._options.token_lifetime,
            "appid": self._options.client_id, "tid": self._options.tenant_id, "ver": "1.0",
        }  # fmt: skip
        lifetime = self._options.token_lifetime
        return {
            "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime,
            "access_token": self._seal.signed(claims),
        }  # fmt: skip

    def check(self, header: str, audience: str, now: float) -> None:
        """Refuse a request whose Authorization header holds no valid token for the audience."""
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise _unauthorized("Access token is empty.")
        claims = self._seal.opened(token)
        if claims is None or "aud" not in claims:
            raise _unauthorized("IDX14100: JWT is not well formed, or its signature is not valid.")
        if claims["aud"] not in (audience, self._options.resource):
            raise _unauthorized("Access token validation failure. Invalid audience.")
        if now >= float(claims["exp"]):
            raise _unauthorized("Lifetime validation failed, the token is expired.")

    def check_tenant(self, tenant: str) -> None:
        """Refuse a tenant that is not this one, by id or by domain."""
        if tenant.lower() not in (self._options.tenant_id, self._options.domain, self._options.initial_domain):
            words = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
            raise TokenRefused(400, "invalid_request", 90002, words)

    def _check_client(self, form: Mapping[str, str]) -> None:
        """Refuse a form without its parts, an unknown application, and a wrong secret."""
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                words = f"The request body must contain the following parameter: '{name}'."
                raise TokenRefused(400, "invalid_request", 900144, words)
        if form["grant_type"] != "client_credentials":
            words = f"The app requested an unsupported grant type '{form['grant_type']}'."
            raise TokenRefused(400, "unsupported_grant_type", 70003, words)
        if client.lower() != self._options.client_id.lower():
            words = f"Application with identifier '{client}' was not found in the directory."
            raise TokenRefused(400, "unauthorized_client", 700016, words)
        if not secret:
            words = (
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
            )
            raise TokenRefused(401, "invalid_client", 7000216, words)
        if not hmac.compare_digest(secret.encode(), self._options.client_secret.encode()):
            words = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret"
            words += f" value, not the client secret ID, for a secret added to app '{client}'."
            raise TokenRefused(401, "invalid_client", 7000215, words)

    def _audience(self, form: Mapping[str, str]) -> str:
        """Return for whom the token is to be."""
        resource, slash, default = form["scope"].rpartition("/")
        if not slash or default != ".default":
            words = (
                f"The provided value for scope {form['scope']} is not valid. Client credential flows must have a scope"
            )
            words += " value with /.default suffixed to the resource identifier (application ID URI)."
            raise TokenRefused(400, "invalid_scope", 1002012, words)
        if resource not in filter(None, (GRAPH, EXCHANGE, self._options.resource)):
            words = f"The resource principal named {resource} was not found in the tenant."
            raise TokenRefused(400, "invalid_resource", 500011, words)
        return resource


def _unauthorized(message: str) -> Refusal:
    """Graph's 401."""
    return Refusal(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": 'Bearer realm=""'})
