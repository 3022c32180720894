"""What the directory refuses in the values of a user: alphabet, length, domain, uniqueness, password."""

from __future__ import annotations

import re
from typing import Any

from sandbox.microsoft365.refusal import Detail, bad_request, conflict, invalid_value, unnamed_conflict
from sandbox.microsoft365.shelf import Json
from sandbox.microsoft365.tenant import Tenant
from sandbox.microsoft365.user import User

LOCAL_PART = re.compile(r"[A-Za-z0-9'.\-_!#^~]{1,64}")
# Lengths and alphabets of https://learn.microsoft.com/graph/api/resources/user, property by property.
SHAPES = {
    "displayName": re.compile(r"(?s).{1,256}"),
    "givenName": re.compile(r"(?s).{1,64}"),
    "surname": re.compile(r"(?s).{1,64}"),
    "mailNickname": re.compile(r"[!-~]{1,64}"),
    "usageLocation": re.compile(r"[A-Z]{2}"),
    "employeeId": re.compile(r"(?s).{1,16}"),
    "userType": re.compile(r"Member|Guest"),
}
NICKNAME_FORBIDS = set('@()\\[]";:<>, ')


def check_values(tenant: Tenant, written: Json, user: User | None, now: float) -> None:
    """Refuse values that the directory's own rules refuse, then those that are taken."""
    for name in ("accountEnabled", "displayName", "mailNickname"):
        if name in written and written[name] is None:
            raise invalid_value(name)
    for name, shape in SHAPES.items():
        if written.get(name) is not None and not shape.fullmatch(written[name]):
            raise invalid_value(name)
    if NICKNAME_FORBIDS & set(written.get("mailNickname") or ""):
        raise invalid_value("mailNickname")
    if "userPrincipalName" in written:
        check_name(tenant, written["userPrincipalName"], user, now)
    check_anchor_free(tenant, written.get("onPremisesImmutableId"), user)


def check_name(tenant: Tenant, name: Any, user: User | None, now: float) -> None:
    """Refuse a userPrincipalName by alphabet, by domain, then by what others hold, seen or not yet."""
    local, at, domain = str(name).rpartition("@")
    if not at or not LOCAL_PART.fullmatch(local) or local.endswith(".") or len(name) > 113:
        raise bad_request("Property userPrincipalName is invalid.", Detail("InvalidValue", "userPrincipalName"))
    if domain.lower() not in tenant.options.verified_domains:
        message = "The domain portion of the userPrincipalName property is invalid. You must use one of the verified"
        raise bad_request(f"{message} domain names in your organization.", Detail("InvalidValue", "userPrincipalName"))
    holder = tenant.first("upn", name)
    if holder is not None and holder is not user:
        raise conflict("userPrincipalName") if tenant.visible(holder, now) else unnamed_conflict()
    if tenant.first("address", name) not in (None, user):
        raise conflict("proxyAddresses")


def check_anchor_free(tenant: Tenant, anchor: str | None, user: User | None) -> None:
    """Refuse the anchor of another user."""
    if anchor and tenant.first("anchor", anchor) not in (None, user):
        raise conflict("onPremisesImmutableId")


def check_anchor_given(tenant: Tenant, written: Json) -> None:
    """A federated user needs its source anchor at creation (microsoft-graph-docs#8668)."""
    federated = tenant.options.federated and _in_domain(tenant, written["userPrincipalName"])
    if federated and not written.get("onPremisesImmutableId"):
        message = "One or more properties contains invalid values. SourceAnchor is a required property for creation of"
        raise bad_request(f"{message} a federated user.", Detail("InvalidValue", "onPremisesImmutableId"))


def check_anchor_kept(tenant: Tenant, user: User, written: Json) -> None:
    """The anchor stays while the name is in a federated domain (azure-docs#5108)."""
    anchor = written.get("onPremisesImmutableId", user.written.get("onPremisesImmutableId"))
    moved = anchor != user.written.get("onPremisesImmutableId")
    if moved and tenant.options.federated and _in_domain(tenant, user.upn):
        raise invalid_value("onPremisesImmutableId")


def _in_domain(tenant: Tenant, name: str) -> bool:
    """Say whether the name is in the students' domain."""
    return name.lower().endswith("@" + tenant.options.domain)


def check_new_password(tenant: Tenant, profile: Json | None, policies: object) -> None:
    """The password of a federated user isn't here to be changed (microsoft-graph-docs#6811)."""
    if tenant.options.federated:
        raise bad_request("It is not possible to change the password of a federated user.")
    if profile and profile.get("password") is not None:
        check_password(profile, policies)


def check_password(profile: Json, policies: object) -> None:
    """Refuse a password by length, alphabet (entra/…/concept-sspr-policy: no Unicode) or kinds; none is ever kept.

    Of the kinds of character three are wanted, unless the user's passwordPolicies say DisableStrongPassword.
    """
    password = str(profile.get("password") or "")
    kinds = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    strong = kinds >= 3 or "DisableStrongPassword" in str(policies)
    if not (8 <= len(password) <= 256 and password.isascii() and strong):
        message = "The specified password does not comply with password complexity requirements."
        raise bad_request(f"{message} Please provide a different password.", Detail("InvalidValue", "password"))
