"""The cmdlets that are known, by office-docs-powershell (Get-Mailbox.md, Get-Recipient.md, Set-Mailbox.md)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sandbox.microsoft365.mailbox_addresses import TASKS, CmdletError, changed, wanted_addresses
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User, moment

PARAMETERS = {
    "Get-Mailbox": {"Identity", "ResultSize", "SoftDeletedMailbox"},
    "Get-Recipient": {"Identity", "ResultSize"},
    "Set-Mailbox": {"Identity", "EmailAddresses", "WindowsEmailAddress"},
}
MOST_RESULTS = 1000
MORE = (
    "There are more results available than are currently displayed. To view them, increase the value for the"
    " ResultSize parameter."
)
UNCHANGED = "The command completed successfully but no settings of '{}' have been modified."
Result = tuple[list[Json], list[str]]


def run(tenant: Tenant, body: Any, now: float) -> Result:
    """Run what CmdletInput names and return its objects and its warnings."""
    name, parameters = _input(body)
    if name == "Set-Mailbox":
        return [], _set_mailbox(tenant, parameters, now)
    if not parameters.get("Identity"):
        return _listed(tenant, parameters)
    soft_deleted = parameters.get("SoftDeletedMailbox") is True
    return [shown(_mailbox(tenant, str(parameters["Identity"]), soft_deleted))], []


def shown(user: User) -> Json:
    """Describe a mailbox."""
    return {
        "ExternalDirectoryObjectId": user.id, "Identity": user.id, "Alias": user.written["mailNickname"],
        "DisplayName": user.written["displayName"], "UserPrincipalName": user.upn, "RecipientType": "UserMailbox",
        "PrimarySmtpAddress": user.primary, "WindowsEmailAddress": user.primary, "EmailAddresses": user.addresses,
        "EmailAddresses@data.type": "#Collection(String)", "RecipientTypeDetails": "UserMailbox",
        "WhenMailboxCreated": moment(user.mailbox_due or user.created),
        "WhenSoftDeleted": moment(user.deleted) if user.deleted else None,
    }  # fmt: skip


def _set_mailbox(tenant: Tenant, parameters: Json, now: float) -> list[str]:
    """Change addresses, all or nothing, and warn when nothing was to be changed; Graph sees it a while later."""
    user = _mailbox(tenant, str(parameters.get("Identity") or ""))
    before, user.addresses = user.addresses, changed(tenant, user, wanted_addresses(user, parameters))
    if user.addresses == before:
        return [UNCHANGED.format(user.id)]
    if tenant.options.alias_lag:
        user.shown_before = user.shown_before if user.lag_until else before
        user.lag_until = now + tenant.options.alias_lag
    tenant.save(user)
    return []


def _listed(tenant: Tenant, parameters: Json) -> Result:
    """Return mailboxes without a name to look for, as many as ResultSize says."""
    most = parameters.get("ResultSize", MOST_RESULTS)
    if most != "Unlimited" and not (str(most).isascii() and str(most).isdecimal()):
        raise _binding("Cannot process argument transformation on parameter 'ResultSize'.")
    soft_deleted = parameters.get("SoftDeletedMailbox") is True
    users: Iterable[User] = tenant.bin() if soft_deleted else tenant
    mailboxes = (shown(user) for user in users if _has_mailbox(user, soft_deleted))
    results = list(mailboxes if most == "Unlimited" else islice(mailboxes, int(most) + 1))
    if most == "Unlimited" or len(results) <= int(most):
        return results, []
    return results[: int(most)], [MORE]


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
        raise _binding(f"A parameter cannot be found that matches parameter name '{unknown}'.")
    return name, parameters


def _mailbox(tenant: Tenant, identity: str, soft_deleted: bool = False) -> User:
    """Return the user with a mailbox by object id, name or any address; one in the bin by object id alone."""
    if soft_deleted:
        found = [each for each in tenant.bin() if each.id == identity.lower()]
    else:
        found = [each for each in (tenant.by_id(identity) or tenant.first("address", identity),) if each]
    if not found or not _has_mailbox(found[0], soft_deleted):
        words = f"The operation couldn't be performed because object '{identity}' couldn't be found on"
        words += " 'EURPR01A001DC01.EURPR01A001.PROD.OUTLOOK.COM'."
        raise CmdletError(404, f"{TASKS}.ManagementObjectNotFoundException", words)
    return found[0]


def _has_mailbox(user: User, soft_deleted: bool) -> bool:
    """Say whether there is a mailbox, or was one when the user went into the bin."""
    return bool(user.addresses) if soft_deleted else user.has_mailbox


def _binding(words: str) -> CmdletError:
    return CmdletError(400, "System.Management.Automation.ParameterBindingException", words)
