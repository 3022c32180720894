"""Second addresses: three ways to write them behind one protocol, all verified alike by reading proxyAddresses back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from estudent.ports import AlreadyExists, Misconfigured, NotFound, Refused

ALIAS_TAKEN = "the alias belongs to another recipient in Exchange; an administrator must free it there"
NOBODY = "00000000-0000-0000-0000-000000000000"
"""The object id of no mailbox: whoever may not ask for mailboxes is told so, others that there is none."""

Parameter = str | Mapping[str, Sequence[str]]


class Aliases(Protocol):
    """Writes the addresses of one mailbox; every call may be repeated after an unknown outcome."""

    before_mailbox: bool
    """Whether addresses are written when the user is created, since they cannot be once Exchange has the mailbox."""

    async def add(self, identifier: str, alias: str, primary: str) -> None:
        """Give a mailbox an alias beside its primary address; its own alias given again changes nothing."""

    async def make_primary(self, identifier: str, address: str) -> None:
        """Make an address the primary one; the one before it stays as an alias."""

    async def remove(self, identifier: str, alias: str) -> None:
        """Take an alias away; one that the mailbox does not have changes nothing."""

    async def check(self) -> str:
        """Return in a few words by which way addresses are written, or raise Misconfigured or Unavailable."""

    async def close(self) -> None:
        """End whatever was opened."""


class Shell(Protocol):
    """Where Exchange's cmdlets run."""

    async def invoke(self, cmdlet: str, **parameters: Parameter) -> list[dict[str, Any]]:
        """Run a cmdlet and return its objects; raise our errors."""

    async def close(self) -> None:
        """End whatever was opened."""


class ExchangeAliases:
    """Addresses by Get-Mailbox and Set-Mailbox (office-docs-powershell, Set-Mailbox.md), over REST or in PowerShell."""

    before_mailbox = False

    def __init__(self, shell: Shell, name: str) -> None:
        self._shell = shell
        self._name = name

    async def add(self, identifier: str, alias: str, primary: str) -> None:  # noqa: ARG002 (of the protocol)
        """Add it; Exchange is slow, so the mailbox is read only when Exchange says that the address is in use."""
        try:
            await self._set(identifier, EmailAddresses={"Add": [f"smtp:{alias}"]})
        except AlreadyExists:
            if alias.lower() not in await self._addresses(identifier):
                raise Refused(ALIAS_TAKEN) from None

    async def make_primary(self, identifier: str, address: str) -> None:
        """Write WindowsEmailAddress, whose old value Exchange keeps as a secondary address."""
        try:
            await self._set(identifier, WindowsEmailAddress=address)
        except AlreadyExists:
            raise Refused(ALIAS_TAKEN) from None

    async def remove(self, identifier: str, alias: str) -> None:
        """Remove it if it is there, in whatever case it was written."""
        if alias.lower() in await self._addresses(identifier):
            await self._set(identifier, EmailAddresses={"Remove": [f"smtp:{alias}"]})

    async def check(self) -> str:
        """Ask for a mailbox that nobody has: who lacks the role is told so instead."""
        try:
            await self._shell.invoke("Get-Mailbox", Identity=NOBODY)
        except NotFound:
            return f"aliases are written by {self._name}"
        raise Misconfigured(
            f"{self._name} answered for a mailbox that cannot be: correct the addresses in the settings"
        )

    async def close(self) -> None:
        """Close the shell."""
        await self._shell.close()

    async def _set(self, identifier: str, **parameters: Parameter) -> None:
        await self._shell.invoke("Set-Mailbox", Identity=identifier, **parameters)

    async def _addresses(self, identifier: str) -> set[str]:
        """Return all addresses of a mailbox in lower case, without their prefixes."""
        found = await self._shell.invoke("Get-Mailbox", Identity=identifier)
        written = (str(each).lower() for mailbox in found for each in mailbox.get("EmailAddresses", ()))
        return {each.removeprefix("smtp:") for each in written}
