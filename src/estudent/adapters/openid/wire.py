"""Calls of the single sign-on's own addresses: over TLS, with an end, answered in JSON."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from estudent.adapters.openid.errors import FOREIGN, translated
from estudent.ports import Misconfigured, Unavailable

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PATIENCE = httpx.Timeout(5, connect=3)


@dataclass(frozen=True)
class Wire:
    """One client for all calls; redirects are not followed, since no address of ours has one."""

    ca_file: Path | None

    def get(self, address: str, what: str, bearer: str = "") -> dict[str, Any]:
        """Return an answer that is a JSON object."""
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        status, said = self._ask("GET", address, what, headers=headers)
        if status != 200 or said is None:
            raise Unavailable(f"the single sign-on did not give its {what} ({status}); try later")
        return said

    def post(self, address: str, what: str, form: dict[str, str], user: tuple[str, str]) -> tuple[int, dict[str, Any]]:
        """Return status and JSON object of an answer to a form; raise Unavailable for anything else."""
        status, said = self._ask("POST", address, what, data=form, auth=user)
        if status >= 500 or status == 429 or said is None:
            raise Unavailable(f"the single sign-on did not give its {what} ({status}); try later")
        return status, said

    def close(self) -> None:
        """Close the connections, if there are any."""
        if "_client" in vars(self):
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        try:
            trusted = ssl.create_default_context(cafile=self.ca_file)
        except OSError:
            raise Misconfigured("ESTUDENT_DESK_SSO__CA_FILE is not a readable file with certificates (PEM)") from None
        return httpx.Client(timeout=PATIENCE, verify=trusted)

    def _ask(self, method: str, address: str, what: str, **more: Any) -> tuple[int, dict[str, Any] | None]:
        checked(address)
        try:
            answer = self._client.request(method, address, **more)
        except FOREIGN as error:
            raise translated(error, what) from None
        return answer.status_code, _object(answer)


def checked(address: str) -> str:
    """Return an address to which secrets may go, in the clear to this machine alone."""
    try:
        parts = urlsplit(address)
    except ValueError:
        raise Misconfigured("an address of the single sign-on is none") from None
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK):
        return address
    raise Misconfigured("every address of the single sign-on must begin with https://")


def _object(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        said = answer.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None
