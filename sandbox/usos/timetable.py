"""Migrations at set times of the day in Warsaw, by the stand-in's clock (facts 0: 1:25, 6:05, 16:05)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sandbox.clock import Clock
from sandbox.usos.notes import Notes
from sandbox.usos.people import People

WARSAW = ZoneInfo("Europe/Warsaw")


class Timetable:
    """Lets the migrations happen whose time has come; one that was missed while nobody looked counts as done then."""

    def __init__(self, times: Sequence[time], clock: Clock, people: People, notes: Notes) -> None:
        self._times = sorted(times)
        self._people = people
        self._notes = notes
        self.clock = clock
        if not notes.get("key", "migrated"):
            notes.put("key", "migrated", {"at": clock()})

    def catch_up(self) -> None:
        """Migrate once if a time has come since the last look."""
        last, now = float((self._notes.get("key", "migrated") or {})["at"]), self.clock()
        if any(last < begin <= now for begin in self._begins(last, now)):
            self._people.migrate()
        if self._times:
            self._notes.put("key", "migrated", {"at": now})

    def forward(self, seconds: float) -> None:
        """Put the clock forward, and let what comes on the way happen."""
        self.catch_up()
        self.clock.forward(seconds)
        self.catch_up()

    def _begins(self, last: float, now: float) -> Iterator[float]:
        day, end = (datetime.fromtimestamp(each, WARSAW).date() for each in (last, now))
        while day <= end:
            yield from (datetime.combine(day, at, tzinfo=WARSAW).timestamp() for at in self._times)
            day += timedelta(days=1)


def read_times(text: str) -> tuple[time, ...]:
    """Return the times of a list such as 01:25,06:05,16:05; raises ValueError for what is no such list."""
    return tuple(time.fromisoformat(each.strip()) for each in text.split(","))
