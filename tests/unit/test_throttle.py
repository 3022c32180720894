"""How long somebody waits after failures, and that the directory's own lock is never reached."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from estudent.domain.throttle import SUBJECT_WINDOW, Recent, turn, wait_until

NOW = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)
LOCKS_AT = 10
REMEMBERS = timedelta(seconds=900 + 20)
"""A third of the directory's pwdMaxFailure; its pwdFailureCountInterval, with clocks that differ by some seconds."""


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 30), (6, 60), (7, 120), (8, 240), (9, 480), (10, 900), (11, 900), (1000, 900)],
)
def test_the_wait_grows_with_the_failures(failures: int, seconds: int) -> None:
    until = wait_until(Recent(by_subject=failures, last=NOW), NOW)
    assert until == (NOW + timedelta(seconds=seconds) if seconds else None)


@pytest.mark.parametrize(("failures", "seconds"), [(29, 0), (30, 30), (31, 30), (500, 30)])
def test_a_place_that_many_share_may_fail_more_often_and_never_waits_long(failures: int, seconds: int) -> None:
    until = wait_until(Recent(by_source=failures, last_by_source=NOW), NOW)
    assert until == (NOW + timedelta(seconds=seconds) if seconds else None)


def test_the_longer_of_two_waits_counts() -> None:
    recent = Recent(by_subject=7, by_source=32, last=NOW, last_by_source=NOW)
    assert wait_until(recent, NOW) == NOW + timedelta(seconds=120)


def test_after_the_wait_one_may_try_again() -> None:
    recent = Recent(by_subject=5, last=NOW)
    assert wait_until(recent, NOW + timedelta(seconds=29))
    assert wait_until(recent, NOW + timedelta(seconds=30)) is None


def test_other_spellings_of_a_name_are_free_but_do_not_reach_the_account() -> None:
    judged = turn(Recent(by_subject=0, by_student=5, last_by_student=NOW), NOW)
    assert judged.until is None and judged.spared


@pytest.mark.parametrize("spellings", [1, 2, 7])
@pytest.mark.parametrize("patience", [1, 31, 97])
def test_somebody_who_never_tires_cannot_get_a_student_locked_out(spellings: int, patience: int) -> None:
    """Try as often as one may, for three hours, with every spelling."""
    asked: list[datetime] = []
    typed: list[list[datetime]] = [[] for _ in range(spellings)]
    for second in range(0, 3 * 3600, patience):
        now = NOW + timedelta(seconds=second)
        for mine in typed:
            while not (judged := turn(recent_of(mine, asked, now), now)).until:
                mine.append(now)
                if not judged.spared:
                    asked.append(now)
    heard = [sum(at - REMEMBERS <= other <= at for other in asked) for at in asked]
    assert len(asked) > 5
    assert max(heard) < LOCKS_AT


def recent_of(mine: list[datetime], asked: list[datetime], now: datetime) -> Recent:
    """Count as the registry does."""
    own = [at for at in mine if at > now - SUBJECT_WINDOW]
    theirs = [at for at in asked if at > now - SUBJECT_WINDOW]
    return Recent(
        by_subject=len(own),
        last=max(own, default=None),
        by_student=len(theirs),
        last_by_student=max(theirs, default=None),
    )


def test_the_student_waits_for_the_stranger_s_failures_a_quarter_of_an_hour_at_most() -> None:
    for failures in count(5):
        until = wait_until(Recent(by_subject=failures, last=NOW), NOW)
        assert until and until <= NOW + SUBJECT_WINDOW
        if failures > 40:
            break
