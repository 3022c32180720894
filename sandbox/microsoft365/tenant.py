"""The tenant: its users, found by what they hold, and the mailboxes that are on their way."""

from __future__ import annotations

import heapq
import random
from bisect import bisect_right
from collections.abc import Iterator
from uuid import UUID

from sandbox.microsoft365.index import Index
from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import not_found
from sandbox.microsoft365.shelf import Shelf
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
        for document in sorted(shelf.all("user"), key=lambda each: int(each["number"])):
            self._note(User(**document))
        self._random = random.Random(f"{options.seed}/{self.next_number()}")

    def __iter__(self) -> Iterator[User]:
        """Yield the users that are not deleted, oldest first."""
        return self.after(0)

    def after(self, number: int) -> Iterator[User]:
        """Yield those created after the user of this number."""
        start = bisect_right(self._line, number, key=lambda user: user.number)
        return (user for user in self._line[start:] if user.deleted is None)

    def deleted(self) -> list[User]:
        """Return those in the bin, oldest first."""
        return [user for user in self._line if user.deleted is not None]

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

    def save(self, user: User) -> None:
        """Keep the user as it is now."""
        self._note(user)
        self._shelf.put("user", user.id, user.document())

    def ripe(self, now: float) -> Iterator[User]:
        """Yield the users whose mailbox appears now."""
        while self._due and self._due[0][0] <= now:
            due, identity = heapq.heappop(self._due)
            user = self._users[identity]
            if user.mailbox_due == due and user.mailbox == "preparing" and user.deleted is None:
                yield user

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
        """Make the user findable, and wait for its mailbox."""
        if user.id not in self._users:
            self._line.append(user)
        self._users[user.id] = user
        self._index.note(user)
        if user.mailbox == "preparing" and user.mailbox_due is not None:
            heapq.heappush(self._due, (user.mailbox_due, user.id))
