"""Which application permissions open which path: each needs one of its set.

Source: permissions.json of microsoftgraph/microsoft-graph-devx-content, and the documentation where that is newer.
"""

from __future__ import annotations

from collections.abc import Collection

from sandbox.microsoft365.refusal import denied
from sandbox.microsoft365.shelf import Json

Permissions = frozenset[str]


def _any(*names: str) -> Permissions:
    return frozenset(names)


CREATE_USERS = _any("User.Create", "User.ReadWrite.All", "Directory.ReadWrite.All")
UPDATE_USERS = _any("User.ReadUpdate.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
READ_USERS = UPDATE_USERS | _any("User.Read.All", "Directory.Read.All")
ENABLE_USERS = _any("User.EnableDisableAccount.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
SET_PASSWORDS = _any("User-PasswordProfile.ReadWrite.All")
CHANGE_USERS = UPDATE_USERS | ENABLE_USERS | SET_PASSWORDS
DELETE_USERS = _any("User.DeleteRestore.All", "User.ReadWrite.All")
READ_DELETED = READ_USERS | _any("User.DeleteRestore.All")
ERASE_USERS = _any("User.DeleteRestore.All")
REVOKE_SESSIONS = _any("User.RevokeSessions.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
RETRY_PROVISIONING = _any("User.ReadWrite.All", "Directory.ReadWrite.All")
ASSIGN_LICENCES = _any("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
READ_LICENCES = _any(
    "LicenseAssignment.Read.All", "LicenseAssignment.ReadWrite.All", "Organization.Read.All", "Directory.Read.All",
    "Directory.ReadWrite.All",
)  # fmt: skip
READ_DOMAINS = _any("Domain.Read.All", "Domain.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All")
READ_ORGANIZATION = READ_USERS | _any("Organization.Read.All")
CHANGE_MEMBERS = _any("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All")
READ_GROUPS = CHANGE_MEMBERS | _any("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
READ_MAILBOXES = _any("MailboxSettings.Read", "MailboxSettings.ReadWrite")
MANAGE_EXCHANGE = "Exchange.ManageAsApp"

GRANTED = (
    "User.ReadWrite.All", "User.DeleteRestore.All", "User.RevokeSessions.All", "User-PasswordProfile.ReadWrite.All",
    "LicenseAssignment.ReadWrite.All", "Domain.Read.All", "GroupMember.ReadWrite.All", "MailboxSettings.Read",
    MANAGE_EXCHANGE,
)  # fmt: skip
"""What the application has unless it is told otherwise."""


def check(roles: Collection[str], needed: Permissions) -> None:
    """Refuse a token that has none of the permissions."""
    if not needed & set(roles):
        raise denied()


def check_change(roles: Collection[str], body: Json) -> None:
    """Refuse a change of what the token's permissions don't cover: passwords and sign-in have their own."""
    changed = {name for name in body if "@odata." not in name}
    if "passwordProfile" in changed:
        check(roles, SET_PASSWORDS)
    if "accountEnabled" in changed:
        check(roles, ENABLE_USERS)
    if changed - {"passwordProfile", "accountEnabled"}:
        check(roles, UPDATE_USERS)
