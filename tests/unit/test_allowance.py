"""A bucket of tokens: as much as the quota, never more, and something kept for whoever waits."""

from __future__ import annotations

import random

import pytest

from estudent.domain.allowance import Bucket, Budget, full

WRITES = Budget("writes", 3000, 150.0, kept=150)


def take(bucket: Bucket, now: float, most: int = 20, *, urgent: bool = False) -> tuple[Bucket, int]:
    left, portion = bucket.take(WRITES, most, now, urgent=urgent)
    assert bool(portion.tokens) != bool(portion.wait)
    return left, portion.tokens


def test_a_portion_is_what_comes_back_in_a_second() -> None:
    assert (WRITES.rate, WRITES.portion, Budget("few", 3, 150.0).portion) == (20.0, 20, 1)


def test_all_but_what_is_kept_can_be_taken_at_once() -> None:
    bucket, taken = full(WRITES, 0.0), 0
    for _ in range(200):
        bucket, got = take(bucket, 0.0)
        taken += got
    assert taken == 2980 - 150
    assert sum(got for bucket, got in [take(bucket, 0.0, 150, urgent=True)]) == 150


def test_who_waits_overtakes_while_a_dry_bucket_fills() -> None:
    dry = Bucket(100.0, 0.0)
    assert take(dry, 1.0)[1] == 0
    assert take(dry, 1.0, urgent=True)[1] == 20


def test_the_wait_is_long_enough() -> None:
    dry = Bucket(150.0, 0.0)
    _, portion = dry.take(WRITES, 20, 0.0, urgent=False)
    assert portion.tokens == 0
    assert take(dry, portion.wait)[1] == 5


@pytest.mark.parametrize("seed", range(5))
def test_however_it_is_asked_no_window_gives_more_than_the_quota_and_little_is_wasted(seed: int) -> None:
    chance, bucket, now = random.Random(seed), full(WRITES, 0.0), 0.0
    taken: list[tuple[float, int]] = []
    while now < 600:
        bucket, got = take(bucket, now, chance.randint(1, 60), urgent=chance.random() < 0.1)
        taken.append((now, got))
        now += chance.uniform(0.0, 0.6)
    total = sum(got for _, got in taken)
    assert 0.97 * (2980 + 20 * 600 - 150) <= total <= 3000 + 20 * 600
    for start, _ in taken[:: len(taken) // 50]:
        assert sum(got for at, got in taken if start <= at < start + 150) <= 6000


def test_a_pause_gives_nobody_anything_and_loses_nothing() -> None:
    paused = Bucket(500.0, 0.0).paused(30.0, 0.0)
    left, portion = paused.take(WRITES, 20, 10.0, urgent=True)
    assert (portion.tokens, portion.wait) == (0, 20.0)
    assert take(left, 31.0, 2000)[1] == 500 + 620 - 150


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    assert Bucket(1.0, 0.0).paused(30.0, 0.0).paused(5.0, 1.0).paused_until == 30.0


def test_a_clock_that_is_behind_adds_nothing_and_takes_nothing_back() -> None:
    bucket, _ = take(Bucket(500.0, 100.0), 90.0)
    assert bucket == Bucket(480.0, 100.0)


@pytest.mark.parametrize("urgent", [True, False])
@pytest.mark.parametrize("seconds", [0.5, 1.0, 10.0, 150.0])
@pytest.mark.parametrize(("tokens", "kept"), [(1, 1), (2, 1), (3, 2), (20, 19), (8000, 7600)])
def test_whoever_waits_for_the_last_token_gets_it(tokens: int, kept: int, seconds: float, urgent: bool) -> None:
    budget = Budget("small", tokens, seconds, kept)
    _, portion = full(budget, 0.0).take(budget, tokens, 0.0, urgent=urgent)
    assert 1 <= portion.tokens <= tokens
    emptied = Bucket(0.0, 0.0)
    assert emptied.take(budget, tokens, seconds, urgent=urgent)[1].tokens >= 1
