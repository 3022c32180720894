"""What is done to users at the end of their mailboxes and on their way back, and what changed since the last look."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from kiota_abstractions.method import Method

from estudent.adapters.microsoft365.errors import Operation, known_form
from estudent.adapters.microsoft365.graph import Graph
from estudent.adapters.microsoft365.licensing import Licensing
from estudent.domain.album_number import AlbumNumber
from estudent.domain.mailbox_life import CloudUser, Deed
from estudent.domain.outcome import Result
from estudent.ports import Changes, LifeOutcome, LifeStep, NotFound, Refused, Unavailable, Whose

SHOWN = (
    "id", "employeeId", "userPrincipalName", "proxyAddresses", "accountEnabled", "assignedLicenses",
    "licenseAssignmentStates", "signInSessionsValidFromDateTime", "onPremisesImmutableId",
)  # fmt: skip
WATCHED = (
    "id", "accountEnabled", "userPrincipalName", "mail", "proxyAddresses", "employeeId", "assignedLicenses",
    "displayName", "givenName", "surname",
)  # fmt: skip
"""What a change of tells of a student's user; facts 2.5."""

OTHER_GROUP = (
    "the licence comes from a group that is not ours to change; an administrator must take the user out of that group"
)
DIRECTLY = ""


class Life:
    """Looks at users, the bin included, and takes the steps of their end; each may be taken again."""

    def __init__(self, graph: Graph, assign: Licensing, group: str, pauses: Sequence[float]) -> None:
        self._graph, self._assign, self._group, self._pauses = graph, assign, group, pauses

    async def look(self, some: Sequence[Whose], sku: UUID) -> list[CloudUser]:
        """Return the users of these students, at most 15, who are not in the bin."""
        values = ",".join(f"'{each.album.digits}'" for each in some)
        path = f"users?$filter=employeeId in ({values})&$select={','.join(SHOWN)}&$top=100"
        answer = await self._graph.ask(Method.GET, path, Operation.FIND)
        users: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        with known_form():
            for shown in answer["value"]:
                users[shown["employeeId"]].append(shown)
            return [_chosen(each, users[each.album.digits], sku) for each in some if users[each.album.digits]]

    async def look_into_bin(self, some: Sequence[Whose], sku: UUID) -> list[CloudUser]:
        """Return the users of these students who are in the bin, by our id of them or by their immutable id."""
        path: str | None = f"directory/deletedItems/microsoft.graph.user?$select={','.join(SHOWN)}&$top=999"
        by_id = {each.identifier: each for each in some if each.identifier}
        by_anchor = {each.album.login: each for each in some}
        found: dict[AlbumNumber, CloudUser] = {}
        while path is not None:
            answer = await self._graph.ask(Method.GET, path, Operation.FIND)
            with known_form():
                for shown in answer["value"]:
                    whose = by_id.get(shown["id"]) or by_anchor.get(shown["onPremisesImmutableId"] or "")
                    if whose and (shown["id"] == whose.identifier or whose.album not in found):
                        found[whose.album] = _read(whose.album, shown, sku, deleted=True)
                path = self._graph.following(answer)
        return [*found.values()]

    async def look_at(self, whose: Whose, sku: UUID) -> CloudUser | None:
        """Return the user with our id, whatever album number somebody has written there; None for nobody."""
        path = f"users/{quote(whose.identifier or '')}?$select={','.join(SHOWN)}"
        try:
            shown = await self._graph.ask(Method.GET, path, Operation.FIND)
        except NotFound:
            return None
        with known_form():
            return _read(whose.album, shown, sku)

    async def take(self, step: LifeStep, sku: UUID) -> LifeOutcome:
        """Take one step and say what became of it."""
        try:
            for act in self._actions(step, sku):
                await act()
        except (Unavailable, NotFound) as error:
            return LifeOutcome(step, Result.FAILED, str(error))
        except Refused as error:
            return LifeOutcome(step, Result.REFUSED, str(error))
        return LifeOutcome(step, Result.DONE)

    async def move_sign_in(self, identifier: str, name: str) -> None:
        """Write the name with which a user signs in."""
        body = {"userPrincipalName": name}
        await self._graph.ask(Method.PATCH, f"users/{quote(identifier)}", Operation.RENAME, body)

    async def changes(self, token: str | None) -> Changes:
        """Return who changed since the token, or everybody; raise Expired for a token of more than a week ago."""
        path: str | None = f"users/delta?{token}" if token else f"users/delta?$select={','.join(WATCHED)}&$top=999"
        identifiers: set[str] = set()
        while path is not None:
            answer = await self._graph.ask(Method.GET, path, Operation.WATCH)
            with known_form():
                identifiers |= {str(each["id"]) for each in answer["value"]}
                path = self._graph.following(answer)
                link = "" if path else str(answer["@odata.deltaLink"])
        return Changes(frozenset(identifiers), link.partition("?")[2])

    def _actions(self, step: LifeStep, sku: UUID) -> list[Callable[[], Awaitable[Any]]]:
        user = step.user
        match step.deed:
            case Deed.BLOCK:
                return [lambda: self._enable(user, to=False), lambda: self._revoke(user)]
            case Deed.WITHDRAW:
                return [self._withdrawing(user, source, sku) for source in sorted(user.licensed_by)]
            case Deed.ERASE:
                return [lambda: self._delete(user)]
            case Deed.REOPEN:
                return [*self._reopening(user, step.address, sku)]

    def _reopening(self, user: CloudUser, address: str, sku: UUID) -> list[Callable[[], Awaitable[Any]]]:
        """Return what is missing: out of the bin, licensed, let in, in this order, so that nobody enters half of it."""
        own_name = None if user.sign_in.lower().endswith(address.lower()) else address
        acts: list[Callable[[], Awaitable[Any]]] = []
        if user.deleted:
            acts.append(lambda: self._graph.restore(user.identifier, own_name))
        # Which licences a user gets back from the bin with its groups is seen only afterwards; given twice is once.
        if user.deleted or not user.licensed:
            acts.append(lambda: self._patiently(lambda: self._assign(user.identifier, sku)))
        if not user.enabled:
            acts.append(lambda: self._patiently(lambda: self._enable(user, to=True)))
        return acts

    async def _enable(self, user: CloudUser, *, to: bool) -> None:
        body = {"accountEnabled": to}
        await self._graph.ask(Method.PATCH, f"users/{quote(user.identifier)}", Operation.BLOCK, body)

    async def _revoke(self, user: CloudUser) -> None:
        await self._graph.ask(Method.POST, f"users/{quote(user.identifier)}/revokeSignInSessions", Operation.REVOKE)

    async def _delete(self, user: CloudUser) -> None:
        """Move the user to the bin; one that is not there any more was moved by a try whose answer was lost."""
        try:
            await self._graph.ask(Method.DELETE, f"users/{quote(user.identifier)}", Operation.DELETE)
        except NotFound:
            return

    def _withdrawing(self, user: CloudUser, source: str, sku: UUID) -> Callable[[], Awaitable[Any]]:
        if source == DIRECTLY:
            return lambda: self._unlicense(user, sku)
        if source == self._group.lower():
            return lambda: self._leave(user)
        raise Refused(OTHER_GROUP)

    async def _unlicense(self, user: CloudUser, sku: UUID) -> None:
        body = {"addLicenses": [], "removeLicenses": [str(sku)]}
        await self._graph.ask(Method.POST, f"users/{quote(user.identifier)}/assignLicense", Operation.LICENSE, body)

    async def _leave(self, user: CloudUser) -> None:
        path = f"groups/{quote(self._group)}/members/{quote(user.identifier)}/$ref"
        try:
            await self._graph.ask(Method.DELETE, path, Operation.JOIN)
        except NotFound:
            return

    async def _patiently(self, act: Callable[[], Awaitable[None]]) -> None:
        """Act; a user who was restored a moment ago may not be there yet."""
        for pause in self._pauses:
            try:
                return await act()
            except NotFound:
                await asyncio.sleep(pause)
        return await act()


