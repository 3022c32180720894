"""A user of the tenant: what was written, and what the cloud worked out."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from sandbox.microsoft365.shelf import Json

# What GET answers without $select: https://learn.microsoft.com/graph/api/resources/user
DEFAULT = (
    "businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation",
    "preferredLanguage", "surname", "userPrincipalName",
)  # fmt: skip
COLLECTIONS = {"businessPhones", "otherMails", "assignedPlans", "provisionedPlans", "imAddresses", "proxyAddresses"}
DAYS_IN_THE_BIN = 30
DAY = 86_400.0


@dataclass(slots=True)
class User:
    """One user; moments are in seconds since 1970.

    `licences` were given directly, `inherited` come from groups, in the shape of licenseAssignmentStates.
    `mailbox_due` is when the mailbox appears or appeared, unless it is `stuck`, for which `errors` has the reason.
    `addresses` is what Exchange knows; Graph shows `shown_before` until `lag_until`.
    `changes` says at which of the tenant's changes each property got its value.
    """

    id: str
    number: int
    created: float
    written: Json
    licences: list[Json] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    mailbox_due: float | None = None
    has_mailbox: bool = False
    deleted: float | None = None
    purged: float | None = None
    groups: list[str] = field(default_factory=list)
    groups_due: float | None = None
    inherited: list[Json] = field(default_factory=list)
    stuck: bool = False
    errors: list[Json] = field(default_factory=list)
    shown_before: list[str] = field(default_factory=list)
    lag_until: float | None = None
    sessions_from: float | None = None
    changes: dict[str, int] = field(default_factory=dict)

    @property
    def upn(self) -> str:
        return str(self.written["userPrincipalName"])

    @property
    def in_bin(self) -> bool:
        return self.deleted is not None and self.purged is None

    @property
    def mailbox(self) -> str:
        """Say `none`, `preparing`, `stuck` or `ready`."""
        if self.has_mailbox:
            return "ready"
        if self.stuck:
            return "stuck"
        return "none" if self.mailbox_due is None else "preparing"

    @property
    def primary(self) -> str | None:
        """Return the one address whose prefix is in capitals."""
        return next((each[5:] for each in self.addresses if each.startswith("SMTP:")), None)

    @property
    def held(self) -> list[Json]:
        """Return each licence once, however it came, in the shape of assignedLicenses."""
        active = [each for each in self.inherited if each["state"] == "Active"]
        held = {each["skuId"]: each["disabledPlans"] for each in (*active, *self.licences)}
        return [{"disabledPlans": plans, "skuId": sku} for sku, plans in held.items()]

    def moments(self) -> list[float]:
        """Return when something happens to the user by itself."""
        if self.in_bin:
            return [self.bin_ends]
        waited_for = (self.mailbox_due if self.mailbox == "preparing" else None, self.groups_due, self.lag_until)
        return [each for each in waited_for if each is not None and self.deleted is None]

    @property
    def bin_ends(self) -> float:
        return (self.deleted or 0.0) + DAYS_IN_THE_BIN * DAY

    def document(self) -> Json:
        """Return what the shelf keeps."""
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def property(self, name: str) -> Any:
        """Return one property as Graph shows it."""
        worked_out = self.worked_out()
        if name in worked_out:
            return worked_out[name]
        return self.written.get(name, [] if name in COLLECTIONS else None)

    def worked_out(self) -> Json:
        """Return what nobody wrote."""
        addresses = self.addresses if self.lag_until is None else self.shown_before
        primary = next((each[5:] for each in addresses if each.startswith("SMTP:")), None)
        return {
            "id": self.id,
            "createdDateTime": moment(self.created),
            "deletedDateTime": moment(self.deleted) if self.deleted else None,
            "mail": primary or self.written.get("mail"),
            "proxyAddresses": addresses,
            "assignedLicenses": self.held,
            "licenseAssignmentStates": [*map(_direct, self.licences), *self.inherited],
            "serviceProvisioningErrors": self.errors,
            "signInSessionsValidFromDateTime": moment(self.sessions_from or self.created),
            "passwordProfile": None,
        }

    def shown(self, names: tuple[str, ...] = DEFAULT) -> Json:
        """Return the properties that were asked for."""
        known = {**self.written, **self.worked_out()}
        return {name: known.get(name, [] if name in COLLECTIONS else None) for name in names}


def _direct(licence: Json) -> Json:
    """Describe a licence that was given directly."""
    when = moment(licence["at"]) if "at" in licence else None
    return state(licence["skuId"], licence["disabledPlans"], None, when)


def state(sku: str, plans: list[str], group: str | None, when: str | None, error: str = "None") -> Json:
    """Return a licenseAssignmentState."""
    return {
        "skuId": sku, "disabledPlans": plans, "assignedByGroup": group,
        "state": "Active" if error == "None" else "Error", "error": error, "lastUpdatedDateTime": when,
    }  # fmt: skip


def moment(seconds: float) -> str:
    """Return an Edm.DateTimeOffset."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
