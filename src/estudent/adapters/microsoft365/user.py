"""A mailbox as a user of Graph, and back (https://learn.microsoft.com/graph/api/resources/user)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgraph.generated.models.password_profile import PasswordProfile
from msgraph.generated.models.user import User

from estudent.adapters.microsoft365.trouble import trouble_in
from estudent.domain.mailbox import Mailbox

SELECT = [
    "id", "employeeId", "userPrincipalName", "proxyAddresses", "assignedLicenses",
    "displayName", "givenName", "surname", "preferredLanguage", "onPremisesImmutableId",
    "serviceProvisioningErrors", "licenseAssignmentStates",
]  # fmt: skip
ROUTING = ".onmicrosoft.com"
OUR_RULES = "DisablePasswordExpiration, DisableStrongPassword"
"""The portal's rules are stricter than Entra's in length and guessing, and do not ask for kinds of characters."""

LOCALES = {"pl": "pl-PL", "en": "en-GB", "uk": "uk-UA"}


def new_user(mailbox: Mailbox, usage_location: str, federated: bool) -> User:
    """Return the body of POST /users; the password is random and forgotten, for students sign in through our SSO."""
    user = names_of(mailbox)
    user.account_enabled = True
    user.user_principal_name = mailbox.primary
    user.mail_nickname = mailbox.primary.partition("@")[0]
    user.usage_location = usage_location
    user.preferred_language = LOCALES.get(mailbox.language, mailbox.language)
    user.employee_id = mailbox.album.digits
    user.employee_type = "student"
    user.user_type = "Member"
    user.password_profile = PasswordProfile(
        password=f"{secrets.token_urlsafe(32)}aA1!", force_change_password_next_sign_in=False
    )
    # The directory's stable id, which our SSO hands over as the NameID. A managed domain takes it as well, and can then
    # be federated later: once it is, nobody's anchor can be written any more (azure-docs#5108).
    user.on_premises_immutable_id = mailbox.album.login
    if not federated:
        user.password_policies = OUR_RULES
    return user


def names_of(mailbox: Mailbox) -> User:
    """Return the body that writes a person's names; one that somebody does not have is left out, for "" is refused."""
    given, surname = mailbox.given_name or None, mailbox.surname or None
    return User(display_name=mailbox.display_name, given_name=given, surname=surname)


def new_names_of(mailbox: Mailbox) -> User:
    """Return the body that changes a person's names; one that somebody has no more is written as null."""
    names = names_of(mailbox)
    given = {"givenName": names.given_name, "surname": names.surname}
    names.additional_data = {name: None for name, value in given.items() if value is None}
    return names


@dataclass(frozen=True, slots=True)
class FoundUser:
    """A user as Graph shows it, in the properties of SELECT."""

    id: str
    album: str
    name: str
    addresses: tuple[str, ...]
    licences: frozenset[UUID]
    display_name: str
    given_name: str
    surname: str
    language: str
    anchor: str
    trouble: str

    @property
    def primary(self) -> str | None:
        """The address that Exchange gave the mailbox, None before there is one."""
        return next((each[5:] for each in self.addresses if each.startswith("SMTP:")), None)

    @property
    def has_routing_address(self) -> bool:
        """Whether there is an address in the tenant's initial domain (proxyaddresses-attribute-populate.md)."""
        return any(each.lower().endswith(ROUTING) for each in self.addresses)


def read(shown: dict[str, Any]) -> FoundUser:
    """Read one user of an answer; raises KeyError, TypeError or ValueError when it has another form."""
    return FoundUser(
        id=shown["id"],
        album=shown["employeeId"] or "",
        name=shown["userPrincipalName"],
        addresses=tuple(shown["proxyAddresses"]),
        licences=frozenset(UUID(each["skuId"]) for each in shown["assignedLicenses"]),
        display_name=shown["displayName"] or "",
        given_name=shown["givenName"] or "",
        surname=shown["surname"] or "",
        language=(shown["preferredLanguage"] or "").partition("-")[0],
        anchor=shown["onPremisesImmutableId"] or "",
        trouble=trouble_in(shown.get("licenseAssignmentStates") or (), shown.get("serviceProvisioningErrors") or ()),
    )


def as_found(user: FoundUser, wanted: Mailbox, sku: UUID | None, addressed_early: bool = False) -> Mailbox:
    """Return what Graph shows of a mailbox; it is ready when Exchange gave it a primary address (`SMTP:`).

    Where we write addresses before that, the mailbox shows by the one that Exchange itself gives every mailbox.
    """
    return Mailbox(
        album=wanted.album,
        primary=user.primary or user.name,
        alias=wanted.alias,
        given_name=user.given_name,
        surname=user.surname,
        display_name=user.display_name,
        language=user.language,
        identifier=user.id,
        licensed=sku in user.licences,
        ready=user.primary is not None and (user.has_routing_address or not addressed_early),
        trouble=user.trouble,
        aliased={f"smtp:{each}".lower() for each in wanted.secondary} <= {each.lower() for each in user.addresses},
    )


def ambiguous(wanted: Mailbox) -> Mailbox:
    """Return what stands for two users with one album number: something without an identifier, never one of them."""
    return Mailbox(
        album=wanted.album, primary="", alias=wanted.alias, given_name="", surname="", display_name="",
        language="", identifier=None, licensed=False, ready=False, aliased=False,
    )  # fmt: skip