def _chosen(whose: Whose, users: Sequence[dict[str, Any]], sku: UUID) -> CloudUser:
    """Return the student's user; of two, the one that is known as theirs, or something without an identifier."""
    if len(users) == 1:
        return _read(whose.album, users[0], sku)
    known = [user for user in users if user["id"] == whose.identifier]
    if known:
        return _read(whose.album, known[0], sku)
    return CloudUser(whose.album, "", "", None, frozenset(), enabled=True, licensed_by=frozenset(), sessions_from=None)


def _read(album: AlbumNumber, shown: dict[str, Any], sku: UUID, *, deleted: bool = False) -> CloudUser:
    """Read one user of an answer; raises KeyError, TypeError or ValueError when it has another form."""
    addresses: list[str] = shown["proxyAddresses"]
    since = shown["signInSessionsValidFromDateTime"]
    return CloudUser(
        album=album,
        identifier=shown["id"],
        sign_in=shown["userPrincipalName"],
        primary=next((each[5:] for each in addresses if each.startswith("SMTP:")), None),
        addresses=frozenset(each[5:].lower() for each in addresses if each.lower().startswith("smtp:")),
        enabled=bool(shown["accountEnabled"]),
        licensed_by=_sources(shown, sku),
        sessions_from=datetime.fromisoformat(since) if since else None,
        deleted=deleted,
    )


def _sources(shown: dict[str, Any], sku: UUID) -> frozenset[str]:
    """Return from where the licence comes: licenseAssignmentStates tells, where the tenant shows them."""
    states = shown.get("licenseAssignmentStates") or ()
    named = [str(each["assignedByGroup"] or DIRECTLY).lower() for each in states if _is_active(each, sku)]
    has = any(UUID(each["skuId"]) == sku for each in shown["assignedLicenses"])
    return frozenset(named or [DIRECTLY]) if has else frozenset()


def _is_active(state: dict[str, Any], sku: UUID) -> bool:
    return UUID(state["skuId"]) == sku and state["state"] == "Active"
