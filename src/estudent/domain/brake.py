"""The brake: a plan that takes too much away stops and asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from estudent.domain.plan import DANGEROUS, StepKind


@dataclass(frozen=True, slots=True)
class Brake:
    """Let through at most `share` (0 to 1) of the students looked at, and always the first `spared` steps."""

    share: float = 0.02
    spared: int = 5

    def holds(self, kinds: Iterable[StepKind], looked_at: int) -> str | None:
        """Return why a plan must not run without a person's agreement, or None where it may."""
        dangerous = Counter(kind for kind in kinds if kind in DANGEROUS)
        if dangerous.total() <= self.lets_through(looked_at):
            return None
        would = " and ".join(f"{kind.value} {many} of {looked_at}" for kind, many in sorted(dangerous.items()))
        return (
            f"the plan would {would} students; "
            f"more than {self.share:.1%} (and more than {self.spared}) needs somebody's agreement"
        )

    def lets_through(self, looked_at: int) -> int:
        """Return how many steps that take something away need nobody's agreement."""
        return max(self.spared, int(self.share * looked_at))
