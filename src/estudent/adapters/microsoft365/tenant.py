"""What a tenant says of itself: the licences that it bought, and its domains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Subscription:
    """A licence that the tenant bought, and how many of it are left."""

    id: UUID
    name: str
    free_seats: int


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of the tenant; in a federated one, people sign in at our own SSO."""

    verified: bool
    authentication: str

    @property
    def federated(self) -> bool:
        """Whether users of this domain need an immutable id."""
        return self.authentication == "Federated"


@dataclass(frozen=True, slots=True)
class Group:
    """A group whose members get its licences; None where Graph does not show us which."""

    licences: frozenset[UUID] | None


def read_subscription(shown: dict[str, Any]) -> Subscription:
    """Read one entry of GET /subscribedSkus."""
    left = shown["prepaidUnits"]["enabled"] - shown["consumedUnits"]
    return Subscription(UUID(shown["skuId"]), shown["skuPartNumber"], left)


def read_domain(shown: dict[str, Any]) -> Domain:
    """Read the answer of GET /domains/{id}."""
    return Domain(shown["isVerified"] is True, shown["authenticationType"])


def read_group(shown: dict[str, Any]) -> Group:
    """Read the answer of GET /groups/{id}."""
    licences = shown.get("assignedLicenses")
    return Group(None if licences is None else frozenset(UUID(each["skuId"]) for each in licences))
