"""The tenant: its users, found by what they hold, and what is about to happen to them by itself."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from sandbox.microsoft365.history import History
from sandbox.microsoft365.index import Index
from sandbox.microsoft365.options import GROUP, Options
from sandbox.microsoft365.refusal import not_found
from sandbox.microsoft365.shelf import Json, Shelf
from sandbox.microsoft365.user import User


class Tenant:
    """Everything the directory holds; a change is on the shelf before its answer leaves."""

    def __init__(self, options: Options, shelf: Shelf) -> None:
        self.options = options
        self._shelf = shelf
        self._index = Index()
        self._users: dict[str, User] = {}
        self._line: list[User] = []
        self._due: list[tuple[float, str]] = []
        self.history = History()
        for document in sorted(shelf.all("user"), key=lambda each: int(each["number"])):
            self.history.know(user := User(**document))
            self._note(user)
        self.groups: dict[str, Json] = {group["id"]: group for group in (_licensed_group(),)}
        self._random = random.Random(f"{options.seed}/{self.next_number()}")

    def __iter__(self) -> Iterator[User]:
        """Yield the users that are not deleted, oldest first."""
        return self.after(0)

    def after(self, number: int) -> Iterator[User]:
        """Yield those created after the user of this number."""
        start = bisect_right(self._line, number, key=lambda user: user.number)
        return (user for user in self._line[start:] if user.deleted is None)

    def ever(self, number: int = 0) -> Iterator[User]:
        """Yield those created after the user of this number, deleted ones and what is left of erased ones too."""
        return iter(self._line[bisect_right(self._line, number, key=lambda user: user.number) :])

    def bin(self, number: int = 0) -> Iterator[User]:
        """Yield those in the bin, oldest first."""
        return (user for user in self.ever(number) if user.in_bin)

    def deleted(self, identity: str) -> User:
        """Return the user in the bin, or refuse."""
        user = self._users.get(identity.lower())
        if user is None or not user.in_bin:
            raise not_found(identity)
        return user

    def find(self, key: str, now: float) -> User:
        """Return the user by object id or name, once its creation has spread through the directory."""
        user = self.by_id(key) or self.first("upn", key)
        if user is None or not self.visible(user, now):
            raise not_found(key)
        return user

    def by_id(self, identity: str) -> User | None:
        """Return the user with this object id, unless it is deleted."""
        user = self._users.get(identity.lower())
        return None if user is None or user.deleted is not None else user

    def visible(self, user: User, now: float) -> bool:
        """Say whether a read sees the user yet (docs-contrib#2465: 404 right after creation)."""
        return now >= user.created + self.options.visible_after

    def first(self, kind: str, value: str) -> User | None:
        """Return the one user who holds the value of a kind that is unique."""
        return next(iter(self.holders(kind, value)), None)

    def holders(self, kind: str, value: str) -> list[User]:
        """Return the users who hold the value, oldest first."""
        return [self._users[each] for each in self._index.holders(kind, value)]

    def count(self, kind: str, value: str) -> int:
        """Count the users who hold the value."""
        return self._index.count(kind, value)

    def group_licences(self, identity: str) -> list[Json]:
        """Return what the members of a group inherit."""
        licences: list[Json] = self.groups[identity]["assignedLicenses"]
        return licences

    def save(self, user: User) -> None:
        """Keep the user as it is now."""
        self.history.note(user)
        self._note(user)
        self._shelf.put("user", user.id, user.document())

    def ripe(self, now: float) -> Iterator[User]:
        """Yield the users for whom the time of something has come."""
        while self._due and self._due[0][0] <= now:
            yield self._users[heapq.heappop(self._due)[1]]

    def next_number(self) -> int:
        """Return the place in the line of the next user."""
        return self._line[-1].number + 1 if self._line else 1

    def new_id(self) -> str:
        """Return an object id that was never given."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def four_digits(self) -> str:
        """Return what is put after a mailNickname that is taken."""
        return f"{self._random.randrange(10_000):04}"

    def _note(self, user: User) -> None:
        """Make the user findable, and wait for what happens to it."""
        if user.id not in self._users:
            self._line.append(user)
        self._users[user.id] = user
        self._index.note(user)
        for moment in user.moments():
            heapq.heappush(self._due, (moment, user.id))


def _licensed_group() -> Json:
    """Return the group whose members get Office 365 A1 for students."""
    return {
        "id": GROUP, "displayName": "Students with Office 365 A1", "mailEnabled": False, "mailNickname": "students-a1",
        "securityEnabled": True, "groupTypes": [],
        "assignedLicenses": [{"disabledPlans": [], "skuId": "314c4481-f395-4525-be8b-2ec4bb1e9d91"}],
    }  # fmt: skip
