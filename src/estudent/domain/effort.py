"""How hard a process works, and whether another one beside it would speed the work up."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

LOOKED_AT = 3.0
"""So many seconds a process is looked at before it is judged: in a single portion it may wait, or not, by chance."""

WORTH_IT = 15.0
"""Nobody is asked to help with less than so many seconds of work.

Half of that is over until a worker has seen the run and started it, and its start takes some of a core from others.
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a process spent, in seconds by the clock and of processors, all its threads together.

    `done` is how much of the work was done meanwhile, by whomever, in whatever is counted.
    """

    clock: float
    processor: float
    done: float = 0.0

    def since(self, before: Effort) -> Effort:
        """Return what was spent since a moment at which so much had been."""
        return Effort(self.clock - before.clock, self.processor - before.processor, self.done - before.done)

    @property
    def busy(self) -> float:
        """How much of a processor core it kept busy."""
        return self.processor / self.clock if self.clock > 0 else 0.0

    def lasts(self, left: float) -> float:
        """Return in how many seconds so much is done at this pace."""
        return left * self.clock / self.done if self.done > 0 else inf


def another_gains(spent: Effort, left: float, busy: float) -> bool:
    """Tell whether another process should be asked to help with so much work.

    It should while the one that works keeps `busy` of a core busy, or more, and some time will pass until all is done.
    One that is less busy waits for a far side, for a pace or for the processor: there another one would wait as well.
    """
    return spent.busy >= busy and spent.lasts(left) >= WORTH_IT


class Lookout:
    """Judges a process by what it spent lately, again and again, for the work that is left."""

    def __init__(self, busy: float, begun: Effort) -> None:
        self.busy, self._since = busy, begun

    def so_many_gain(self, now: Effort, left: float, free: int, coming: bool = False) -> int:
        """Return for how many of the free parts of the work somebody should be asked by now.

        One after another, so that it shows whether each who comes leaves the others busy: while somebody is `coming`,
        nobody else is asked, and what was spent until then does not count. Of all where `busy` is 0.
        """
        if not self.busy:
            return free
        if coming:
            self._since = now
            return 0
        spent = now.since(self._since)
        if spent.clock < LOOKED_AT:
            return 0
        self._since = now
        return min(free, another_gains(spent, left, self.busy))
