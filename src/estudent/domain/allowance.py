"""What we may still ask of a far side that counts: a bucket of tokens that come back evenly."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

FRESH_ENOUGH = 4
"""A portion is worth taking once a quarter of it is there, so that a dry bucket is not asked for every single token."""


@dataclass(frozen=True, slots=True)
class Budget:
    """So many tokens in so many seconds; `kept` of them are only for those whom a person waits for."""

    name: str
    tokens: int
    seconds: float
    kept: int = 0

    @property
    def rate(self) -> float:
        """Tokens that come back in a second."""
        return self.tokens / self.seconds

    @property
    def portion(self) -> int:
        """How many tokens a process takes at once: what comes back in a second, so that asking costs little."""
        return max(1, round(self.rate))

    @property
    def brim(self) -> int:
        """What we fill a bucket to: less than theirs, which begins to fill only when our request has arrived."""
        return max(1, self.tokens - self.portion)


def paced(name: str, per_second: float) -> Budget:
    """Return the budget of a pace that several processes keep together: of an idle time a second is made up for."""
    tokens = max(1, round(2 * per_second))
    return Budget(name, tokens, tokens / per_second)


@dataclass(frozen=True, slots=True)
class Portion:
    """How many tokens were given, and in how many seconds it is worth asking again when they do not suffice."""

    tokens: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Bucket:
    """How full it was, in tokens, and when, in seconds since 1970; nothing is given before `paused_until`."""

    level: float
    at: float
    paused_until: float = 0.0

    def take(self, budget: Budget, most: int, now: float, *, urgent: bool) -> tuple[Bucket, Portion]:
        """Give up to `most` tokens; where nobody waits for them, those that are kept stay."""
        filled = self._filled(budget, now)
        if now < self.paused_until:
            return filled, Portion(0, self.paused_until - now)
        enough = min(budget.brim, max(1, min(most, budget.portion) // FRESH_ENOUGH))
        # However much is to be kept, a full bucket gives some to everybody: nobody may wait for ever.
        there = filled.level - (0 if urgent else min(budget.kept, budget.brim - enough))
        if there < enough:
            return filled, Portion(0, (enough - there) / budget.rate)
        given = min(most, math.floor(there))
        return replace(filled, level=filled.level - given), Portion(given, 0.0)

    def paused(self, seconds: float, now: float) -> Bucket:
        """Give nothing for a while; tokens come back all the same."""
        return replace(self, paused_until=max(self.paused_until, now + seconds))

    def _filled(self, budget: Budget, now: float) -> Bucket:
        """Add what came back since; a clock that goes back adds nothing."""
        level = min(float(budget.brim), self.level + max(0.0, now - self.at) * budget.rate)
        return replace(self, level=level, at=max(self.at, now))


def full(budget: Budget, now: float) -> Bucket:
    """Return a bucket of which nobody has taken anything."""
    return Bucket(float(budget.brim), now)
