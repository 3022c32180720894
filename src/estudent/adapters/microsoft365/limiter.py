"""The tenant's quota, asked before each request: tokens for Graph, places for Exchange."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from threading import Lock

from estudent.domain.allowance import Bucket, Budget, Portion, full
from estudent.ports import Allowance, Unavailable

GOOD_FOR = 10.0
"""After so many seconds tokens that were taken and not used are let go, so that no process hoards them."""

LONGEST_WAIT = 60.0
"""A worker does not sleep longer than this for a pause that Microsoft asked for; a later run goes on."""

IN_A_ROW = 3
"""So many requests in a row that were throttled show that nothing is left for any of us."""

LONG = 10.0
"""A longer wait than this, in seconds, that Microsoft asks for is meant for all of us at once."""

EXCHANGE = "exchange"
PLACE_FOR = 60.0
"""After so many seconds the place of a process that died is free again; a cmdlet takes 30 at most."""

KEPT_FOR = 10.0
"""For so long a process hands its place on to its own next cmdlet, as taking one costs as much as a quick cmdlet."""

LOOK_FOR_A_PLACE = 0.2


@dataclass(frozen=True, slots=True)
class Quota:
    """What Microsoft lets one application do in one tenant (learn.microsoft.com/graph/throttling-limits).

    `reserve` is the share of the writes and units that is kept for students who wait at a page. Our other requests say
    that their priority is low, which Microsoft turns away while there is still something left for others.
    """

    writes: int = 3000
    writes_seconds: float = 150.0
    units: int = 8000
    units_seconds: float = 10.0
    exchange_at_once: int = 3
    reserve: float = 0.1

    @property
    def of_writes(self) -> Budget:
        """Requests that write."""
        return Budget("graph writes", self.writes, self.writes_seconds, round(self.writes * self.reserve))

    @property
    def of_units(self) -> Budget:
        """Resource units."""
        return Budget("graph units", self.units, self.units_seconds, round(self.units * self.reserve))


class Limiter:
    """Spends what all processes share; `urgent` work may use what is kept, and one more place in Exchange."""

    def __init__(self, allowance: Allowance, quota: Quota, *, urgent: bool) -> None:
        self.urgent = urgent
        self._allowance = allowance
        self._writes = Purse(allowance, quota.of_writes, urgent=urgent)
        self._units = Purse(allowance, quota.of_units, urgent=urgent)
        self._room = Room(allowance, quota.exchange_at_once if urgent else max(1, quota.exchange_at_once - 1))
        self._throttled_in_a_row = 0

    async def spend(self, writes: int, units: int) -> None:
        """Wait until a request of this cost may be sent; raise Unavailable where that would be long."""
        await self._writes.spend(writes)
        await self._units.spend(units)

    def was_served(self) -> None:
        """Note a request that was not throttled."""
        self._throttled_in_a_row = 0

    async def was_throttled(self, seconds: float) -> None:
        """Note a request that has to wait; let all processes wait where that is plainly not its own matter.

        One among many that were served waits alone: otherwise each would stop everybody, with tokens left.
        """
        self._throttled_in_a_row += 1
        if self._throttled_in_a_row >= IN_A_ROW or seconds > LONG:
            await asyncio.gather(self._writes.pause(seconds), self._units.pause(seconds))

    def place(self) -> AbstractAsyncContextManager[None]:
        """Wait for one of the few places in Exchange, and give it back."""
        return self._room.place()


class Room:
    """One process's part of the places in Exchange."""

    def __init__(self, allowance: Allowance, places: int) -> None:
        self._allowance, self._places = allowance, places
        self._line = asyncio.Semaphore(places)
        self._waiting = 0
        self._kept: list[Place] = []

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and give it to the next in line or back to all processes."""
        await self._get_in_line()
        try:
            place = self._kept.pop() if self._kept else await self._enter()
            try:
                yield
            finally:
                await self._leave(place)
        finally:
            self._line.release()

    async def _get_in_line(self) -> None:
        self._waiting += 1
        try:
            await self._line.acquire()
        finally:
            self._waiting -= 1

    async def _enter(self) -> Place:
        while True:
            taken_at = time.monotonic()
            number = await asyncio.to_thread(self._allowance.enter, EXCHANGE, self._places, PLACE_FOR)
            if number is not None:
                return Place(number, taken_at)
            await asyncio.sleep(LOOK_FOR_A_PLACE)

    async def _leave(self, place: Place) -> None:
        if self._waiting > len(self._kept) and time.monotonic() - place.taken_at < KEPT_FOR:
            self._kept.append(place)
        else:
            await asyncio.to_thread(self._allowance.leave, EXCHANGE, place.number)


@dataclass(frozen=True, slots=True)
class Place:
    """A place in Exchange, and since when we have it."""

    number: int
    taken_at: float


class Purse:
    """One process's tokens of one budget, in the order in which they are asked for."""

    def __init__(self, allowance: Allowance, budget: Budget, *, urgent: bool) -> None:
        self._allowance, self._budget, self._urgent = allowance, budget, urgent
        self._line = asyncio.Lock()
        self._left, self._taken_at = 0, 0.0

    async def spend(self, tokens: int) -> None:
        """Take tokens out, getting more where there are too few."""
        if not tokens:
            return
        async with self._line:
            if time.monotonic() - self._taken_at > GOOD_FOR:
                self._left = 0
            while self._left < tokens:
                await self._get_more(tokens)
            self._left -= tokens

    async def pause(self, seconds: float) -> None:
        """Put the rest away and let nobody take any for a while."""
        self._left = 0
        await asyncio.to_thread(self._allowance.pause, self._budget, seconds)

    async def _get_more(self, tokens: int) -> None:
        most = max(tokens, self._budget.portion)
        portion = await asyncio.to_thread(self._take, most)
        self._left, self._taken_at = self._left + portion.tokens, time.monotonic()
        if portion.wait > LONGEST_WAIT:
            raise Unavailable(f"Microsoft 365 asks all of us to wait for {round(portion.wait)} seconds; try later")
        if not portion.tokens:
            await asyncio.sleep(portion.wait)

    def _take(self, most: int) -> Portion:
        return self._allowance.take(self._budget, most, urgent=self._urgent)


class OwnAllowance:
    """Port `Allowance` for a process that is alone, without a registry."""

    def __init__(self) -> None:
        self._one_at_a_time = Lock()
        self._buckets: dict[str, Bucket] = {}
        self._taken: set[tuple[str, int]] = set()

    def take(self, budget: Budget, most: int, *, urgent: bool) -> Portion:
        """Take up to `most` tokens."""
        now = time.time()
        with self._one_at_a_time:
            bucket = self._buckets.get(budget.name, full(budget, now))
            self._buckets[budget.name], portion = bucket.take(budget, most, now, urgent=urgent)
        return portion

    def pause(self, budget: Budget, seconds: float) -> None:
        """Give nothing for so long."""
        now = time.time()
        with self._one_at_a_time:
            self._buckets[budget.name] = self._buckets.get(budget.name, full(budget, now)).paused(seconds, now)

    def enter(self, room: str, places: int, seconds: float) -> int | None:  # noqa: ARG002 (who is alone gives it back)
        """Take a place, or None."""
        with self._one_at_a_time:
            free = next((number for number in range(places) if (room, number) not in self._taken), None)
            if free is not None:
                self._taken.add((room, free))
        return free

    def leave(self, room: str, number: int) -> None:
        """Give a place back."""
        with self._one_at_a_time:
            self._taken.discard((room, number))
