"""What was asked and what was refused, since the start."""

from __future__ import annotations

import re
from collections import Counter

from sandbox.microsoft365.refusal import Refusal
from sandbox.microsoft365.shelf import Json

# What names a person or an object does not belong into a reason.
NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|[0-9a-f]{8}-[0-9a-f-]{27}|\S+@\S+")


class Ledger:
    """Counts requests by method, path and status (0: the connection was cut), and refusals by reason."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._refusals: Counter[str] = Counter()

    def count(self, method: str, path: str, status: int) -> None:
        """Note one answer."""
        self._requests[method, path, status] += 1

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
