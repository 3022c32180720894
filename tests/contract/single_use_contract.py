"""What every registry of used things promises."""

from __future__ import annotations

from dataclasses import replace

from estudent.adapters.registry import tables
from estudent.adapters.registry.single_use import SqlSingleUse
from estudent.domain.fingerprint import Fingerprints
from tests.contract.registry_world import Registry, at_once

KEY = Fingerprints(b"a key of the tests, long enough for it")


def uses(registry: Registry) -> SqlSingleUse:
    return SqlSingleUse(registry.database, registry.clock, KEY)


class SingleUseContract:
    def test_a_thing_is_good_once(self, registry: Registry) -> None:
        assert [uses(registry).spend("puzzle 1") for _ in range(3)] == [True, False, False]
        assert uses(registry).spend("puzzle 2")

    def test_of_many_who_use_a_thing_in_the_same_moment_one_succeeds(self, registry: Registry) -> None:
        done = at_once(registry, 8, lambda mine, _at: uses(mine).spend("puzzle"))
        assert sorted(done) == [False] * 7 + [True]

    def test_names_are_kept_as_keyed_hashes_only(self, registry: Registry) -> None:
        uses(registry).spend("puzzle 1")
        assert "puzzle" not in str(registry.rows(tables.attempt))
        other_key = Fingerprints(b"another key of the tests, long enough")
        assert replace(uses(registry), fingerprints=other_key).spend("puzzle 1")

    def test_old_uses_are_forgotten_along_the_way(self, registry: Registry) -> None:
        for number in range(3):
            uses(registry).spend(f"old {number}")
        registry.clock.turn(hours=2)
        sweeping = next(name for name in map(str, range(5_000)) if KEY.of("single use", name).startswith("00"))
        assert uses(registry).spend(sweeping)
        assert registry.count(tables.attempt) == 1

    def test_tries_at_other_doors_are_left_alone(self, registry: Registry) -> None:
        mark = KEY.of("single use", "puzzle")
        registry.insert(
            tables.attempt, at=registry.clock(), door="sign-in", subject_hash=mark, source_hash="", cause="unknown"
        )
        assert uses(registry).spend("puzzle")
