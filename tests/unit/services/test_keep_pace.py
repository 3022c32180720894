"""A pace that several processes keep together."""

from __future__ import annotations

import pytest

from estudent.domain.allowance import Budget, Portion, full, paced
from estudent.services.keep_pace import KeepPace


class Shared:
    """A bucket that all take from, and a clock that waiting moves."""

    def __init__(self, budget: Budget) -> None:
        self.now, self.bucket, self.asked = 0.0, full(budget, 0.0), 0

    def take(self, budget: Budget, most: int, *, urgent: bool) -> Portion:
        """Take tokens."""
        self.asked += 1
        self.bucket, portion = self.bucket.take(budget, most, self.now, urgent=urgent)
        return portion

    def sleep(self, seconds: float) -> None:
        """Let time pass, as ever a little more than was asked for."""
        self.now += seconds + 1e-6


@pytest.mark.parametrize("per_second", [0.1, 0.5, 1, 3, 10, 20, 300])
def test_three_processes_together_keep_the_pace_and_waste_little_of_it(per_second: float) -> None:
    budget = paced("post", per_second)
    shared = Shared(budget)
    processes = [KeepPace(shared, budget, shared.sleep) for _ in range(3)]  # type: ignore[arg-type]
    calls = round(per_second * 60) + 3
    for at in range(calls):
        processes[at % 3].wait()
    a_portion = max(1, round(per_second))
    assert calls - 4 * a_portion <= shared.now * per_second <= calls + 3 * a_portion


def test_the_registry_is_asked_about_once_in_a_second_not_for_each_call() -> None:
    budget = paced("usos", 20)
    shared = Shared(budget)
    process = KeepPace(shared, budget, shared.sleep)  # type: ignore[arg-type]
    for _ in range(1200):
        process.wait()
    assert shared.now == pytest.approx(59, abs=2)
    assert shared.asked < 1200 / 2
