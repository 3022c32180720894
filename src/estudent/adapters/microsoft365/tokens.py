"""Access tokens of the application, kept until five minutes before they end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from azure.core.credentials import AccessToken, TokenCredential
from azure.identity import CertificateCredential, ClientSecretCredential
from kiota_abstractions.authentication import AccessTokenProvider, AllowedHostsValidator

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
    http: httpx.AsyncClient,
) -> Fetch:
    """Return how tokens are fetched: by azure-identity, or plainly from a stand-in on this machine."""
    if is_loopback(authority):
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret or ""}
        return _plainly(http, f"{authority.rstrip('/')}/{tenant_id}/oauth2/v2.0/token", form)
    return _by_azure(lambda: _credential(authority, tenant_id, client_id, client_secret, certificate))


def is_loopback(url: str) -> bool:
    """Tell whether an address is plain http on this machine; plain http elsewhere raises Misconfigured."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return False
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return True
    raise Misconfigured("the addresses of Microsoft 365 must begin with https://; plain http is for this machine alone")


def _plainly(http: httpx.AsyncClient, url: str, form: dict[str, str]) -> Fetch:
    async def fetch(scope: str) -> AccessToken:
        answer = await http.post(url, data={**form, "scope": scope})
        body = answer.raise_for_status().json()
        return AccessToken(body["access_token"], int(time.time() + body["expires_in"]))

    return fetch


def _by_azure(make: Callable[[], TokenCredential]) -> Fetch:
    """Fetch in a thread: azure-identity's own asynchronous client needs aiohttp, its synchronous one does not."""
    made: list[TokenCredential] = []

    async def fetch(scope: str) -> AccessToken:
        if not made:
            made.append(make())
        return await asyncio.to_thread(made[0].get_token, scope)

    return fetch


def _credential(
    authority: str, tenant_id: str, client_id: str, client_secret: str | None, certificate: Path | None
) -> TokenCredential:
    # The settings name the authority, so nobody has to be asked whether it may be trusted; a university's own network
    # need not reach login.microsoftonline.com for it.
    where = {"authority": authority, "disable_instance_discovery": True}
    try:
        if certificate is not None:
            return CertificateCredential(tenant_id, client_id, certificate_path=str(certificate), **where)
        return ClientSecretCredential(tenant_id, client_id, client_secret or "", **where)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"cannot sign in to Microsoft 365: {Operation.TOKEN.remedy}") from error
