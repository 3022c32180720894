"""Graph's limits for identity and access (microsoft-graph-docs-contrib, concepts/throttling-limits.md)."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import dataclass

from starlette.requests import Request

from sandbox.microsoft365.options import Options
from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json

UNITS, UNITS_WINDOW = 8000, 10.0
WRITES, WRITES_WINDOW = 3000, 150.0
NEARLY = 0.8
KEPT_BACK = 0.1
"""The share that requests of low priority leave to others; documented is the order alone, not the number."""
FEW = 20


@dataclass(slots=True)
class Bucket:
    """Holds tokens that come back evenly, as many in a window as it holds."""

    capacity: float
    window: float
    level: float
    at: float = 0.0

    def fill(self, now: float) -> None:
        """Add what came back since the last time."""
        self.level = min(self.capacity, self.level + max(0.0, now - self.at) * self.capacity / self.window)
        self.at = now

    def wait(self, amount: float) -> float:
        """Return how many seconds are missing until the amount is there."""
        return max(0.0, amount - self.level) * self.window / self.capacity

    @property
    def used(self) -> float:
        """Return the share that is taken."""
        return 1 - self.level / self.capacity


class Quota:
    """What the application may still do in this tenant."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._units = _full(UNITS, UNITS_WINDOW, options)
        self._writes = _full(WRITES, WRITES_WINDOW, options)
        self._random = random.Random(f"{options.seed}/quota")
        self._granted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()

    def charge(self, request: Request, now: float) -> dict[str, str]:
        """Take what the request costs and return the headers that tell so, or refuse with 429."""
        units, writes = cost(request)
        priority = request.headers.get("x-ms-throttle-priority", "normal").lower()
        kept_back = KEPT_BACK if priority == "low" else 0.0
        for bucket, amount, name in ((self._units, units, "ResourceUnit"), (self._writes, writes, "Write")):
            bucket.fill(now)
            wait = bucket.wait(amount + kept_back * bucket.capacity) if amount else 0.0
            if wait > 0:
                self._refused[f"{name} {priority}"] += 1
                raise self._too_many(name, wait)
        self._units.level -= units
        self._writes.level -= writes
        self._granted.update(units=units, writes=writes)
        return {"x-ms-resource-unit": str(units), **self._warning()}

    def shown(self) -> Json:
        """Return both buckets as they were left, what was granted in all, and what was refused by priority."""
        return {
            name: {"capacity": bucket.capacity, "window": bucket.window, "left": round(bucket.level, 1)}
            | {"granted": self._granted[name]}
            for name, bucket in (("units", self._units), ("writes", self._writes))
        } | {"refused": dict(self._refused)}

    def _warning(self) -> dict[str, str]:
        """Tell how much is used once little is left."""
        used = max(self._units.used, self._writes.used)
        return {"x-ms-throttle-limit-percentage": f"{used:.1f}"} if used >= NEARLY else {}

    def _too_many(self, name: str, wait: float) -> Refusal:
        """Refuse, and mostly say when to come back (facts 3.1: sources differ on whether Graph does)."""
        scope = f"Tenant_Application/ReadWrite/{self._options.client_id}/{self._options.tenant_id}"
        headers = {
            "x-ms-throttle-scope": scope, "x-ms-throttle-information": f"{name}LimitExceeded",
            "x-ms-throttle-limit-percentage": "1.0",
        }  # fmt: skip
        if self._random.random() < self._options.retry_after:
            headers["Retry-After"] = str(max(1, math.ceil(wait)))
        return Refusal(429, "TooManyRequests", "Please retry again later.", headers=headers)


def _full(capacity: float, window: float, options: Options) -> Bucket:
    capacity *= options.quota_scale
    return Bucket(capacity, window * options.quota_windows, capacity)


def cost(request: Request) -> tuple[int, int]:
    """Return resource units and writes: a write is 1 and 1; GET /users is 2, one less with $select, with $top<20."""
    if request.method != "GET":
        return 1, 1
    path = request.url.path.rstrip("/").removeprefix("/v1.0")
    if path.endswith("/mailboxSettings"):
        return 0, 0  # Outlook's limits are its own.
    top = request.query_params.get("$top", "")
    base = {"/users": 2, "/subscribedSkus": 3}.get(path, 1)
    less = ("$select" in request.query_params) + (top.isdecimal() and int(top) < FEW)
    return max(1, base - less), 0
