"""The cmdlets that are known, by office-docs-powershell (Get-Mailbox.md, Set-Mailbox.md)."""

from __future__ import annotations

from typing import Any

from sandbox.microsoft365.addresses import add, make_primary
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User, moment

TABLE = "#Exchange.GenericHashTable"
PARAMETERS = {"Get-Mailbox": {"Identity"}, "Set-Mailbox": {"Identity", "EmailAddresses", "WindowsEmailAddress"}}
TASKS, DIRECTORY = "Microsoft.Exchange.Configuration.Tasks", "Microsoft.Exchange.Data.Directory"


class CmdletError(Exception):
    """What a cmdlet ends with when it fails: a status, the name of a .NET exception, and its words."""

    def __init__(self, status: int, kind: str, words: str) -> None:
        super().__init__(words)
        self.status, self.kind, self.words = status, kind, words


def run(tenant: Tenant, body: Any, now: float) -> list[Json]:
    """Run what CmdletInput names and return its objects."""
    name, parameters = _input(body)
    user = _mailbox(tenant, str(parameters.get("Identity") or ""))
    if name == "Get-Mailbox":
        return [shown(user)]
    before = user.addresses
    if "EmailAddresses" in parameters or "WindowsEmailAddress" not in parameters:
        _change(tenant, user, parameters.get("EmailAddresses"))
    if "WindowsEmailAddress" in parameters:
        _change_primary(tenant, user, str(parameters["WindowsEmailAddress"]))
    _spread(tenant, user, before, now)
    return []


def shown(user: User) -> Json:
    """Describe a mailbox."""
    return {
        "ExternalDirectoryObjectId": user.id, "Identity": user.id, "Alias": user.written["mailNickname"],
        "DisplayName": user.written["displayName"], "UserPrincipalName": user.upn,
        "PrimarySmtpAddress": user.primary, "EmailAddresses": user.addresses,
        "EmailAddresses@data.type": "#Collection(String)", "RecipientTypeDetails": "UserMailbox",
        "WhenMailboxCreated": moment(user.mailbox_due or user.created),
    }  # fmt: skip


def _input(body: Any) -> tuple[str, Json]:
    """Return cmdlet and parameters, or refuse what PowerShell would."""
    command = body.get("CmdletInput") if isinstance(body, dict) else None
    if not isinstance(command, dict) or not isinstance(command.get("Parameters", {}), dict):
        raise CmdletError(400, "Microsoft.OData.ODataException", "The request body has no valid CmdletInput.")
    name, parameters = str(command.get("CmdletName")), command.get("Parameters", {})
    if name not in PARAMETERS:
        words = (
            f"The term '{name}' is not recognized as the name of a cmdlet, function, script file, or operable program."
        )
        raise CmdletError(400, "System.Management.Automation.CommandNotFoundException", words)
    for unknown in set(parameters) - PARAMETERS[name]:
        words = f"A parameter cannot be found that matches parameter name '{unknown}'."
        raise CmdletError(400, "System.Management.Automation.ParameterBindingException", words)
    return name, parameters


def _mailbox(tenant: Tenant, identity: str) -> User:
    """Return the user with a mailbox by object id, name or any address."""
    user = tenant.by_id(identity) or tenant.first("address", identity)
    if user is None or not user.has_mailbox:
        words = f"The operation couldn't be performed because object '{identity}' couldn't be found on"
        words += " 'EURPR01A001DC01.EURPR01A001.PROD.OUTLOOK.COM'."
        raise CmdletError(404, f"{TASKS}.ManagementObjectNotFoundException", words)
    return user


def _change(tenant: Tenant, user: User, wanted: Any) -> None:
    """Add and remove addresses, all or nothing; adding one's own again changes nothing."""
    if not isinstance(wanted, dict) or wanted.get("@odata.type") != TABLE or not {"Add", "Remove"} & set(wanted):
        words = f"Cannot process argument transformation on parameter 'EmailAddresses': {TABLE} with Add or Remove."
        raise CmdletError(400, "System.Management.Automation.ParameterBindingException", words)
    added, removed = _listed(wanted.get("Add")), _listed(wanted.get("Remove"))
    for address in added:
        _check_free(tenant, user, address[5:])
    _check_primary_stays(user, removed)
    gone = {address[5:].lower() for address in removed}
    user.addresses = [each for each in user.addresses if each[5:].lower() not in gone]
    for address in added:
        (make_primary if address.startswith("SMTP:") else add)(user, address[5:])


def _spread(tenant: Tenant, user: User, before: list[str], now: float) -> None:
    """Keep the change; Graph sees it a while later."""
    if tenant.options.alias_lag:
        user.shown_before = user.shown_before if user.lag_until else before
        user.lag_until = now + tenant.options.alias_lag
    tenant.save(user)


def _change_primary(tenant: Tenant, user: User, address: str) -> None:
    """Make an address the primary one; the one before it stays (Set-Mailbox.md, WindowsEmailAddress)."""
    (wanted,) = _listed(address)
    _check_free(tenant, user, wanted[5:])
    make_primary(user, wanted[5:])
    tenant.save(user)


def _listed(given: Any) -> list[str]:
    """Return addresses with their prefix, which may be left out."""
    texts = [str(each) for each in given] if isinstance(given, list) else [str(given)] if given else []
    addresses = [each if ":" in each else f"smtp:{each}" for each in texts]
    for address in addresses:
        if address[:5].lower() != "smtp:" or address.count("@") != 1 or not address.isascii() or " " in address:
            words = f"The address '{address}' is invalid: The address isn't a valid SMTP address."
            raise CmdletError(400, f"{DIRECTORY}.DataValidationException", words)
    return addresses


def _check_free(tenant: Tenant, user: User, address: str) -> None:
    """Refuse an address of another object (O365Troubleshooters#215: its sign-in name too), or of a foreign domain."""
    domain = address.rpartition("@")[2].lower()
    if domain not in (tenant.options.domain, tenant.options.initial_domain):
        words = f"You can't use the domain because it's not an accepted domain for your organization: {domain}."
        raise CmdletError(400, f"{DIRECTORY}.NotAcceptedDomainException", words)
    holder = next((each for each in tenant.holders("address", address) if each.id != user.id), None)
    if holder is not None:
        words = (
            f'The proxy address "smtp:{address}" is already being used by the proxy addresses or LegacyExchangeDN of'
        )
        words += f' "{holder.written["displayName"]}". Please choose another proxy address.'
        raise CmdletError(400, f"{DIRECTORY}.ProxyAddressExistsException", words)


def _check_primary_stays(user: User, removed: list[str]) -> None:
    """Refuse to leave a mailbox without its primary address."""
    if (user.primary or "").lower() in {address[5:].lower() for address in removed}:
        words = "The primary SMTP address can't be removed. Set another primary SMTP address first."
        raise CmdletError(400, f"{DIRECTORY}.DataValidationException", words)
