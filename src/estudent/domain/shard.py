"""Shards: parts of the students whom a run looks at, fair, and told apart by registry keys alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from estudent.domain.outcome import Tally
from estudent.domain.plan import DANGEROUS, StepKind

NEW = frozenset({StepKind.ADD.value, "sent", "number"})
CHANGED = frozenset(kind.value for kind in StepKind) - NEW
TAKES_AWAY = frozenset(kind.value for kind in DANGEROUS)
"""The first words of steps in the journal that a tally counts as new, as changed, and that the brake counts."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `of` shards of a run in one system: the students with registry keys from `first` to `last`.

    It was agreed that `allowed` steps of it may take something away from students.
    """

    run: str
    system: str
    number: int
    of: int
    first: int
    last: int
    allowed: int = 0

    @property
    def name(self) -> str:
        """What it is called in the journal and in remarks."""
        return f"shard {self.number} of {self.of}"

    def holds(self, key: int) -> bool:
        """Tell whether a student belongs to it."""
        return self.first <= key <= self.last


@dataclass(frozen=True, slots=True)
class ShardSight:
    """How far a shard is: done up to the key `reached`, with this tally; `free` when no living process has it."""

    shard: Shard
    reached: int
    tally: Tally
    takes: int
    free: bool
    finished: bool

    @property
    def done(self) -> float:
        """Which part of it is done, as its keys tell."""
        of = self.shard.last - self.shard.first + 1
        return 1.0 if self.finished else (self.reached - self.shard.first + 1) / of


def how_many(students: int, least: int, most: int) -> int:
    """Return into how many shards students are split: each has `least` at least; below twice that there is one."""
    return max(1, min(most, students // least)) if least else 1


def fair_shares(keys: Sequence[int], of: int) -> list[Sequence[int]]:
    """Split keys, in their order, into parts of which none has more than one key more than another."""
    size, larger = divmod(len(keys), of)
    ends = accumulate((size + (at < larger) for at in range(of)), initial=0)
    return [keys[begin:end] for begin, end in pairwise(ends)]


def allowances(planned: Sequence[int], let_through: int) -> list[int]:
    """Return how many steps of each shard may take something away: what was planned, and a fair part of what is left.

    Together they are never more than was agreed to: all that was planned, or what the brake lets through unasked.
    """
    spare = max(0, let_through - sum(planned)) // max(1, len(planned))
    return [each + spare for each in planned]


def with_all_told(tally: Tally, done: Mapping[str, int]) -> Tally:
    """Return a shard's tally with what the journal tells of it: processes that were killed counted nothing."""
    new, changed = (sum(done.get(word, 0) for word in words) for words in (NEW, CHANGED))
    return replace(tally, new=max(tally.new, new), changed=max(tally.changed, changed))


def taken_away(done: Mapping[str, int]) -> int:
    """Return how many of the steps that the journal tells of have taken something away."""
    return sum(done.get(word, 0) for word in TAKES_AWAY)
