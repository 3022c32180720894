"""When each property of each user got its value, counted in the tenant's changes; what delta queries live by."""

from __future__ import annotations

from sandbox.microsoft365.user import User

REMOVED = "@removed"
"""The entry that says when a user went into the bin, came back, or was erased."""


class History:
    """Compares what is kept with what was kept before."""

    def __init__(self) -> None:
        self.latest = 0
        self._before: dict[str, dict[str, str]] = {}

    def know(self, user: User) -> None:
        """Take up a user that the shelf kept."""
        self._before[user.id] = _values(user)
        self.latest = max(self.latest, *user.changes.values(), 0)

    def note(self, user: User) -> None:
        """Count a change, and write it down at the properties that it changed."""
        before, now = self._before.get(user.id, {}), _values(user)
        changed = {name for name in before | now if before.get(name) != now.get(name)}
        if changed:
            self.latest += 1
            user.changes.update(dict.fromkeys(changed, self.latest))
            self._before[user.id] = now


def _values(user: User) -> dict[str, str]:
    """Return every property that has a value, as text that can be compared."""
    known = {**user.written, **user.worked_out(), REMOVED: (user.deleted, user.purged)}
    return {name: repr(value) for name, value in known.items()}
