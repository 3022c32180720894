"""Disturbances: the next calls that match are slow, refused, or lose their answer; or any call, by chance."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.luck import Luck
from sandbox.orders import CUT, UNTOUCHED, Disturbance, Orders

KINDS = ("slow", "failing", "html", "lost")
SLOW = 0.3


@dataclass(slots=True, kw_only=True)
class Fault(Disturbance):
    """What happens to so many calls; with `html` the answer is a page, as of a gateway or a maintenance."""

    html: bool = False


class Faults(Orders[Fault]):
    """The faults that are still to happen, and what befalls the other calls by chance."""

    def __init__(self, luck: Luck) -> None:
        super().__init__(Fault)
        self.luck = luck

    def take(self, path: str) -> Fault | None:
        """Return the fault that befalls the call, and count it."""
        if ordered := self.next(lambda fault: fault.path_contains in path):
            return ordered
        return self._fault(self.luck.draw())

    def _fault(self, kind: str | None) -> Fault | None:
        match kind:
            case "slow":
                return Fault(status=UNTOUCHED, delay=self.luck.random.uniform(0, SLOW))
            case "failing":
                return Fault(status=self.luck.random.choice((429, 500, 502, 503, 504)))
            case "html":
                return Fault(status=self.luck.random.choice((UNTOUCHED, 502)), html=True)
            case "lost":
                return Fault(status=self.luck.random.choice((CUT, 500, 504)), after_effect=True)
        return None
