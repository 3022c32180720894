"""Access tokens of the application, kept until five minutes before they end."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import CertificateCredential, ClientSecretCredential
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator

from estudent.adapters.microsoft365.certificate import read_certificate
from estudent.adapters.microsoft365.errors import Operation, asking_to
from estudent.ports import Misconfigured

MARGIN = 300.0
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Fetch = Callable[[str], Awaitable[AccessToken]]


class Tokens:
    """One token for each scope, fetched when it is first needed and again shortly before it ends."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._fetching = asyncio.Lock()
        self._kept: dict[str, AccessToken] = {}

    async def of(self, scope: str) -> str:
        """Return a token that is valid for a while yet, or raise Misconfigured or Unavailable."""
        async with self._fetching:
            kept = self._kept.get(scope)
            if kept is None or kept.expires_on - MARGIN < time.time():
                with asking_to(Operation.TOKEN):
                    kept = self._kept[scope] = await self._fetch(scope)
            return kept.token


class GraphTokens(AccessTokenProvider):
    """Hands kiota the tokens of one scope, for requests to one host alone."""

    def __init__(self, tokens: Tokens, scope: str, host: str) -> None:
        self._tokens = tokens
        self._scope = scope
        self._hosts = AllowedHostsValidator([host])

    async def get_authorization_token(
        self,
        uri: str,
        additional_authentication_context: dict[str, Any] = {},  # noqa: ARG002, B006 (kiota's)
    ) -> str:
        """Return a token, or nothing for a foreign host."""
        return await self._tokens.of(self._scope) if self._hosts.is_url_host_valid(uri) else ""

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """Return the one host."""
        return self._hosts


def scope_of(url: str, public: str) -> str:
    """Return the scope for a service: its own host's, or the public cloud's for a stand-in on this machine."""
    parts = urlsplit(url)
    return f"https://{parts.hostname}/.default" if parts.scheme == "https" else public


def fetcher(
    authority: str,
    tenant_id: str,
    client_id: str,
    *,
    client_secret: str | None,
    certificate: Path | None,
    timeout: float,
    retries: int,
    retry_delay: float,
) -> Fetch:
    """Return how tokens are fetched by azure-identity, in a thread: its asynchronous client would need aiohttp."""
    made: list[TokenCredential] = []

    async def fetch(scope: str) -> AccessToken:
        if not made:
            options = {**_place(authority), "connection_timeout": timeout, "read_timeout": timeout}
            options |= {"retry_total": retries, "retry_backoff_factor": retry_delay, "retry_backoff_max": timeout}
            made.append(_credential(tenant_id, client_id, client_secret, certificate, options))
        return await asyncio.to_thread(made[0].get_token, scope)

    return fetch


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says of us, nothing for one that is sealed (entra/…/access-token-claims-reference)."""
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def is_loopback(url: str) -> bool:
    """Tell whether an address is plain http on this machine; plain http elsewhere raises Misconfigured."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return True
    raise Misconfigured("the addresses of Microsoft 365 must begin with https://; plain http is for this machine alone")


class _Plainly(RequestsTransport):  # type: ignore[misc]
    """Speaks plain HTTP to a stand-in on this machine; azure-identity and msal themselves insist on https://."""

    def send(self, request: Any, **options: Any) -> Any:
        """Send the request without TLS, as a proxy would that ends TLS: so the answers name https:// addresses."""
        request.headers["X-Forwarded-Proto"] = "https"
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


def _place(authority: str) -> dict[str, Any]:
    """Return where tokens come from.

    The settings name the authority, so nobody has to be asked whether it may be trusted; a university's own network
    need not reach login.microsoftonline.com for it.
    """
    if is_loopback(authority):
        secure = authority.rstrip("/").replace("http://", "https://", 1)
        return {"authority": secure, "disable_instance_discovery": True, "transport": _Plainly()}
    return {"authority": authority, "disable_instance_discovery": True}


def _credential(
    tenant_id: str, client_id: str, client_secret: str | None, certificate: Path | None, options: dict[str, Any]
) -> TokenCredential:
    if certificate is not None:
        read_certificate(certificate)
    try:
        if certificate is not None:
            return CertificateCredential(tenant_id, client_id, certificate_path=str(certificate), **options)
        return ClientSecretCredential(tenant_id, client_id, client_secret or "", **options)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"cannot sign in to Microsoft 365: {Operation.TOKEN.remedy}") from error
