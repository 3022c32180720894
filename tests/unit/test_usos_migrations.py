"""USOSweb's migrations: when something shows there, also on the days on which the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.usos_migrations import Migrations

WARSAW = ZoneInfo("Europe/Warsaw")
OPOLE = Migrations((time(1, 25), time(6, 5), time(16, 5)), WARSAW, timedelta(minutes=30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WARSAW)


@pytest.mark.parametrize(
    ("since", "shown"),
    [
        ("2026-09-15T06:00", "2026-09-15T06:35"),
        ("2026-09-15T06:05", "2026-09-15T06:35"),
        ("2026-09-15T06:06", "2026-09-15T16:35"),
        ("2026-09-15T16:06", "2026-09-16T01:55"),
        ("2026-10-24T23:00", "2026-10-25T01:55"),
        ("2026-10-25T01:30", "2026-10-25T06:35"),
        ("2027-03-28T01:30", "2027-03-28T06:35"),
        ("2026-12-31T23:59", "2027-01-01T01:55"),
    ],
)
def test_what_comes_during_a_migration_waits_for_the_next_one(since: str, shown: str) -> None:
    assert OPOLE.shown(at(since)) == at(shown)


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-09-15T06:10", "2026-09-15T06:35"),
        ("2026-09-15T06:35", "2026-09-15T16:35"),
        ("2026-09-15T23:00", "2026-09-16T01:55"),
    ],
)
def test_the_one_under_way_is_the_next_to_end(now: str, end: str) -> None:
    assert OPOLE.next_end(at(now)) == at(end)


def test_without_migrations_all_shows_at_once() -> None:
    moment = at("2026-09-15T06:00")
    assert (Migrations().shown(moment), Migrations().next_end(moment)) == (moment, None)


def test_a_time_that_the_night_of_the_change_skips_or_repeats_counts_once() -> None:
    nightly = Migrations((time(2, 30),), WARSAW)
    evenings = [at(f"2026-10-{day}T20:00") for day in (23, 24, 25)] + [
        at(f"2027-03-{day}T20:00") for day in (26, 27, 28)
    ]
    shown = [nightly.shown(evening) for evening in evenings]
    assert len(set(shown)) == len(evenings)
    assert all(
        timedelta(hours=5) < later - evening < timedelta(hours=8)
        for evening, later in zip(evenings, shown, strict=True)
    )


@given(st.integers(0, 8 * 365 * 24 * 60))
def test_something_always_shows_later_and_within_a_day(minute: int) -> None:
    since = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    assert timedelta(minutes=30) <= OPOLE.shown(since) - since <= timedelta(hours=12)
