"""Disturbances: the next requests that match are slow, refused, or lose their answer; or any request, by chance."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any

from starlette.types import Scope

from sandbox.microsoft365.shelf import Json

CUT, UNTOUCHED = 0, 200
UNNAMED = "unnamed"
KINDS = ("throttled", "failing", "lost")
SERVICES = ("/v1.0/", "/adminapi/")


@dataclass(slots=True)
class Fault:
    """What happens to so many requests: status 0 cuts the connection, 200 only delays the true answer.

    With `after_effect` the work is done first and its answer is lost. `exception`, the name of a .NET exception, and
    `words` shape the refusal as a cmdlet's; `conflict` names the property of a conflict that Graph reports, or is
    `unnamed` for the form that names none.
    """

    path_contains: str = ""
    method: str = ""
    status: int = CUT
    times: int = 1
    after_effect: bool = False
    delay: float = 0.0
    retry_after: int | None = None
    exception: str = ""
    conflict: str = ""
    words: str = "A fault that was ordered."

    def __post_init__(self) -> None:
        if not (self.status in (CUT, UNTOUCHED) or 400 <= self.status <= 599):
            raise ValueError("status is 0 to cut the connection, 200 to delay only, or 400 to 599")
        if self.times < 1 or self.delay < 0:
            raise ValueError("times is at least 1 and delay is not negative")

    def matches(self, scope: Scope) -> bool:
        """Say whether the request is meant."""
        target = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        return self.path_contains in target and self.method.upper() in ("", scope["method"])


class Profile:
    """How large a share of all requests to Graph and Exchange is throttled, fails, or loses its answer."""

    def __init__(self, seed: int = 1, **shares: float) -> None:
        """Draw by the seed; raises ValueError for shares that cannot be."""
        if set(shares) - set(KINDS) or min(shares.values(), default=0) < 0 or sum(shares.values()) > 1:
            raise ValueError(f"shares are of {KINDS}, not negative, and together at most 1")
        self._shares = {kind: float(shares.get(kind, 0.0)) for kind in KINDS}
        self._seed = seed
        self._random = random.Random(f"{seed}/faults")
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

    def shown(self) -> Json:
        """Return the shares and how often each befell."""
        return {"seed": self._seed, **self._shares, "befell": {kind: self._befell[kind] for kind in KINDS}}

    def _fault(self, kind: str) -> Fault:
        if kind == "throttled":
            return Fault(status=429, retry_after=self._random.choice((None, 1)))
        if kind == "failing":
            return Fault(status=self._random.choice((500, 502, 503, 504)))
        return Fault(status=self._random.choice((CUT, 500, 502, 503, 504)), after_effect=True)


class Faults:
    """The faults that are still to happen, in the order in which they were ordered."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._waiting: list[Fault] = []

    def order(self, wanted: Any) -> None:
        """Add a fault; raises ValueError for what is none."""
        known = {field.name for field in fields(Fault)}
        if not isinstance(wanted, dict) or not set(wanted) <= known:
            raise ValueError(f"a fault is an object with some of {sorted(known)}")
        try:
            self._waiting.append(Fault(**wanted))
        except TypeError as error:
            raise ValueError("a field of the fault has the wrong type") from error

    def take(self, scope: Scope) -> Fault | None:
        """Return the fault that befalls the request, and count it; the sandbox's own pages are spared."""
        if scope["path"] == "/" or scope["path"].startswith("/sandbox"):
            return None
        fault = next((each for each in self._waiting if each.matches(scope)), None)
        if fault is None:
            return self.profile.draw() if scope["path"].startswith(SERVICES) else None
        fault.times -= 1
        self._waiting = [each for each in self._waiting if each.times]
        return fault

    def clear(self) -> None:
        """Forget them all."""
        self._waiting = []

    def shown(self) -> list[Json]:
        """Return what is still to happen."""
        return [asdict(each) for each in self._waiting]
