"""How fast requests to IRK follow each other."""

from __future__ import annotations

from dataclasses import dataclass, field

from estudent.adapters.recruitment.irk import Pace


@dataclass
class Watch:
    """A clock that goes on only while somebody sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self, per_minute: int) -> Pace:
        return Pace(per_minute, clock=lambda: self.now, sleep=self.sleep)


def test_requests_are_spread_over_the_minute() -> None:
    watch = Watch()
    pace = watch.pace(60)
    for _ in range(61):
        pace.wait()
    assert watch.now == 60.0


def test_whoever_comes_late_does_not_wait() -> None:
    watch = Watch()
    pace = watch.pace(60)
    pace.wait()
    watch.now += 30
    pace.wait()
    assert watch.slept == []


def test_nobody_has_a_turn_while_irk_asks_to_wait() -> None:
    watch = Watch()
    pace = watch.pace(600)
    pace.wait()
    pace.hold(20)
    pace.hold(5)
    pace.wait()
    assert watch.now == 20.0
