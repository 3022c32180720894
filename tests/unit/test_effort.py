"""When another process gains: only beside one that is busy, and not for work that is over before it comes."""

from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.effort import LOOKED_AT, WORTH_IT, Effort, Lookout, another_gains

SECONDS = st.floats(0.01, 10_000)
BUSY = st.floats(0.1, 4)
WORK = st.floats(0, 64)
SPENT = st.builds(lambda clock, busy, done: Effort(clock, clock * busy, done), SECONDS, BUSY, WORK)
BEGUN = Effort(0.0, 0.0)


def test_a_process_that_has_used_half_of_its_time_kept_half_of_a_core_busy() -> None:
    assert Effort(10.0, 5.0).busy == 0.5
    assert Effort(0.0, 0.0).busy == 0.0


def test_what_is_left_lasts_as_long_as_the_same_has_lasted() -> None:
    assert Effort(10.0, 5.0, done=2.0).lasts(3.0) == 15.0
    assert Effort(10.0, 5.0).lasts(3.0) == inf


@given(SPENT, WORK, BUSY, BUSY)
def test_who_is_not_busy_enough_for_one_threshold_is_not_for_a_higher_one(
    spent: Effort, left: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    assert another_gains(spent, left, low) or not another_gains(spent, left, high)


@given(SPENT, WORK, WORK, BUSY)
def test_with_more_work_left_it_gains_no_less(spent: Effort, one: float, other: float, busy: float) -> None:
    less, more = sorted((one, other))
    assert another_gains(spent, more, busy) or not another_gains(spent, less, busy)


@given(SECONDS, WORK, BUSY)
def test_beside_a_process_that_waits_nobody_gains(clock: float, left: float, busy: float) -> None:
    assert not another_gains(Effort(clock, clock * busy * 0.99, 1.0), left, busy)


@given(SPENT.filter(lambda spent: spent.done > 0.01), BUSY)
def test_for_work_that_is_over_before_anybody_comes_nobody_gains(spent: Effort, busy: float) -> None:
    left = spent.done * WORTH_IT / spent.clock
    assert not another_gains(spent, left * 0.99, busy)
    assert another_gains(spent, left * 1.01, busy) == (spent.busy >= busy)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 0.79)), max_size=30), st.integers(0, 64))
def test_nobody_is_asked_by_a_process_that_never_was_busy(slices: list[tuple[float, float]], free: int) -> None:
    lookout, clock, processor = Lookout(0.8, BEGUN), 0.0, 0.0
    for seconds, busy in slices:
        clock, processor = clock + seconds, processor + seconds * busy
        assert lookout.so_many_gain(Effort(clock, processor), 10.0, free) == 0


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(1, 64))
def test_one_at_a_time_is_asked_and_between_them_the_process_is_looked_at_for_a_while(
    slices: list[float], free: int
) -> None:
    lookout, now, asked = Lookout(0.8, BEGUN), 0.0, [0.0]
    for seconds in slices:
        now += seconds
        if many := lookout.so_many_gain(Effort(now, now), 10.0, free):
            assert many == 1
            assert now - asked[-1] >= LOOKED_AT
            asked.append(now)
    assert len(asked) > 1 or now < LOOKED_AT


def test_what_was_long_ago_does_not_count() -> None:
    lookout = Lookout(0.8, BEGUN)
    assert lookout.so_many_gain(Effort(100.0, 10.0), 10.0, 3) == 0
    assert lookout.so_many_gain(Effort(104.0, 13.9), 10.0, 3) == 1
    assert lookout.so_many_gain(Effort(108.0, 14.0), 10.0, 3) == 0


def test_while_somebody_is_coming_nobody_else_is_asked_and_nothing_counts() -> None:
    lookout = Lookout(0.8, BEGUN)
    assert lookout.so_many_gain(Effort(10.0, 10.0), 10.0, 3, coming=True) == 0
    assert lookout.so_many_gain(Effort(12.9, 12.9), 10.0, 3) == 0
    assert lookout.so_many_gain(Effort(13.0, 13.0), 10.0, 3) == 1


@given(SPENT, WORK, st.integers(0, 64), st.booleans())
def test_where_nobody_is_to_look_all_are_asked_at_once(now: Effort, left: float, free: int, coming: bool) -> None:
    assert Lookout(0.0, BEGUN).so_many_gain(now, left, free, coming) == free
