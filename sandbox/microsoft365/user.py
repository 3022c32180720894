"""A user of the tenant: what was written, and what the cloud worked out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.microsoft365.shelf import Json

# What GET answers without $select: https://learn.microsoft.com/graph/api/resources/user
DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
COLLECTIONS = {"businessPhones", "otherMails", "assignedPlans", "provisionedPlans", "imAddresses", "proxyAddresses"}


@dataclass(slots=True)
class User:
    """One user; `mailbox_due` is when the mailbox appears or appeared, in seconds since 1970."""

    id: str
    number: int
    created: float
    written: Json
    licences: list[Json] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    mailbox_due: float | None = None
    has_mailbox: bool = False
    deleted: float | None = None

    @property
    def upn(self) -> str:
        return str(self.written["userPrincipalName"])

    @property
    def mailbox(self) -> str:
        """Say `none`, `preparing` or `ready`."""
        if self.has_mailbox:
            return "ready"
        return "none" if self.mailbox_due is None else "preparing"

    @property
    def primary(self) -> str | None:
        """Return the one address whose prefix is in capitals."""
        return next((each[5:] for each in self.addresses if each.startswith("SMTP:")), None)

    def document(self) -> Json:
        """Return what the shelf keeps."""
        return asdict(self)

    def property(self, name: str) -> Any:
        """Return one property as Graph shows it."""
        worked_out = {
            "id": self.id,
            "createdDateTime": moment(self.created),
            "deletedDateTime": moment(self.deleted) if self.deleted else None,
            "mail": self.primary or self.written.get("mail"),
            "proxyAddresses": self.addresses,
            "assignedLicenses": self.licences,
            "licenseAssignmentStates": [_state(each) for each in self.licences],
            "passwordProfile": None,
        }
        if name in worked_out:
            return worked_out[name]
        return self.written.get(name, [] if name in COLLECTIONS else None)

    def shown(self, names: tuple[str, ...] = DEFAULT) -> Json:
        """Return the properties that were asked for."""
        return {name: self.property(name) for name in names}


def _state(licence: Json) -> Json:
    """Describe a licence that was given directly."""
    return {**licence, "assignedByGroup": None, "state": "Active", "error": "None"}


def moment(seconds: float) -> str:
    """Return an Edm.DateTimeOffset."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
