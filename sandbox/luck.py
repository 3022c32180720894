"""Chance that a seed makes the same every time: what befalls how large a share of all requests."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any


class Luck:
    """Draws one of some kinds of bad luck, mostly none."""

    def __init__(self, kinds: Sequence[str], seed: int, **shares: float) -> None:
        """Draw by the seed; raises ValueError for shares that cannot be."""
        if set(shares) - set(kinds) or min(shares.values(), default=0) < 0 or sum(shares.values()) > 1:
            raise ValueError(f"shares are of {tuple(kinds)}, not negative, and together at most 1")
        self._shares = {kind: float(shares.get(kind, 0.0)) for kind in kinds}
        self._seed = seed
        self._befell: Counter[str] = Counter()
        self.random = random.Random(f"{seed}/faults")

    def draw(self) -> str | None:
        """Return the kind that befalls the next request, and count it."""
        drawn = self.random.random()
        for kind, share in self._shares.items():
            if drawn < share:
                self._befell[kind] += 1
                return kind
            drawn -= share
        return None

    def shown(self) -> dict[str, Any]:
        """Return the shares and how often each befell."""
        return {"seed": self._seed, **self._shares, "befell": {kind: self._befell[kind] for kind in self._shares}}
