"""What every registry of tries promises."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from estudent.adapters.registry import tables
from estudent.adapters.registry.attempts import SqlAttempts
from estudent.domain.throttle import Recent, Turn
from estudent.ports import SPARED, THROTTLED, UNJUDGED, Attempt, Attempts
from tests.contract.registry_world import FINGERPRINTS, START, Registry, at_once

DOOR, NAME, HERE = "sign-in", "s100001", "192.0.2.7"


def attempts_of(registry: Registry) -> SqlAttempts:
    return SqlAttempts(registry.database, registry.clock, FINGERPRINTS)


def seconds(turn: Turn, now: datetime) -> float:
    assert turn.until
    return (turn.until - now).total_seconds()


class AttemptsContract:
    @pytest.fixture
    def attempts(self, registry: Registry) -> Attempts:
        return attempts_of(registry)

    def test_nobody_has_failed_at_first(self, attempts: Attempts) -> None:
        assert attempts.recent(DOOR, NAME, HERE, 1) == Recent()
        assert attempts.of(1, 10) == []

    def test_failures_are_counted_by_what_was_typed_by_place_and_by_account(
        self, registry: Registry, attempts: Attempts
    ) -> None:
        student = registry.a_student()
        attempts.note(DOOR, NAME, HERE, "wrong_password", student.key)
        registry.clock.turn(seconds=5)
        attempts.note(DOOR, "lucja.zak@example.pl", HERE, "wrong_password", student.key)
        registry.clock.turn(seconds=5)
        attempts.note(DOOR, "somebody else", HERE, "unknown")
        assert attempts.recent(DOOR, NAME, HERE, student.key) == Recent(
            by_subject=1,
            by_source=3,
            last=START,
            last_by_source=START + timedelta(seconds=10),
            by_student=2,
            last_by_student=START + timedelta(seconds=5),
        )
        assert attempts.recent(DOOR, NAME, "elsewhere").by_source == 0

    def test_unknown_names_are_nobody_s_account(self, attempts: Attempts) -> None:
        attempts.note(DOOR, "unknown", HERE, "unknown")
        assert attempts.recent(DOOR, "another", "elsewhere") == Recent()

    def test_every_door_counts_for_itself(self, attempts: Attempts) -> None:
        attempts.note("activate", NAME, HERE, "pesel_differs")
        assert attempts.recent(DOOR, NAME, HERE) == Recent()

    @pytest.mark.parametrize("cause", ["", THROTTLED, UNJUDGED])
    def test_success_and_tries_that_nobody_judged_do_not_count(self, attempts: Attempts, cause: str) -> None:
        attempts.note(DOOR, NAME, HERE, cause)
        assert attempts.recent(DOOR, NAME, HERE) == Recent()

    def test_a_try_that_spared_the_account_counts_but_not_against_the_account(
        self, registry: Registry, attempts: Attempts
    ) -> None:
        student = registry.a_student()
        attempts.note(DOOR, NAME, HERE, SPARED, student.key)
        recent = attempts.recent(DOOR, NAME, HERE, student.key)
        assert (recent.by_subject, recent.by_source, recent.by_student) == (1, 1, 0)

    def test_failures_count_for_a_quarter_of_an_hour_those_of_a_place_for_an_hour(
        self, registry: Registry, attempts: Attempts
    ) -> None:
        student = registry.a_student()
        attempts.note(DOOR, NAME, HERE, "wrong_password", student.key)
        registry.clock.turn(minutes=15, seconds=59)
        assert attempts.recent(DOOR, NAME, HERE, student.key).by_subject == 1
        registry.clock.turn(seconds=1)
        recent = attempts.recent(DOOR, NAME, HERE, student.key)
        assert (recent.by_subject, recent.by_student, recent.by_source) == (0, 0, 1)
        registry.clock.turn(minutes=44)
        assert attempts.recent(DOOR, NAME, HERE, student.key) == Recent()

    # turns

    def test_a_turn_counts_as_failed_until_it_is_settled(self, attempts: Attempts) -> None:
        turn = attempts.take_turn(DOOR, NAME, HERE, "unknown")
        assert turn.until is None and not turn.spared
        assert attempts.recent(DOOR, NAME, HERE).by_subject == 1

    def test_after_five_failures_one_waits_and_the_wait_counts_nothing(
        self, registry: Registry, attempts: Attempts
    ) -> None:
        for _ in range(5):
            assert attempts.take_turn(DOOR, NAME, HERE, "unknown").until is None
        for _ in range(5):
            assert seconds(attempts.take_turn(DOOR, NAME, HERE, "unknown"), registry.clock()) == 30
        assert attempts.recent(DOOR, NAME, HERE).by_subject == 5
        registry.clock.turn(seconds=30)
        assert attempts.take_turn(DOOR, NAME, HERE, "unknown").until is None
        assert seconds(attempts.take_turn(DOOR, NAME, HERE, "unknown"), registry.clock()) == 60

    def test_a_wait_is_the_same_for_a_student_and_for_nobody(self, registry: Registry, attempts: Attempts) -> None:
        student = registry.a_student()
        known = [attempts.take_turn(DOOR, NAME, "one", "wrong_password", student.key).until for _ in range(7)]
        unknown = [attempts.take_turn(DOOR, "s999999", "other", "unknown").until for _ in range(7)]
        assert known == unknown

    def test_other_names_of_one_account_spare_the_account(self, registry: Registry, attempts: Attempts) -> None:
        student = registry.a_student()
        for at in range(5):
            attempts.take_turn(DOOR, f"spelling {at}", HERE, "wrong_password", student.key)
        turn = attempts.take_turn(DOOR, "spelling 6", HERE, "wrong_password", student.key)
        assert turn.spared and turn.until is None
        assert attempts.of(student.key, 1) == [Attempt(registry.clock(), DOOR, SPARED)]
        assert not attempts.take_turn(DOOR, "spelling 7", HERE, "unknown").spared

    def test_of_many_who_try_in_the_same_moment_five_may(self, registry: Registry) -> None:
        key = registry.a_student().key
        turns = at_once(
            registry, 8, lambda mine, _at: attempts_of(mine).take_turn(DOOR, NAME, HERE, "wrong_password", key)
        )
        assert sum(turn.until is None for turn in turns) == 5

    def test_of_many_spellings_in_the_same_moment_five_reach_the_account(self, registry: Registry) -> None:
        key = registry.a_student().key
        turns = at_once(
            registry, 8, lambda mine, at: attempts_of(mine).take_turn(DOOR, f"name {at}", HERE, "wrong_password", key)
        )
        assert sum(not turn.spared for turn in turns) == 5

    def test_success_forgets_the_failures_under_any_name_but_keeps_them_for_the_office(
        self, registry: Registry, attempts: Attempts
    ) -> None:
        student = registry.a_student()
        attempts.note(DOOR, "another name", HERE, "wrong_password", student.key)
        for _ in range(3):
            attempts.note(DOOR, NAME, HERE, "wrong_password", student.key)
        attempts.settle(attempts.take_turn(DOOR, NAME, HERE, "wrong_password", student.key), "")
        assert attempts.recent(DOOR, NAME, HERE, student.key) == Recent()
        assert [each.cause for each in attempts.of(student.key, 10)] == ["", *["wrong_password"] * 4]

    def test_success_does_not_forget_what_others_failed_at(self, registry: Registry, attempts: Attempts) -> None:
        student = registry.a_student()
        attempts.note(DOOR, "s999999", HERE, "unknown")
        attempts.note("activate", NAME, HERE, "pesel_differs", student.key)
        attempts.settle(attempts.take_turn(DOOR, NAME, HERE, "wrong_password", student.key), "")
        assert attempts.recent(DOOR, "s999999", HERE).by_source == 1
        assert attempts.recent("activate", NAME, HERE).by_subject == 1

    def test_a_turn_may_turn_out_to_have_failed_for_another_cause(self, registry: Registry, attempts: Attempts) -> None:
        student = registry.a_student()
        attempts.settle(attempts.take_turn(DOOR, NAME, HERE, "wrong_password", student.key), "barred")
        assert [each.cause for each in attempts.of(student.key, 10)] == ["barred"]
        assert attempts.recent(DOOR, NAME, HERE).by_subject == 1

    def test_a_turn_that_was_refused_settles_nothing(self, attempts: Attempts) -> None:
        for _ in range(5):
            attempts.take_turn(DOOR, NAME, HERE, "unknown")
        attempts.settle(attempts.take_turn(DOOR, NAME, HERE, "unknown"), "")
        assert attempts.recent(DOOR, NAME, HERE).by_subject == 5

    def test_failures_can_be_forgotten(self, registry: Registry, attempts: Attempts) -> None:
        student = registry.a_student()
        attempts.note(DOOR, NAME, HERE, "wrong_password", student.key)
        attempts.note(DOOR, "another name", HERE, "wrong_password", student.key)
        attempts.forget(DOOR, NAME)
        assert attempts.recent(DOOR, NAME, HERE, student.key).by_student == 1
        attempts.forget(DOOR, NAME, student.key)
        assert attempts.recent(DOOR, NAME, HERE, student.key) == Recent()

    # the office, and what is kept

    def test_the_office_sees_the_latest_first(self, registry: Registry, attempts: Attempts) -> None:
        student, other = registry.a_student(), registry.a_student("100002")
        attempts.note(DOOR, NAME, HERE, "wrong_password", student.key)
        attempts.note(DOOR, NAME, HERE, "wrong_password", other.key)
        registry.clock.turn(minutes=1)
        attempts.note("activate", NAME, HERE, "", student.key)
        later = START + timedelta(minutes=1)
        wanted = [Attempt(later, "activate", ""), Attempt(START, DOOR, "wrong_password")]
        assert attempts.of(student.key, 10) == wanted
        assert attempts.of(student.key, 1) == wanted[:1]

    def test_neither_names_nor_places_are_kept(self, registry: Registry, attempts: Attempts) -> None:
        attempts.note(DOOR, "lucja.zak@example.pl", HERE, "unknown")
        attempts.take_turn(DOOR, "lucja.zak@example.pl", HERE, "unknown")
        assert "lucja" not in registry.dump() and HERE not in registry.dump()
        other_key = replace(attempts_of(registry), fingerprints=replace(FINGERPRINTS, key=b"x" * 32))
        assert other_key.recent(DOOR, "lucja.zak@example.pl", HERE) == Recent()

    @pytest.mark.parametrize("name", ["", "\x00", "\ud800", "x" * 10_000, "'; DROP TABLE attempt; --"])
    def test_any_name_can_be_counted(self, attempts: Attempts, name: str) -> None:
        attempts.note(DOOR, name, HERE, "unknown")
        assert attempts.recent(DOOR, name, HERE).by_subject == 1
        assert attempts.recent(DOOR, f"{name}x", HERE).by_subject == 0

    def test_what_is_older_than_a_month_is_swept(self, registry: Registry, attempts: Attempts) -> None:
        attempts.note(DOOR, NAME, HERE, "unknown")
        registry.clock.turn(days=29)
        attempts.note(DOOR, NAME, HERE, "unknown")
        assert attempts.sweep() == 0
        registry.clock.turn(days=2)
        assert attempts.sweep() == 1
        assert registry.count(tables.attempt) == 1

    def test_sweeping_happens_along_the_way(self, registry: Registry, attempts: Attempts) -> None:
        attempts.note(DOOR, NAME, HERE, "unknown")
        registry.clock.turn(days=31)
        for _ in range(498):
            attempts.note(DOOR, NAME, HERE, "unknown")
        assert registry.count(tables.attempt) == 499
        attempts.note(DOOR, NAME, HERE, "unknown")
        assert registry.count(tables.attempt) == 499
