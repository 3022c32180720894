"""What was asked and what was refused: since the start, and in each of the last seconds."""

from __future__ import annotations

import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable

from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json

# What names a person or an object does not belong into a reason.
NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|[0-9a-f]{8}-[0-9a-f-]{27}|\S+@\S+")
SERVICES = ("/v1.0", "/adminapi")
SECONDS = 120
ENDINGS = ("served", "throttled", "refused", "failed")


class Ledger:
    """Counts requests by method, path and status (0: the connection was cut), and refusals by reason."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._seconds: OrderedDict[int, Counter[str]] = OrderedDict()
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._refusals: Counter[str] = Counter()

    def count(self, method: str, path: str, status: int) -> None:
        """Note one answer."""
        self._requests[method, path, status] += 1
        if path.startswith(SERVICES):
            second = self._seconds.setdefault(int(self._clock()), Counter())
            second[_ending(status)] += 1
            while len(self._seconds) > SECONDS:
                self._seconds.popitem(last=False)

    def per_second(self) -> list[Json]:
        """Return the last two minutes in which Graph or Exchange were asked anything, the oldest second first."""
        now = int(self._clock())
        recent = {at: counts for at, counts in self._seconds.items() if at > now - SECONDS}
        return [{"at": at, **{name: counts[name] for name in ENDINGS}} for at, counts in recent.items()]

    def refuse(self, refusal: Refusal) -> None:
        """Note one refusal, without anybody's name."""
        targets = dict.fromkeys(detail.target for detail in refusal.details)
        named = " ".join([str(refusal.status), refusal.code, *targets])
        self._refusals[f"{named}: {NAMES.sub('…', refusal.message)}"] += 1

    def shown(self) -> Json:
        """Return the counts, the most frequent first."""
        counts = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in self._requests.most_common()
        ]
        return {"total": self._requests.total(), "counts": counts, "refusals": dict(self._refusals.most_common())}


def _ending(status: int) -> str:
    """Say how a request ended."""
    if status == 429:
        return "throttled"
    return "failed" if status >= 500 or not status else "refused" if status >= 400 else "served"
