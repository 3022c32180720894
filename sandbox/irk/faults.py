"""What goes wrong: the next requests that match, as ordered; or any request, by chance, always the same for a seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sandbox.orders import CUT, UNTOUCHED, Disturbance, Orders

KINDS = ("throttled", "failing", "html", "truncated", "cut")
FORMS = ("", "html", "truncated", "error", "another")
"""How a true answer is spoilt: a login page, half of it, an error with status 200, another person's id."""


@dataclass(slots=True, kw_only=True)
class Fault(Disturbance):
    """What befalls requests; `form` spoils an answer, with `retry_after` a refusal asks to wait for so many seconds."""

    form: str = ""
    retry_after: str = ""

    def __post_init__(self) -> None:
        Disturbance.__post_init__(self)
        if self.form not in FORMS:
            raise ValueError(f"form is one of {FORMS}")


class Profile:
    """How large a share of all requests meets each kind of fault."""

    def __init__(self, seed: int = 1, **shares: float) -> None:
        """Draw by the seed; raises ValueError for shares that cannot be."""
        if set(shares) - set(KINDS) or min(shares.values(), default=0) < 0 or sum(shares.values()) > 1:
            raise ValueError(f"shares are of {KINDS}, not negative, and together at most 1")
        self._shares = {kind: float(shares.get(kind, 0.0)) for kind in KINDS}
        self._seed, self._random = seed, random.Random(f"{seed}/irk")
        self._befell: Counter[str] = Counter()

    def draw(self) -> Fault | None:
        """Return what befalls the next request, mostly nothing."""
        drawn = self._random.random()
        for kind, share in self._shares.items():
            if drawn < share:
                self._befell[kind] += 1
                return self._fault(kind)
            drawn -= share
        return None

    def shown(self) -> dict[str, Any]:
        """Return the shares and how often each befell."""
        return {"seed": self._seed, **self._shares, "befell": {kind: self._befell[kind] for kind in KINDS}}

    def _fault(self, kind: str) -> Fault:
        if kind == "throttled":
            return Fault(status=429, retry_after=self._random.choice(("", "0", "1")))
        if kind == "failing":
            return Fault(status=self._random.choice((500, 502, 503, 504)))
        if kind == "cut":
            return Fault(status=CUT)
        return Fault(status=UNTOUCHED, form=kind)


class Faults(Orders[Fault]):
    """The faults that are still to happen, and what befalls the other requests by chance."""

    def __init__(self, profile: Profile) -> None:
        super().__init__(Fault)
        self.profile = profile

    def take(self, path: str) -> Fault | None:
        """Return the fault that befalls the request, and count it."""
        return self.next(lambda fault: fault.path_contains in path) or self.profile.draw()
