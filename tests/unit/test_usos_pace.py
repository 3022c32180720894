"""Calls of USOS API at even distances, whoever makes them."""

from __future__ import annotations

from estudent.adapters.usos.pace import CAUGHT_UP, Pace


class Time:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def turns(time: Time, pace: Pace, many: int) -> list[float]:
    seen = []
    for _ in range(many):
        pace.wait()
        seen.append(round(time.now - 100.0, 6))
    return seen


def test_calls_come_at_even_distances() -> None:
    time = Time()
    assert turns(time, Pace(4.0, time, time.sleep), 5) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_what_came_late_is_made_up_for_a_little() -> None:
    time = Time()
    pace = Pace(4.0, time, time.sleep)
    time.sleep(60)
    late = turns(time, pace, 5)
    assert late == [60.0, 60.0, 60.0, 60.0, 60.2]
    assert sum(at == 60.0 for at in late) <= 1 + CAUGHT_UP * 4


def test_a_pace_of_nothing_holds_nobody_back() -> None:
    time = Time()
    assert turns(time, Pace(0.0, time, time.sleep), 3) == [0.0, 0.0, 0.0]
