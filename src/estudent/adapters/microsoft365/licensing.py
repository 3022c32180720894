"""Two ways to a licence: assigned to the student directly, or through a group that an administrator has licensed."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from estudent.ports import AlreadyExists


class Licensing(Protocol):
    """Gives a user the licence; what they have already stays."""

    async def __call__(self, identifier: str, sku: UUID) -> None:
        """Give it; by a group it is seen a while later, and given again it changes nothing."""


class Licenses(Protocol):
    """What is needed of Graph."""

    async def license(self, identifier: str, sku: UUID) -> None:
        """Assign a licence."""

    async def join(self, identifier: str, group: str) -> None:
        """Put a user into a group; raise AlreadyExists for one who is in it."""


def licensing_by(graph: Licenses, group: str) -> Licensing:
    """Return the way by a group's object id, or the direct one without it."""

    async def directly(identifier: str, sku: UUID) -> None:
        await graph.license(identifier, sku)

    async def by_group(identifier: str, sku: UUID) -> None:  # noqa: ARG001 (the group has it)
        try:
            await graph.join(identifier, group)
        except AlreadyExists:
            return

    return by_group if group else directly
