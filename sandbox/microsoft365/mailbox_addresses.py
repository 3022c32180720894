"""What Set-Mailbox does to the addresses of a mailbox, and what it refuses (facts 1.4 and 2.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

TABLE = "#Exchange.GenericHashTable"
TASKS, DIRECTORY = "Microsoft.Exchange.Configuration.Tasks", "Microsoft.Exchange.Data.Directory"
DUAL_WRITE = "Microsoft.Exchange.Configuration.DualWrite.LocStrings.UnableToWriteToAadException"
NOT_IN_SYNC = (
    "An Azure Active Directory call was made to keep object in sync between Azure Active Directory and Exchange"
    " Online. However, it failed. Detailed error message: The value specified for property EmailAddresses is"
    " incorrect. Reason: ObjectConflict with:User_{} RequestId : {} The issue may be transient and please retry a"
    " couple of minutes later. If issue persists, please see exception members for more information."
)


class CmdletError(Exception):
    """What a cmdlet ends with when it fails: a status, the name of a .NET exception, and its words."""

    def __init__(self, status: int, kind: str, words: str) -> None:
        super().__init__(words)
        self.status, self.kind, self.words = status, kind, words


def wanted_addresses(user: User, parameters: Json) -> list[str]:
    """Return the addresses that the parameters ask for, the primary one in capitals.

    `EmailAddresses` is a table with Add or Remove, or the whole list; `WindowsEmailAddress` is the primary alone.
    """
    asked, primary = parameters.get("EmailAddresses"), parameters.get("WindowsEmailAddress")
    if asked is not None and primary is not None:
        raise CmdletError(400, f"{TASKS}.TaskException", "EmailAddresses and WindowsEmailAddress exclude each other.")
    if primary is not None:
        return _added(user.addresses, _parsed([f"SMTP:{primary}"]))
    if isinstance(asked, list):
        return _replaced(_parsed(asked))
    if asked is None:
        return user.addresses
    if not isinstance(asked, dict) or asked.get("@odata.type") != TABLE or not {"Add", "Remove"} & set(asked):
        words = f"Cannot process argument transformation on parameter 'EmailAddresses': {TABLE} with Add or Remove."
        raise CmdletError(400, "System.Management.Automation.ParameterBindingException", words)
    return _added(_without(user.addresses, _listed(asked.get("Remove"))), _listed(asked.get("Add")))


def changed(tenant: Tenant, user: User, wanted: list[str]) -> list[str]:
    """Return the addresses as they will be, or refuse; the sign-in name is always among them."""
    if sum(each.startswith("SMTP:") for each in wanted) != 1:
        raise _invalid(
            "There are multiple primary SMTP proxy addresses, or none; exactly one is to have the prefix SMTP:."
        )
    for address in wanted:
        if address[5:].lower() not in _plain(user.addresses):
            _check_free(tenant, user, address[5:])
    return wanted if user.upn.lower() in _plain(wanted) else [*wanted, f"smtp:{user.upn}"]


def _listed(given: Any) -> list[str]:
    """Return what a table's Add or Remove holds: a list, or one address."""
    return _parsed(given if isinstance(given, list) else [given] if given else [])


def _parsed(given: Iterable[Any]) -> list[str]:
    """Return addresses with their prefix, which may be left out."""
    addresses = [text if ":" in text else f"smtp:{text}" for text in map(str, given)]
    for address in addresses:
        if address[:5].lower() != "smtp:" or address.count("@") != 1 or not address.isascii() or " " in address:
            raise _invalid(f"The address '{address}' is invalid: The address isn't a valid SMTP address.")
    return addresses


def _replaced(listed: list[str]) -> list[str]:
    """Return a whole list; without the prefix SMTP: the first one is primary (Set-Mailbox.md)."""
    if listed and not any(each.startswith("SMTP:") for each in listed):
        return [f"SMTP:{listed[0][5:]}", *listed[1:]]
    return sorted(listed, key=lambda each: not each.startswith("SMTP:"))


def _added(addresses: list[str], more: list[str]) -> list[str]:
    """Return the addresses with some more; a new primary one makes the old one secondary."""
    result = addresses
    for address in more:
        if address.startswith("SMTP:"):
            others = [f"smtp:{each[5:]}" for each in result if each[5:].lower() != address[5:].lower()]
            result = [address, *others]
        elif address[5:].lower() not in _plain(result):
            result = [*result, address]
    return result


def _without(addresses: list[str], removed: list[str]) -> list[str]:
    """Return the addresses without some, of which the primary one may not be."""
    gone = _plain(removed)
    if any(each.startswith("SMTP:") and each[5:].lower() in gone for each in addresses):
        raise _invalid("The primary SMTP address can't be removed. Set another primary SMTP address first.")
    return [each for each in addresses if each[5:].lower() not in gone]


def _plain(addresses: Iterable[str]) -> set[str]:
    return {each[5:].lower() for each in addresses}


def _check_free(tenant: Tenant, user: User, address: str) -> None:
    """Refuse an address of a foreign domain, or of another object.

    Exchange itself knows those with a mailbox; of the others, and of their sign-in names, it hears when it writes to
    the directory (O365Troubleshooters#215), and then says that this may pass, which it does not.
    """
    domain = address.rpartition("@")[2].lower()
    if domain not in tenant.options.verified_domains:
        words = f"You can't use the domain because it's not an accepted domain for your organization: {domain}."
        raise CmdletError(400, f"{DIRECTORY}.NotAcceptedDomainException", words)
    holder = next((each for each in tenant.holders("address", address) if each.id != user.id), None)
    if holder is None:
        return
    if holder.mailbox == "none":
        raise CmdletError(400, DUAL_WRITE, NOT_IN_SYNC.format(holder.id, uuid4()))
    words = f'The proxy address "smtp:{address}" is already being used by the proxy addresses or LegacyExchangeDN of'
    words += f' "{holder.written["displayName"]}". Please choose another proxy address.'
    raise CmdletError(400, f"{DIRECTORY}.ProxyAddressExistsException", words)


def _invalid(words: str) -> CmdletError:
    return CmdletError(400, f"{DIRECTORY}.DataValidationException", words)
