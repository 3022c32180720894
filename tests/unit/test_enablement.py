"""A student's way into USOS: each state moves by what was seen, and waiting for a migration is no error."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from estudent.domain.enablement import NOBODY, NOT_SHOWN, Enablement, LinkSight, onward
from estudent.domain.student import LinkState
from estudent.domain.usos_migrations import Migrations

NOON = datetime(2026, 9, 15, 12, 0, tzinfo=ZoneInfo("Europe/Warsaw")).astimezone(UTC)
OPOLE = Migrations((time(1, 25), time(6, 5), time(16, 5)), ZoneInfo("Europe/Warsaw"), timedelta(minutes=30))
AFTERNOON = NOON + timedelta(hours=4, minutes=35)
ADDRESS, OTHER = "lucja.zak@student.example.pl", "l.zak@student.example.pl"
S = LinkState


def sight(state: LinkState, asked_for: str | None = None, problem: str = "", *, held: bool = False) -> LinkSight:
    return LinkSight(1, state, "usosapi", ADDRESS if state is S.LINKED else None, asked_for, problem, held)


def after(*looks: tuple[datetime, LinkSight], migrations: Migrations = OPOLE) -> Enablement:
    known = None
    for now, seen in looks:
        known = onward(known, seen, now, migrations)
    assert known is not None
    return known


@pytest.mark.parametrize("state", [S.AWAITED, S.PERSON, S.REQUESTED])
def test_who_waits_for_a_migration_knows_when_it_ends(state: LinkState) -> None:
    known = after((NOON, sight(state, ADDRESS if state is S.REQUESTED else None)))
    assert (known.state, known.expected_at, known.problem) == (state, AFTERNOON, "")


def test_an_active_study_without_a_mailbox_waits_for_no_migration() -> None:
    assert after((NOON, sight(S.ACTIVE))).expected_at is None


def test_an_address_that_usos_holds_is_not_in_usosweb_before_the_next_migration() -> None:
    known = after((NOON, sight(S.LINKED, ADDRESS)), (AFTERNOON - timedelta(minutes=1), sight(S.LINKED)))
    assert (known.state, known.expected_at) == (S.LINKED, AFTERNOON)


def test_after_the_migration_it_must_still_be_seen_there() -> None:
    gone = after((NOON, sight(S.LINKED, ADDRESS)), (AFTERNOON, sight(S.ACTIVE)))
    there = after((NOON, sight(S.LINKED, ADDRESS)), (AFTERNOON, sight(S.LINKED)))
    assert (gone.state, there.state) == (S.ACTIVE, S.VERIFIED)
    assert S.LINKED not in gone.reached


def test_without_migrations_what_is_seen_is_verified_at_once() -> None:
    known = after((NOON, sight(S.LINKED, ADDRESS)), migrations=Migrations())
    assert (known.state, known.expected_at) == (S.VERIFIED, None)
    assert set(known.reached) == {S.AWAITED, S.PERSON, S.ACTIVE, S.REQUESTED, S.LINKED, S.VERIFIED}


def test_whose_address_was_there_already_was_never_asked_about() -> None:
    assert S.REQUESTED not in after((NOON, sight(S.LINKED))).reached


def test_the_moments_stay_as_long_as_what_was_seen_stays() -> None:
    later = NOON + timedelta(hours=1)
    known = after((NOON, sight(S.PERSON)), (later, sight(S.ACTIVE)), (later + timedelta(hours=1), sight(S.ACTIVE)))
    assert (known.reached[S.PERSON], known.reached[S.ACTIVE], known.since) == (NOON, later, later)


def test_another_address_waits_for_its_own_migration() -> None:
    renamed = LinkSight(1, S.LINKED, "usosapi", OTHER, OTHER)
    evening = AFTERNOON + timedelta(hours=3)
    known = after((NOON, sight(S.LINKED, ADDRESS)), (AFTERNOON, sight(S.LINKED)), (evening, renamed))
    assert (known.state, known.reached[S.LINKED]) == (S.LINKED, evening)
    assert S.VERIFIED not in known.reached


def test_a_refusal_holds_until_somebody_has_seen_to_it() -> None:
    refused = sight(S.ACTIVE, ADDRESS, "the address belongs to another person", held=True)
    known = after((NOON, refused), (AFTERNOON, sight(S.ACTIVE)))
    assert (known.state, known.problem, known.asked_for) == (S.STUCK, "the address belongs to another person", ADDRESS)


def test_who_is_stuck_gets_on_by_what_others_have_done_meanwhile() -> None:
    refused = sight(S.ACTIVE, ADDRESS, "no", held=True)
    assert after((NOON, refused), (AFTERNOON, sight(S.LINKED))).state is S.LINKED
    assert after((NOON, refused), (AFTERNOON, sight(S.REQUESTED, OTHER))).state is S.REQUESTED


@pytest.mark.parametrize(
    ("state", "days", "problem"), [(S.REQUESTED, 2, NOT_SHOWN), (S.AWAITED, 7, NOBODY), (S.PERSON, 90, None)]
)
def test_waiting_has_an_end_where_something_must_have_gone_wrong(state: LinkState, days: int, problem: str) -> None:
    first = (NOON, sight(state, ADDRESS if state is S.REQUESTED else None))
    in_time = after(first, (NOON + timedelta(days=days), sight(state)))
    late = after(first, (NOON + timedelta(days=days, minutes=1), sight(state)))
    assert (in_time.state, in_time.problem) == (state, "")
    assert (late.state, late.problem) == ((S.STUCK, problem) if problem else (state, ""))


def test_a_retry_is_waited_for_as_long_as_the_first_try() -> None:
    stuck = after((NOON, sight(S.REQUESTED, ADDRESS)), (NOON + timedelta(days=3), sight(S.REQUESTED)))
    assert stuck.state is S.STUCK
    retried = Enablement(S.RETRIED, NOON + timedelta(days=3), stuck.reached, ADDRESS)
    again = onward(retried, sight(S.REQUESTED, ADDRESS), NOON + timedelta(days=3, hours=1), OPOLE)
    assert (again.state, again.since) == (S.REQUESTED, NOON + timedelta(days=3, hours=1))


def test_somebody_else_s_number_alarms_whatever_was_before_and_ends_when_it_is_corrected() -> None:
    conflict = sight(S.CONFLICT, problem="compare", held=True)
    known = after((NOON, sight(S.ACTIVE)), (AFTERNOON, conflict))
    assert (known.state, known.problem) == (S.CONFLICT, "compare")
    assert onward(known, sight(S.ACTIVE), AFTERNOON + timedelta(hours=1), OPOLE).state is S.ACTIVE
