"""Creating, changing and deleting users, by the rules of https://learn.microsoft.com/graph/api/user-post-users."""

from __future__ import annotations

from sandbox.microsoft365.addresses import close_mailbox, renamed, with_mail
from sandbox.microsoft365.licences import inherit
from sandbox.microsoft365.properties import checked
from sandbox.microsoft365.refusal import Refusal, conflict, missing_value
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User
from sandbox.microsoft365.values import (
    check_anchor_free,
    check_anchor_given,
    check_anchor_kept,
    check_name,
    check_new_password,
    check_password,
    check_values,
)

REQUIRED = ("accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName")


def create(tenant: Tenant, body: Json, now: float) -> User:
    """Add a user, or refuse as the directory does."""
    written = checked(body)
    for name in REQUIRED:
        if written.get(name) is None:
            raise missing_value(name)
    check_anchor_given(tenant, written)
    check_values(tenant, written, None, now)
    password = written.pop("passwordProfile")
    check_password(password, written.get("passwordPolicies"))
    mail = written.pop("mail", None)
    user = User(tenant.new_id(), tenant.next_number(), now, {"userType": "Member", **written})
    if mail:
        with_mail(tenant, user, mail)
    tenant.save(user)
    return user


def change(tenant: Tenant, user: User, body: Json, now: float) -> None:
    """Change what the body names."""
    written = checked(body)
    check_values(tenant, written, user, now)
    check_anchor_kept(tenant, user, written)
    if "passwordProfile" in written:
        policies = written.get("passwordPolicies", user.written.get("passwordPolicies"))
        check_new_password(tenant, written.pop("passwordProfile"), policies)
    if written.get("mail"):
        with_mail(tenant, user, written.pop("mail"))
    before = user.upn
    user.written.update(written)
    if user.upn.lower() != before.lower():
        renamed(tenant, user)
    tenant.save(user)


def delete(tenant: Tenant, user: User, now: float) -> None:
    """Move the user to the bin: its name, addresses and seats become free, its mailbox is kept as long as itself."""
    close_mailbox(user)
    user.licences, user.inherited, user.groups_due = [], [], None
    user.written["userPrincipalName"] = user.id.replace("-", "") + user.upn
    user.deleted = now
    tenant.save(user)


def restore(tenant: Tenant, user: User, body: Json, now: float) -> None:
    """Take the user out of the bin (https://learn.microsoft.com/graph/api/directory-deleteditems-restore).

    What somebody else holds meanwhile is a conflict, unless the body gives a new name or leaves out the addresses.
    Groups are as before and bring their licences; one that was given directly has to be given again.
    """
    new_name, reconcile = _restoring(body)
    name = new_name or user.upn[len(user.id.replace("-", "")) :]
    check_name(tenant, name, user, now)
    taken = [each for each in user.addresses if tenant.first("address", each[5:]) is not None]
    if taken and not reconcile:
        raise conflict("proxyAddresses")
    check_anchor_free(tenant, user.written.get("onPremisesImmutableId"), user)
    user.addresses = [each for each in user.addresses if each not in taken]
    user.written["userPrincipalName"], user.deleted = name, None
    inherit(tenant, user, now)


def _restoring(body: Json) -> tuple[str, bool]:
    """Return the parameters of the action, or refuse what it has not."""
    new_name, reconcile = body.get("newUserPrincipalName"), body.get("autoReconcileProxyConflict", False)
    if set(body) - {"newUserPrincipalName", "autoReconcileProxyConflict"}:
        raise Refusal(400, "BadRequest", "The action 'restore' has no such parameter.")
    if not isinstance(new_name, str | None) or not isinstance(reconcile, bool):
        raise Refusal(400, "BadRequest", "Cannot convert a parameter of 'restore' to the expected type.")
    return new_name or "", reconcile


def erase(tenant: Tenant, user: User, now: float) -> None:
    """Leave nothing of a user but its id, so that no other ever gets it and delta queries can tell."""
    user.written = {"userPrincipalName": user.id.replace("-", "")}
    user.addresses, user.groups, user.licences, user.inherited, user.errors = [], [], [], [], []
    user.purged = now
    tenant.save(user)
