"""Finding users by what they hold: names, addresses, numbers, licences."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.microsoft365.user import User

Key = tuple[str, str]


class Index:
    """Maps what a user holds to the ids of those who hold it, oldest first."""

    def __init__(self) -> None:
        self._held: dict[str, frozenset[Key]] = {}
        self._holders: dict[Key, dict[str, None]] = {}

    def note(self, user: User) -> None:
        """Find the user under what it holds now, and under nothing else."""
        before, now = self._held.get(user.id, frozenset()), frozenset(_holdings(user))
        for key in before - now:
            self._holders[key].pop(user.id)
        for key in now - before:
            self._holders.setdefault(key, {})[user.id] = None
        self._held[user.id] = now

    def holders(self, kind: str, value: str) -> list[str]:
        """Return the ids of those who hold the value, in any case of letters."""
        return list(self._holders.get((kind, value.lower()), ()))

    def count(self, kind: str, value: str) -> int:
        """Count them."""
        return len(self._holders.get((kind, value.lower()), ()))


def _holdings(user: User) -> Iterator[Key]:
    """Yield what the user keeps others from having, or is looked up by; a deleted user holds nothing."""
    if user.deleted is not None:
        return
    yield "upn", user.upn.lower()
    yield "address", user.upn.lower()
    yield from (("address", each[5:].lower()) for each in user.addresses)
    yield from (("sku", str(each["skuId"]).lower()) for each in user.held)
    yield from (("group", each) for each in user.groups)
    for kind, name in (("anchor", "onPremisesImmutableId"), ("employee", "employeeId"), ("mail", "mail")):
        value = user.written.get(name)
        if value:
            yield kind, str(value).lower()
