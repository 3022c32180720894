"""The end of a mailbox: which step is due when, and what is told before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.album_number import AlbumNumber
from estudent.domain.brake import Brake
from estudent.domain.mailbox_life import (
    KINDS,
    LETTERS,
    NEXT,
    Calendar,
    CloudUser,
    Deed,
    Leaving,
    Parting,
    deed_due,
    planned,
    seen,
    to_be_told,
)
from estudent.domain.plan import DANGEROUS

NOW = date(2026, 7, 1)
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
OPEN = CloudUser(
    AlbumNumber("100001"), "id", "a@b", "a@b", frozenset({"a@b"}), enabled=True, licensed_by=frozenset({""}),
    sessions_from=NOON - timedelta(days=300),
)  # fmt: skip
SHUT = replace(OPEN, enabled=False, sessions_from=NOON)
BARE = replace(SHUT, licensed_by=frozenset())
DAYS = st.integers(0, 400)
CALENDARS = st.builds(Calendar, DAYS, st.integers(1, 400), st.integers(1, 400), st.integers(1, 60))
ENDING = st.sampled_from([*NEXT])


@pytest.mark.parametrize(
    "state, user, deed",
    [
        (Leaving.ANNOUNCED, OPEN, Deed.BLOCK),
        (Leaving.ANNOUNCED, replace(OPEN, enabled=False), Deed.BLOCK),
        (Leaving.ANNOUNCED, SHUT, None),
        (Leaving.BLOCKED, SHUT, Deed.WITHDRAW),
        (Leaving.BLOCKED, BARE, None),
        (Leaving.UNLICENSED, BARE, Deed.ERASE),
        (Leaving.UNLICENSED, replace(BARE, deleted=True), None),
        (Leaving.DELETED, replace(BARE, deleted=True), None),
        (Leaving.GONE, BARE, None),
    ],
)
def test_what_is_due_is_the_next_step_unless_it_is_seen_to_be_done(
    state: Leaving, user: CloudUser, deed: Deed | None
) -> None:
    assert deed_due(Parting(state, NOW, NOW, NOW), user, NOW) is deed


@pytest.mark.parametrize(
    "state, user, after",
    [
        (Leaving.ANNOUNCED, OPEN, Leaving.ANNOUNCED),
        (Leaving.ANNOUNCED, SHUT, Leaving.BLOCKED),
        (Leaving.BLOCKED, BARE, Leaving.UNLICENSED),
        (Leaving.BLOCKED, OPEN, Leaving.BLOCKED),
        (Leaving.UNLICENSED, BARE, Leaving.UNLICENSED),
        (Leaving.UNLICENSED, replace(BARE, deleted=True), Leaving.DELETED),
        (Leaving.DELETED, None, Leaving.GONE),
    ],
)
def test_a_state_is_what_was_seen(state: Leaving, user: CloudUser | None, after: Leaving) -> None:
    assert seen(Parting(state, NOW, NOW, NOW), user, NOW) is after


@given(CALENDARS, ENDING, DAYS)
def test_nothing_is_done_that_was_not_told(calendar: Calendar, state: Leaving, days: int) -> None:
    today = NOW + timedelta(days=days)
    assert deed_due(Parting(state, NOW, NOW), OPEN, today) is None
    assert planned(Parting(state, NOW, NOW), calendar) is not None


@given(CALENDARS, st.sampled_from([Leaving.BLOCKED, Leaving.UNLICENSED]), DAYS)
def test_there_are_always_so_many_days_between_the_letter_and_the_step(
    calendar: Calendar, state: Leaving, days: int
) -> None:
    today = NOW + timedelta(days=days)
    day = to_be_told(Parting(state, NOW, NOW), calendar, today)
    assert day is None or (day - today).days >= calendar.warn_before
    assert day is None or day >= (planned(Parting(state, NOW, NOW), calendar) or day)


@given(CALENDARS, DAYS)
def test_the_block_is_told_as_soon_as_the_end_is_noticed(calendar: Calendar, days: int) -> None:
    today = NOW + timedelta(days=days)
    day = to_be_told(Parting(Leaving.ANNOUNCED, today, today), calendar, today)
    assert day == today + timedelta(days=calendar.block_after)


@given(CALENDARS, ENDING, DAYS)
def test_nobody_is_told_the_same_twice(calendar: Calendar, state: Leaving, days: int) -> None:
    assert to_be_told(Parting(state, NOW, NOW, NOW), calendar, NOW + timedelta(days=days)) is None


def test_every_step_has_its_letter_and_all_but_the_return_touch_the_brake() -> None:
    assert set(LETTERS) == set(NEXT.values())
    assert {deed for deed in Deed if KINDS[deed] in DANGEROUS} == set(Deed) - {Deed.REOPEN}


def test_a_whole_year_that_graduates_needs_somebody_s_agreement() -> None:
    assert Brake().holds([KINDS[Deed.BLOCK]] * 2000, 15_000)
