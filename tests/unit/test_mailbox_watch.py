"""Mailboxes on their way: looked at again less and less often, and stuck after two days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from estudent.domain.mailbox_watch import DAILY, LOOKS, ON_THE_WAY, STUCK_AFTER, WAY, Watched, onward
from estudent.domain.student import MailboxState

NOW = datetime(2026, 9, 15, 9, 0, tzinfo=UTC)
ASKED = Watched(MailboxState.REQUESTED)


def until(state: MailboxState, watched: Watched = ASKED, since: datetime = NOW) -> tuple[Watched, datetime, int]:
    """Look whenever it is due, always seeing this state, until the mailbox is stuck; at most 100 times."""
    at, looks = since, 0
    while watched.state is not MailboxState.STUCK and looks < 100:
        watched, looks = onward(watched, state, at), looks + 1
        assert watched.next_look_at is not None
        at = watched.next_look_at
    return watched, at, looks


def test_the_looks_are_ever_further_apart() -> None:
    assert all(sooner < later for sooner, later in pairwise(LOOKS))
    assert LOOKS[-1] == timedelta(hours=4)


def test_a_mailbox_that_does_not_come_is_stuck_after_two_days_and_a_few_looks() -> None:
    watched, at, looks = until(MailboxState.AWAITED)
    assert STUCK_AFTER < at - DAILY - NOW <= STUCK_AFTER + LOOKS[-1]
    assert looks < 30 and watched.reached == {MailboxState.CREATED: NOW, MailboxState.AWAITED: NOW}


def test_without_a_licence_nothing_is_stuck_by_time_alone() -> None:
    assert until(MailboxState.CREATED)[2] == until(MailboxState.REQUESTED)[2] == 100


def test_a_step_further_makes_the_next_look_come_soon() -> None:
    watched = onward(Watched(MailboxState.AWAITED, looks=9, waits_since=NOW), MailboxState.OPENED, NOW)
    assert (watched.looks, watched.next_look_at) == (0, NOW + LOOKS[0])


def test_the_two_days_run_from_the_licence_through_all_that_follows() -> None:
    watched = onward(ASKED, MailboxState.AWAITED, NOW)
    later = onward(watched, MailboxState.OPENED, NOW + timedelta(hours=40))
    assert later.state is MailboxState.OPENED
    assert onward(later, MailboxState.OPENED, NOW + timedelta(hours=49)).state is MailboxState.STUCK


def test_a_mailbox_that_comes_after_all_is_not_stuck_any_more() -> None:
    stuck = until(MailboxState.AWAITED)[0]
    assert onward(stuck, MailboxState.VERIFIED, NOW + timedelta(days=5)).state is MailboxState.VERIFIED


def test_a_stuck_mailbox_that_gets_on_is_followed_again() -> None:
    stuck, at, _ = until(MailboxState.AWAITED)
    later = onward(stuck, MailboxState.OPENED, at)
    assert (later.state, later.next_look_at) == (MailboxState.OPENED, at + LOOKS[0])
    assert onward(stuck, MailboxState.AWAITED, at).state is MailboxState.STUCK


def test_what_a_person_must_mend_is_stuck_whatever_was_seen() -> None:
    stuck = onward(ASKED, MailboxState.OPENED, NOW, held=True)
    assert (stuck.state, stuck.next_look_at) == (MailboxState.STUCK, NOW + DAILY)
    assert MailboxState.OPENED in stuck.reached


def test_a_mailbox_in_conflict_is_the_student_s_turn() -> None:
    assert onward(ASKED, MailboxState.CONFLICT, NOW).next_look_at is None


@pytest.mark.parametrize("state", WAY)
def test_moments_are_kept_up_to_what_is_there(state: MailboxState) -> None:
    all_seen = dict.fromkeys(WAY, NOW)
    later = onward(Watched(MailboxState.VERIFIED, reached=all_seen), state, NOW + DAILY)
    assert list(later.reached) == list(WAY[: WAY.index(state) + 1])
    assert set(later.reached.values()) == {NOW}


def test_every_state_is_on_the_way_or_waits_for_somebody_or_works() -> None:
    assert set(MailboxState) - ON_THE_WAY == {MailboxState.VERIFIED, MailboxState.CONFLICT, MailboxState.STUCK}
