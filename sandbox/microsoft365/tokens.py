"""Entra's token endpoint for client_credentials, and the check of what it gave (RFC 6749, RFC 7519)."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping

from sandbox.microsoft365.assertions import KIND, Assertions
from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import Refusal, TokenRefused
from sandbox.microsoft365.seal import Seal
from sandbox.microsoft365.shelf import Json

GRAPH = "https://graph.microsoft.com"
EXCHANGE = "https://outlook.office365.com"


class Tokens:
    """Gives tokens for one audience each and knows its own again."""

    def __init__(self, options: Options, seal: Seal) -> None:
        self._options = options
        self._seal = seal
        self._assertions = Assertions(options.client_id, options.app_certificates)
        self.roles = list(options.roles)
        self.exchange_role = options.exchange_role

    def give(self, here: str, tenant: str, form: Mapping[str, str], now: float) -> Json:
        """Return a bearer token from the endpoint at `here`, or raise TokenRefused."""
        self.check_tenant(tenant)
        self._check_client(form)
        if form.get("client_assertion") and form.get("client_assertion_type") == KIND:
            own = (f"{here}{each}" for each in (tenant, self._options.tenant_id))
            self._assertions.check(form["client_assertion"], _audiences(own), now)
        else:
            self._check_secret(form)
        audience = self._audience(form)
        claims = {
            "aud": audience, "roles": self._roles(audience), "wids": [self.exchange_role] if self.exchange_role else [],
            "iss": f"https://sts.windows.net/{self._options.tenant_id}/",
            "iat": int(now), "nbf": int(now), "exp": now + self._options.token_lifetime,
            "appid": self._options.client_id, "tid": self._options.tenant_id, "ver": "1.0",
        }  # fmt: skip
        lifetime = self._options.token_lifetime
        return {
            "token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime,
            "access_token": self._seal.signed(claims),
        }  # fmt: skip

    def check(self, header: str, audience: str, now: float) -> Json:
        """Return the claims of the Authorization header, or refuse what is no valid token for the audience."""
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
        return claims

    def check_tenant(self, tenant: str) -> None:
        """Refuse a tenant that is not this one, by id or by domain."""
        if tenant.lower() not in (self._options.tenant_id, self._options.domain, self._options.initial_domain):
            words = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID."
            raise TokenRefused(400, "invalid_request", 90002, words)

    def _check_client(self, form: Mapping[str, str]) -> None:
        """Refuse a form without its parts, and an unknown application."""
        client = form.get("client_id", "")
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

    def _check_secret(self, form: Mapping[str, str]) -> None:
        """Refuse a form without a secret or with a wrong one."""
        secret = form.get("client_secret", "")
        if not secret:
            words = (
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type."
            )
            raise TokenRefused(401, "invalid_client", 7000216, words)
        if not hmac.compare_digest(secret.encode(), self._options.client_secret.encode()):
            words = "Invalid client secret provided. Ensure the secret being sent in the request is the client secret"
            words += f" value, not the client secret ID, for a secret added to app '{form['client_id']}'."
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

    def _roles(self, audience: str) -> list[str]:
        """Return the permissions that a token for the audience has."""
        exchange = [each for each in self.roles if each.startswith("Exchange.")]
        graph = [each for each in self.roles if not each.startswith("Exchange.")]
        return {GRAPH: graph, EXCHANGE: exchange}.get(audience, self.roles)


def _audiences(own: Iterable[str]) -> list[str]:
    """Return whom an assertion may name: the token endpoints or the issuer of a tenant at one of its addresses."""
    return [f"{each}{path}" for each in own for path in ("/oauth2/v2.0/token", "/oauth2/token", "/v2.0")]


def _unauthorized(message: str) -> Refusal:
    """Graph's 401."""
    return Refusal(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": 'Bearer realm=""'})
