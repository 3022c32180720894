"""What one step does in Microsoft 365: create and license, then, once Exchange has the mailbox, add the alias."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from uuid import UUID

from estudent.adapters.microsoft365.aliases import Aliases
from estudent.adapters.microsoft365.graph import Graph
from estudent.adapters.microsoft365.licensing import Licensing
from estudent.adapters.microsoft365.tries import note, noting, told
from estudent.adapters.microsoft365.user import FoundUser, new_names_of, new_user
from estudent.domain.mailbox import Mailbox
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import AlreadyExists, Misconfigured, NotFound, Refused, Unavailable

CREATED = "the user was created; Exchange makes the mailbox, usually within half an hour"
TWO_USERS = "two users in Microsoft 365 have this album number as employeeId; an administrator must correct one of them"
OTHER_ADDRESS = (
    "the user in Microsoft 365 has another address than the registry; "
    "an administrator must rename the user or correct the registry"
)
NO_LOCKS = "mailboxes are not locked from here; an administrator must block the sign-in in Microsoft 365"
DELETED = (
    "a deleted user in Microsoft 365 has this album number, but neither our id nor our immutable id; "
    "an administrator must look at it and erase or restore it"
)
NOT_SEEN_YET = "the address is in use in Microsoft 365, but it cannot be seen yet by whom; the next run looks again"
PATIENCE = 6
"""Looks, over four minutes, in which a new object may stay invisible to us (msgraph-sdk-dotnet#2772)."""
TRIES = 3
NAMES = frozenset({"display_name", "given_name", "surname"})


class Bin:
    """The deleted users, listed once for a batch of steps and anew when somebody is in the way."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._listing = asyncio.Lock()
        self._thrown: list[FoundUser] | None = None

    async def of(self, wanted: Mailbox, *, anew: bool = False) -> FoundUser | None:
        """Return the student's deleted user; raise Refused for one of whom only the album number speaks."""
        async with self._listing:
            if self._thrown is None or anew:
                self._thrown = await self._graph.deleted()
        theirs = [user for user in self._thrown if user.album == wanted.album.digits]
        if not theirs:
            return None
        ours = [user for user in theirs if wanted.identifier == user.id or user.anchor == wanted.album.login]
        if len(ours) != 1:
            raise Refused(DELETED)
        return ours[0]


class Provisioning:
    """Takes steps; `settling` is for how many seconds a new user may stay invisible (docs-contrib#2465)."""

    def __init__(
        self, graph: Graph, aliases: Aliases, assign: Licensing,
        *, usage_location: str, federated: bool, settling: float,
    ) -> None:  # fmt: skip
        self._graph = graph
        self._aliases = aliases
        self._assign = assign
        self._usage_location = usage_location
        self._federated = federated
        self._pauses = (0.0, settling * 0.1, settling * 0.3, settling * 0.6)

    async def take(self, step: Step[Mailbox], sku: UUID, thrown_away: Bin) -> Outcome | None:
        """Take one step; None when all that is missing is the mailbox itself, for which one can only wait."""
        with noting() as tries:
            outcome = await self._outcome(step, sku, thrown_away)
        return outcome and replace(outcome, tries=told(tries))

    async def _outcome(self, step: Step[Mailbox], sku: UUID, thrown_away: Bin) -> Outcome | None:
        try:
            return await self._take(step, sku, thrown_away)
        except (Unavailable, NotFound) as error:
            return Outcome(step, Result.FAILED, str(error))
        except Refused as error:
            return Outcome(step, Result.REFUSED, str(error))

    async def _take(self, step: Step[Mailbox], sku: UUID, thrown_away: Bin) -> Outcome | None:
        if step.kind is StepKind.ADD:
            return await self._add(step, sku, thrown_away)
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

    async def _add(self, step: Step[Mailbox], sku: UUID, thrown_away: Bin) -> Outcome:
        identifier = await self._create(step.wanted, thrown_away)
        try:
            if self._aliases.before_mailbox:
                await self._add_aliases(identifier, step.wanted)
            await self._license(identifier, sku)
        except Unavailable as error:
            raise Unavailable(f"the user was created, but: {error}") from error
        except Refused as error:
            raise Refused(f"the user was created, but: {error}") from error
        return Outcome(step, Result.DONE, CREATED)

    def _actions(
        self, step: Step[Mailbox], found: Mailbox, identifier: str, sku: UUID
    ) -> list[Callable[[], Awaitable[None]]]:
        """Return what is to be done about the fields that differ; with the licence comes the mailbox, so it is last."""
        actions: list[Callable[[], Awaitable[None]]] = []
        if NAMES.intersection(step.fields):
            actions.append(lambda: self._rename(identifier, step.wanted))
        if "aliased" in step.fields and (found.reachable or self._aliases.before_mailbox):
            actions.append(lambda: self._add_aliases(identifier, step.wanted))
        if "licensed" in step.fields:
            actions.append(lambda: self._license(identifier, sku))
        if step.wanted.again and "ready" in step.fields and found.licensed:
            actions.append(lambda: self._make_again(identifier))
        return actions

    async def _create(self, wanted: Mailbox, thrown_away: Bin) -> str:
        """Create the user, restore it from the bin, or find it where an earlier try made it and its answer was lost."""
        if thrown := await thrown_away.of(wanted):
            return await self._restore(thrown, wanted)
        body, in_doubt = new_user(wanted, self._usage_location, self._federated), False
        for left in reversed(range(TRIES)):
            try:
                return await self._graph.create(body)
            except AlreadyExists as error:
                return await self._in_the_way(wanted, thrown_away, error, in_doubt)
            except Unavailable as error:
                lost, in_doubt = error, True
            found = await self._seen(wanted, self._pauses[:2])
            if found or left:
                note(lost)
            if found:
                return found
        raise lost

    async def _in_the_way(self, wanted: Mailbox, thrown_away: Bin, error: AlreadyExists, in_doubt: bool) -> str:
        """Return our own user, wherever it was; raise the error where somebody else is seen, or nobody for long."""
        if found := await self._seen(wanted, self._pauses, until_somebody_else=True):
            return found
        if thrown := await thrown_away.of(wanted, anew=True):
            return await self._restore(thrown, wanted)
        if (in_doubt or wanted.looks < PATIENCE) and not await self._holders(wanted):
            raise Unavailable(NOT_SEEN_YET)
        raise error

    async def _restore(self, thrown: FoundUser, wanted: Mailbox) -> str:
        """Bring a user back from the bin, where Microsoft has put the object id before its name."""
        name = None if thrown.name.lower().endswith(wanted.primary.lower()) else wanted.primary
        await self._graph.restore(thrown.id, name)
        return thrown.id

    async def _seen(self, wanted: Mailbox, pauses: Sequence[float], *, until_somebody_else: bool = False) -> str | None:
        """Look for our user several times; stop early where somebody else is seen to hold the address."""
        for pause in pauses:
            await asyncio.sleep(pause)
            users = await self._graph.find([wanted.album])
            if users:
                return _ours(users, wanted)
            if until_somebody_else and await self._holders(wanted):
                return None
        return None

    async def _holders(self, wanted: Mailbox) -> list[FoundUser]:
        """Return the users who are seen to have the address, as their name or otherwise."""
        named = await self._graph.find_by_name(wanted.primary)
        return named or await self._graph.find_by_address(wanted.primary)

    async def _license(self, identifier: str, sku: UUID) -> None:
        """Assign the licence; a user who was created a moment ago may not be there yet."""
        for pause in self._pauses[1:]:
            try:
                return await self._assign(identifier, sku)
            except NotFound as error:
                note(error)
                await asyncio.sleep(pause)
        return await self._assign(identifier, sku)

    async def _add_aliases(self, identifier: str, wanted: Mailbox) -> None:
        for address in wanted.secondary:
            await self._aliases.add(identifier, address, wanted.primary)

    async def _make_again(self, identifier: str) -> None:
        """Have the mailbox made once more; whoever granted us only the least is told so of this student alone."""
        try:
            await self._graph.retry_provisioning(identifier)
        except Misconfigured as error:
            raise Refused(str(error)) from None

    async def _rename(self, identifier: str, wanted: Mailbox) -> None:
        await self._graph.rename(identifier, new_names_of(wanted))


def _ours(users: list[FoundUser], wanted: Mailbox) -> str:
    if len(users) > 1:
        raise Refused(TWO_USERS)
    user = users[0]
    if user.name.lower() != wanted.primary.lower():
        raise Refused(OTHER_ADDRESS)
    return user.id
