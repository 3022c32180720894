"""Aliases through Graph alone: what is written to `mail` stays behind in proxyAddresses (facts 1.3, route B).

Microsoft documents that changes of `mail` update proxyAddresses, not that this makes aliases; it is for tenants in
which no application may touch Exchange, and works only until Exchange has the mailbox.
"""

from __future__ import annotations

from typing import Protocol

from estudent.ports import AlreadyExists, NotFound, Refused

TOO_LATE = (
    "Exchange has the mailbox, so its addresses cannot be written through Graph any more; "
    "an administrator must set ESTUDENT_MAILBOXES__ALIASES to exchange or powershell, or add the address by hand"
)
ALIAS_TAKEN = "the alias belongs to somebody else in Microsoft 365; an administrator must free it there"


class WritesMail(Protocol):
    """What is needed of Graph."""

    async def write_mail(self, identifier: str, address: str) -> None:
        """Write a user's `mail`."""


class MailAliases:
    """Writes the alias to `mail`, then the primary address, right after a user was created."""

    before_mailbox = True

    def __init__(self, graph: WritesMail) -> None:
        self._graph = graph

    async def add(self, identifier: str, alias: str, primary: str) -> None:
        """Write both, the primary address last; repeated, both stay."""
        await self._write(identifier, alias)
        await self._write(identifier, primary)

    async def make_primary(self, identifier: str, address: str) -> None:
        """Write it; the address before it stays."""
        await self._write(identifier, address)

    async def remove(self, identifier: str, alias: str) -> None:  # noqa: ARG002 (of the protocol)
        """Refuse: nothing takes an address out of proxyAddresses this way."""
        raise Refused(TOO_LATE)

    async def check(self) -> str:
        """Say by which way; the permission is that of changing users."""
        return "aliases are written by mail, before Exchange has the mailbox"

    async def close(self) -> None:
        """Do nothing: Graph is closed by whoever opened it."""

    async def _write(self, identifier: str, address: str) -> None:
        try:
            await self._graph.write_mail(identifier, address)
        except AlreadyExists:
            raise Refused(ALIAS_TAKEN) from None
        except NotFound:
            raise
        except Refused:
            raise Refused(TOO_LATE) from None
