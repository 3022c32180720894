"""Which of the three ways to an alias is taken, by setting."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from estudent.adapters.microsoft365.aliases import Aliases, ExchangeAliases
from estudent.adapters.microsoft365.mail_aliases import MailAliases
from estudent.adapters.microsoft365.powershell import PowerShell

if TYPE_CHECKING:
    from estudent.adapters.microsoft365.exchange import Exchange
    from estudent.adapters.microsoft365.graph import Graph


class Way(StrEnum):
    """EXCHANGE is fast and unsupported, POWERSHELL supported, MAIL needs no right in Exchange and is undocumented."""

    EXCHANGE = "exchange"
    POWERSHELL = "powershell"
    MAIL = "mail"


@dataclass(frozen=True, slots=True)
class AliasSettings:
    """The way, and what PowerShell needs: `organization` is the tenant's initial domain, ….onmicrosoft.com."""

    way: Way = Way.EXCHANGE
    pwsh: str = "pwsh"
    organization: str = ""


def aliases_by(
    settings: AliasSettings, exchange: Exchange, graph: Graph, client_id: str, certificate: Path | None
) -> Aliases:
    """Return the writer of addresses."""
    match settings.way:
        case Way.EXCHANGE:
            return ExchangeAliases(exchange, "Exchange's REST call")
        case Way.POWERSHELL:
            shell = PowerShell(settings.pwsh, client_id, settings.organization, certificate)
            return ExchangeAliases(shell, "Exchange's module in PowerShell")
        case Way.MAIL:
            return MailAliases(graph)
