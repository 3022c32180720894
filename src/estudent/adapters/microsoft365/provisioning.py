"""What one step does in Microsoft 365: create and license, then, once Exchange has the mailbox, add the alias."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

from estudent.adapters.microsoft365.aliases import Aliases
from estudent.adapters.microsoft365.graph import Graph
from estudent.adapters.microsoft365.licensing import Licensing
from estudent.adapters.microsoft365.user import FoundUser, names_of, new_user
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import AlreadyExists, NotFound, Refused, Unavailable

CREATED = "the user was created; Exchange makes the mailbox, usually within half an hour"
TWO_USERS = "two users in Microsoft 365 have this album number as employeeId; an administrator must correct one of them"
OTHER_ADDRESS = (
    "the user in Microsoft 365 has another address than the registry; "
    "an administrator must rename the user or correct the registry"
)
NO_LOCKS = "mailboxes are not locked from here; an administrator must block the sign-in in Microsoft 365"
NAMES = frozenset({"display_name", "given_name", "surname"})


class Provisioning:
    """Takes steps; `settling` is for how many seconds a new user may stay invisible (docs-contrib#2465)."""

    def __init__(
        self, graph: Graph, aliases: Aliases, assign: Licensing,
        *, usage_location: str, federated: bool, at_once: int, settling: float,
    ) -> None:  # fmt: skip
        self._graph = graph
        self._aliases = aliases
        self._assign = assign
        self._usage_location = usage_location
        self._federated = federated
        self._places = asyncio.Semaphore(at_once)
        self._pauses = (0.0, settling * 0.1, settling * 0.3, settling * 0.6)

    async def take(self, step: Step[Mailbox], sku: UUID) -> Outcome | None:
        """Take one step; None when all that is missing is the mailbox itself, for which one can only wait."""
        try:
            return await self._take(step, sku)
        except (Unavailable, NotFound) as error:
            return Outcome(step, Result.FAILED, str(error))
        except Refused as error:
            return Outcome(step, Result.REFUSED, str(error))

    async def _take(self, step: Step[Mailbox], sku: UUID) -> Outcome | None:
        if step.kind is StepKind.ADD:
            return await self._add(step, sku)
        if step.kind is not StepKind.CHANGE:
            raise Refused(NO_LOCKS)
        if step.found is None or step.found.identifier is None:
            raise Refused(TWO_USERS)
        if step.found.primary.lower() != step.wanted.primary.lower():
            raise Refused(OTHER_ADDRESS)
        actions = self._actions(step, step.found, step.found.identifier, sku)
        for act in actions:
            await act()
        return Outcome(step, Result.DONE) if actions else None

    async def _add(self, step: Step[Mailbox], sku: UUID) -> Outcome:
        identifier = await self._create(step.wanted)
        try:
            if self._aliases.before_mailbox:
                await self._aliases.add(identifier, step.wanted.alias, step.wanted.primary)
            await self._license(identifier, sku)
        except Unavailable as error:
            raise Unavailable(f"the user was created, but: {error}") from error
        except Refused as error:
            raise Refused(f"the user was created, but: {error}") from error
        return Outcome(step, Result.DONE, CREATED)

    def _actions(
        self, step: Step[Mailbox], found: Mailbox, identifier: str, sku: UUID
    ) -> list[Callable[[], Awaitable[None]]]:
        """Return what is to be done about the fields that differ."""
        actions: list[Callable[[], Awaitable[None]]] = []
        if NAMES.intersection(step.fields):
            actions.append(lambda: self._rename(identifier, step.wanted))
        if "licensed" in step.fields:
            actions.append(lambda: self._license(identifier, sku))
        if "aliased" in step.fields and (found.ready or self._aliases.before_mailbox):
            actions.append(lambda: self._aliases.add(identifier, step.wanted.alias, step.wanted.primary))
        return actions

    async def _create(self, wanted: Mailbox) -> str:
        """Create the user, or find it when an earlier attempt made it: an answer may be lost, kiota repeats a POST."""
        body = new_user(wanted, self._usage_location, self._federated)
        try:
            async with self._places:
                return await self._graph.create(body)
        except (AlreadyExists, Unavailable) as error:
            async for users in self._looks(wanted, error):
                if users:
                    return _ours(users, wanted)
            raise

    async def _looks(self, wanted: Mailbox, error: Exception) -> AsyncIterator[list[FoundUser]]:
        """Look for our user several times; stop early where somebody else is seen to hold the name."""
        for pause in self._pauses:
            await asyncio.sleep(pause)
            async with self._places:
                yield await self._graph.find([wanted.album])
                if isinstance(error, AlreadyExists) and await self._graph.find_by_name(wanted.primary):
                    return

    async def _license(self, identifier: str, sku: UUID) -> None:
        """Assign the licence; a user who was created a moment ago may not be there yet."""
        for pause in self._pauses:
            try:
                async with self._places:
                    return await self._assign(identifier, sku)
            except NotFound:
                await asyncio.sleep(pause)
        async with self._places:
            return await self._assign(identifier, sku)

    async def _rename(self, identifier: str, wanted: Mailbox) -> None:
        async with self._places:
            await self._graph.rename(identifier, names_of(wanted))


def _ours(users: list[FoundUser], wanted: Mailbox) -> str:
    if len(users) > 1:
        raise Refused(TWO_USERS)
    user = users[0]
    if user.name.lower() != wanted.primary.lower():
        raise Refused(OTHER_ADDRESS)
    return user.id
