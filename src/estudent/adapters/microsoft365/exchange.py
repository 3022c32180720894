"""Cmdlets through the REST call behind Exchange's PowerShell module (facts 1.4, route E: used widely, unsupported)."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import uuid4

import httpx

from estudent.adapters.microsoft365.aliases import Parameter
from estudent.adapters.microsoft365.errors import Busy, Operation, asking_to, exchange_said
from estudent.adapters.microsoft365.limiter import LONGEST_WAIT, Limiter
from estudent.adapters.microsoft365.tokens import Tokens, is_loopback, scope_of
from estudent.adapters.microsoft365.tries import note
from estudent.ports import Unavailable

PUBLIC_SCOPE = "https://outlook.office365.com/.default"
ANCHOR = "APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{tenant}"
HASHTABLE = "#Exchange.GenericHashTable"


class Exchange:
    """Exchange Online's cmdlets over HTTP, few at a time: the tenant's limit is on concurrent requests."""

    def __init__(
        self, url: str, tenant_id: str, tokens: Tokens, http: httpx.AsyncClient, limiter: Limiter,
        *, retries: int, retry_delay: float,
    ) -> None:  # fmt: skip
        self._url = f"{url.rstrip('/')}/adminapi/beta/{tenant_id}/InvokeCommand"
        self._anchor = ANCHOR.format(tenant=tenant_id)
        self._scope = scope_of(url, PUBLIC_SCOPE)
        self._tokens = tokens
        self._http = http
        self._limiter = limiter
        self._retries = retries
        self._retry_delay = retry_delay

    async def invoke(self, cmdlet: str, **parameters: Parameter) -> list[dict[str, Any]]:
        """Run a cmdlet, waiting and trying again while Exchange is busy."""
        written = {name: _in_json(value) for name, value in parameters.items()}
        for attempt in range(self._retries):
            try:
                return await self._in_turn(cmdlet, written)
            except Unavailable as error:
                note(error)
                asked = error.seconds if isinstance(error, Busy) else None
                await asyncio.sleep(self._pause(attempt, asked))
        return await self._in_turn(cmdlet, written)

    async def close(self) -> None:
        """Do nothing: the connections are closed by whoever opened them."""

    async def _in_turn(self, cmdlet: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Run it at one of the few places, which it leaves to others while it waits to be tried again."""
        async with self._limiter.place():
            return await self._once(cmdlet, parameters)

    async def _once(self, cmdlet: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        is_loopback(self._url)
        token = await self._tokens.of(self._scope)
        headers = {
            "Authorization": f"Bearer {token}", "X-AnchorMailbox": self._anchor, "X-CmdletName": cmdlet,
            "client-request-id": str(uuid4()), "Prefer": "odata.maxpagesize=1000",
        }  # fmt: skip
        with asking_to(Operation.ALIAS):
            answer = await self._http.post(
                self._url, headers=headers, json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}}
            )
            if not answer.is_success:
                raise exchange_said(answer)
            return list(answer.json().get("value", ())) if answer.content else []

    def _pause(self, attempt: int, asked: float | None) -> float:
        """Return how long to wait: as long as Exchange asked, else twice as long each time, with jitter."""
        own = self._retry_delay * float(2**attempt) * random.uniform(0.5, 1.5)
        return min(own if asked is None else asked, LONGEST_WAIT)


def _in_json(value: Parameter) -> Any:
    return value if isinstance(value, str) else {"@odata.type": HASHTABLE, **value}
