"""When USOSweb takes over what USOS holds: at set times of the day, and not at once (facts 0: 1:25, 6:05, 16:05)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Migrations:
    """The times at which migrations begin, by the clock of `zone`, and how long one takes; none: all shows at once."""

    times: tuple[time, ...] = ()
    zone: tzinfo = UTC
    takes: timedelta = timedelta(0)

    def shown(self, since: datetime) -> datetime:
        """Return when something shows that USOS holds since this moment: a migration under way does not bring it."""
        return next((begin + self.takes for begin in self._begins(since) if begin >= since), since)

    def next_end(self, now: datetime) -> datetime | None:
        """Return when the next migration is over, one under way included; None without migrations."""
        return next((begin + self.takes for begin in self._begins(now) if begin + self.takes > now), None)

    def _begins(self, around: datetime) -> Iterator[datetime]:
        """Yield the beginnings from two days before to two days after, in UTC and ascending.

        A time that a day skips, or has twice, when the clocks change, counts once.
        """
        today = around.astimezone(self.zone).date()
        for day in (today + timedelta(days=days) for days in range(-2, 3)):
            begins = (datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC) for at in self.times)
            yield from sorted(begins)
