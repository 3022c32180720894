"""Creating, changing and deleting users, by the rules of https://learn.microsoft.com/graph/api/user-post-users."""

from __future__ import annotations

from sandbox.microsoft365.addresses import renamed, with_mail, without_mailbox
from sandbox.microsoft365.properties import checked
from sandbox.microsoft365.refusal import missing_value
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User
from sandbox.microsoft365.values import (
    check_anchor_given,
    check_anchor_kept,
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
    check_values(tenant, written, None)
    password = written.pop("passwordProfile")
    check_password(password)
    mail = written.pop("mail", None)
    user = User(tenant.new_id(), tenant.next_number(), now, {"userType": "Member", **written})
    if mail:
        with_mail(tenant, user, mail)
    tenant.save(user)
    return user


def change(tenant: Tenant, user: User, body: Json) -> None:
    """Change what the body names."""
    written = checked(body)
    check_values(tenant, written, user)
    check_anchor_kept(tenant, user, written)
    if "passwordProfile" in written:
        check_new_password(tenant, written.pop("passwordProfile"))
    if written.get("mail"):
        with_mail(tenant, user, written.pop("mail"))
    before = user.upn
    user.written.update(written)
    if user.upn.lower() != before.lower():
        renamed(user)
    tenant.save(user)


def delete(tenant: Tenant, user: User, now: float) -> None:
    """Move the user to the bin: its name, addresses and licences become free."""
    without_mailbox(user)
    user.licences = []
    user.written["userPrincipalName"] = user.id.replace("-", "") + user.upn
    user.deleted = now
    tenant.save(user)
