"""What the doctor looks at in Microsoft 365: each check says in one sentence what is well, or what must be done."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from estudent.adapters.microsoft365.aliases import Aliases
from estudent.adapters.microsoft365.certificate import read_certificate
from estudent.adapters.microsoft365.graph import Graph
from estudent.adapters.microsoft365.tokens import Tokens, claims_of
from estudent.ports import Misconfigured

GUIDE = "docs/microsoft365.md has the commands"
MANAGE_EXCHANGE = "Exchange.ManageAsApp"


@dataclass(frozen=True, slots=True)
class Need:
    """What the application must be able to do, and the permissions that allow it, the narrowest first."""

    purpose: str
    permissions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{' or '.join(self.permissions)} (to {self.purpose})"


ALWAYS = (
    Need("find users", ("User.Read.All", "User.ReadUpdate.All", "User.ReadWrite.All", "Directory.ReadWrite.All")),
    Need("create users", ("User.Create", "User.ReadWrite.All", "Directory.ReadWrite.All")),
    Need("change users", ("User.ReadUpdate.All", "User.ReadWrite.All", "Directory.ReadWrite.All")),
    Need(
        "block and open sign-ins",
        ("User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All"),
    ),
    Need("revoke sign-in sessions", ("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")),
    Need("delete and restore users", ("User.DeleteRestore.All", "User.ReadWrite.All")),
    Need("read licences", ("LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All")),
    Need("read domains", ("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All")),
)
LICENCES = Need("assign licences", ("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All"))
MEMBERS = Need("put users into the licence group", ("GroupMember.ReadWrite.All", "Group.ReadWrite.All"))
PASSWORDS = Need("set passwords", ("User-PasswordProfile.ReadWrite.All",))


@dataclass(frozen=True, slots=True)
class Expected:
    """What the settings say of the tenant."""

    domain: str
    sku: str
    federated: bool
    licence_group: str
    certificate: Path | None
    graph_scope: str
    exchange_scope: str


class Checks:
    """The checks of one tenant; each raises Misconfigured or Unavailable on its own."""

    def __init__(self, graph: Graph, tokens: Tokens, aliases: Aliases, expected: Expected) -> None:
        self._graph = graph
        self._tokens = tokens
        self._aliases = aliases
        self._expected = expected

    def all(self) -> dict[str, Callable[[], Coroutine[Any, Any, str]]]:
        """Return the checks in the order in which an administrator sets things up."""
        checks = {"sign-in": self.sign_in, "permissions": self.permissions, "domain": self.domain, "seats": self.seats}
        if self._expected.licence_group:
            checks["licence group"] = self.group
        return checks | {"aliases": self._aliases.check}

    async def sign_in(self) -> str:
        """Look at the certificate, then sign in with it."""
        file = self._expected.certificate
        said = read_certificate(file).check(datetime.now(UTC)) if file else "a secret is used; a certificate is safer"
        await self._tokens.of(self._expected.graph_scope)
        return said

    async def permissions(self) -> str:
        """Name every permission that is missing, as the token's roles tell them."""
        graph = claims_of(await self._tokens.of(self._expected.graph_scope)).get("roles")
        missing = [str(need) for need in self._needs() if not set(need.permissions) & set(graph or ())]
        if not self._aliases.before_mailbox:
            exchange = claims_of(await self._tokens.of(self._expected.exchange_scope)).get("roles")
            if MANAGE_EXCHANGE not in (exchange or ()):
                missing.append(f"{MANAGE_EXCHANGE} of Office 365 Exchange Online (to write aliases)")
        if missing:
            raise Misconfigured(f"the application lacks {'; '.join(missing)}: grant them and consent; {GUIDE}")
        return "the application has the permissions that it needs"

    async def domain(self) -> str:
        """Compare the domain with the settings."""
        name, wanted = self._expected.domain, "federated" if self._expected.federated else "managed"
        domain = await self._graph.domain(name)
        if domain is None:
            raise Misconfigured(f"the tenant has no domain {name}: an administrator must add it to Microsoft 365")
        if not domain.verified:
            raise Misconfigured(
                f"{name} is not verified: an administrator must enter the record that Microsoft 365 shows into DNS"
            )
        if domain.federated != self._expected.federated:
            raise Misconfigured(
                f"{name} is {domain.authentication.lower()} in Microsoft 365 and {wanted} in the settings: set "
                "ESTUDENT_MAILBOXES__SIGN_IN to agree with it, or change the domain by the runbook federate-the-domain"
            )
        return f"{name} is verified and {wanted}"

    async def seats(self) -> str:
        """Count the free seats of the licence."""
        sku = self._expected.sku
        bought = [each for each in await self._graph.subscriptions() if each.name == sku]
        if not bought:
            raise Misconfigured(
                f"the tenant has no licence {sku}; an administrator must order it or name another one in the settings"
            )
        if bought[0].free_seats < 1:
            raise Misconfigured(
                f"{sku} has no free seats: an administrator must order more, or take licences from those who have left"
            )
        return f"{sku} has {bought[0].free_seats} free seats"

    async def group(self) -> str:
        """Look whether the group is there and has the licence."""
        setting, sku = "ESTUDENT_MAILBOXES__LICENCE_GROUP", self._expected.sku
        group = await self._graph.group(self._expected.licence_group)
        if group is None:
            raise Misconfigured(f"there is no group with the object id of {setting}")
        if group.licences is None:
            return f"WARNING: the application may not see whether the group of {setting} has the licence {sku}"
        if not group.licences & {each.id for each in await self._graph.subscriptions() if each.name == sku}:
            raise Misconfigured(f"the group of {setting} has no licence {sku}: an administrator must assign it there")
        return f"the group of {setting} gives {sku}"

    def _needs(self) -> tuple[Need, ...]:
        licences = MEMBERS if self._expected.licence_group else LICENCES
        return (*ALWAYS, licences) if self._expected.federated else (*ALWAYS, licences, PASSWORDS)
