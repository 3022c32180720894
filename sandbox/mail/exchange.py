"""Where mail for the students' domain goes: the stand-in for Exchange knows whose mailbox an address leads to."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

import httpx

NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"
NO_ANSWER = "451 4.4.3 Exchange does not answer whose mailbox this is; try again later"
PATIENCE = 10.0


class Exchange:
    """Finds mailboxes by any of their addresses, for some domains."""

    def __init__(self, url: str, domains: Iterable[str]) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE)
        self._domains = {domain.lower() for domain in domains}

    def serves(self, address: str) -> bool:
        """Tell whether the address is in one of the domains."""
        return address.rpartition("@")[2].lower() in self._domains

    async def mailbox(self, address: str) -> str | None:
        """Return the primary address of the mailbox, None where there is none; raises httpx.HTTPError."""
        answer = await self._http.get(f"/sandbox/recipients/{quote(address, safe='@')}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return str(answer.raise_for_status().json()["primary"])
