"""Graph's limits per application and tenant (microsoft-graph-docs-contrib, concepts/throttling-limits.md)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import Refusal

WRITES, WRITES_SECONDS = 3000, 150.0
UNITS, UNITS_SECONDS = 8000, 10.0


@dataclass
class Bucket:
    """Holds at most `capacity` and fills up within `seconds`."""

    capacity: float
    seconds: float
    level: float
    filled: float = 0.0

    def fill(self, now: float) -> None:
        """Add what has trickled in since the last time."""
        trickled = (now - self.filled) * self.capacity / self.seconds
        self.level, self.filled = min(self.capacity, self.level + trickled), now

    def wait_for(self, amount: int) -> float:
        """Return in how many seconds the amount will be there, 0 when it is."""
        return max(0.0, amount - self.level) * self.seconds / self.capacity

    @property
    def used(self) -> float:
        """Return how much of it is spent, from 0 to 1."""
        return 1 - self.level / self.capacity


class Quotas:
    """Counts writes and resource units, and says when to come back."""

    def __init__(self, options: Options) -> None:
        scale = options.quota_scale
        self._writes = Bucket(WRITES * scale, WRITES_SECONDS, WRITES * scale)
        self._units = Bucket(UNITS * scale, UNITS_SECONDS, UNITS * scale)
        self._tells_when = options.retry_after

    def spend(self, request: Request, now: float) -> None:
        """Pay for a request, or refuse it without any effect."""
        units, writes = cost(request)
        for bucket in (self._units, self._writes):
            bucket.fill(now)
        seconds = max(self._units.wait_for(units), self._writes.wait_for(writes))
        if seconds > 0:
            raise self._refusal(math.ceil(seconds))
        self._units.level -= units
        self._writes.level -= writes

    def headers(self, request: Request) -> dict[str, str]:
        """Return what Graph tells about a request's price, and a warning from four fifths of a limit on."""
        used = max(self._units.used, self._writes.used)
        warning = {"x-ms-throttle-limit-percentage": f"{used:.2f}"} if used >= 0.8 else {}
        return {"x-ms-resource-unit": str(cost(request)[0]), **warning}

    def _refusal(self, seconds: int) -> Refusal:
        headers = {
            "x-ms-throttle-scope": "Tenant_Application/ReadWrite",
            "x-ms-throttle-information": "WriteLimitExceeded",
        }
        if self._tells_when:
            headers["Retry-After"] = str(seconds)
        return Refusal(429, "TooManyRequests", "Too many requests.", headers=headers)


def cost(request: Request) -> tuple[int, int]:
    """Return the resource units and the writes that a request costs."""
    if request.method != "GET":
        return 1, 1
    path = request.url.path
    if path.endswith("/subscribedSkus"):
        return 3, 0
    units = 2 if path.endswith("/users") else 1
    units -= "$select" in request.query_params
    top = request.query_params.get("$top", "")
    units -= top.isdecimal() and int(top) < 20
    return max(1, units), 0
