"""Splitting a run's students into shards: fair, complete, stable, and never more than was agreed to."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from estudent.domain.brake import Brake
from estudent.domain.outcome import Tally
from estudent.domain.plan import StepKind
from estudent.domain.shard import Shard, ShardSight, allowances, fair_shares, how_many, taken_away, with_all_told

KEYS = st.lists(st.integers(1, 10**9), unique=True, min_size=1, max_size=300).map(sorted)
SHARD = Shard("run", "directory", 2, 4, 100, 199)


@given(KEYS, st.integers(1, 12))
def test_everybody_is_in_one_shard_and_only_one(keys: list[int], of: int) -> None:
    shares = fair_shares(keys, of)
    assert len(shares) == of
    assert [key for share in shares for key in share] == keys


@given(KEYS, st.integers(1, 12))
def test_no_shard_has_more_than_one_student_more_than_another(keys: list[int], of: int) -> None:
    sizes = [len(share) for share in fair_shares(keys, of)]
    assert max(sizes) - min(sizes) <= 1


@given(KEYS, st.integers(1, 12))
def test_a_shard_is_told_from_the_others_by_its_first_and_last_key(keys: list[int], of: int) -> None:
    of = min(of, len(keys))
    shares = fair_shares(keys, of)
    shards = [Shard("run", "directory", at, of, share[0], share[-1]) for at, share in enumerate(shares, 1)]
    for key in keys:
        assert sum(shard.holds(key) for shard in shards) == 1


@given(KEYS, st.integers(1, 12))
def test_the_same_students_are_split_the_same_way(keys: list[int], of: int) -> None:
    assert fair_shares(keys, of) == fair_shares(list(keys), of)


@given(st.integers(0, 200_000), st.integers(1, 10_000), st.integers(1, 64))
def test_a_shard_is_never_smaller_than_a_shard_should_be(students: int, least: int, most: int) -> None:
    of = how_many(students, least, most)
    assert 1 <= of <= most
    assert of == 1 or students // of >= least
    assert of == most or students < (of + 1) * least


def test_few_students_are_not_split_and_nobody_is_where_the_setting_says_so() -> None:
    assert [how_many(many, 2500, 4) for many in (0, 2500, 4999, 5000, 9999, 10_000, 100_000)] == [1, 1, 1, 2, 3, 4, 4]
    assert how_many(100_000, 0, 4) == 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(0, 500))
def test_all_shards_together_take_no_more_than_was_agreed_to(planned: list[int], let_through: int) -> None:
    may = allowances(planned, let_through)
    assert all(allowed >= each for allowed, each in zip(may, planned, strict=True))
    assert sum(may) <= max(sum(planned), let_through)
    assert max(sum(planned), let_through) - sum(may) < len(planned)


@given(st.integers(0, 300), st.integers(0, 10_000), st.integers(0, 100).map(lambda hundredths: hundredths / 100))
def test_the_brake_lets_through_what_does_not_hold_it(locks: int, looked_at: int, share: float) -> None:
    brake = Brake(share)
    held = brake.holds([StepKind.LOCK] * locks, looked_at)
    assert (held is None) == (locks <= brake.lets_through(looked_at))


def test_what_killed_processes_did_is_counted_by_the_journal() -> None:
    done = {"add": 3, "lock": 1, "change": 2, "link": 7}
    assert with_all_told(Tally("directory", read=9, new=1, changed=1), done) == Tally("directory", 9, 3, 3)
    assert with_all_told(Tally("letters", read=9, new=2), {"sent": 5}) == Tally("letters", 9, 5)
    assert with_all_told(Tally("payment_accounts"), {"number": 4}) == Tally("payment_accounts", new=4)


def test_what_the_journal_lacks_is_not_taken_from_the_tally() -> None:
    assert with_all_told(Tally("directory", new=4, changed=2), {"add": 3}) == Tally("directory", new=4, changed=2)


def test_what_was_taken_away_already_is_told_by_the_journal() -> None:
    assert taken_away({"lock": 2, "repair": 1, "add": 5, "unlock": 4, "change": 3}) == 3


def test_a_shard_has_a_name_for_people() -> None:
    assert SHARD.name == "shard 2 of 4"


@given(st.integers(1, 10**9), st.integers(1, 10**6), st.data())
def test_a_shard_is_done_by_as_much_as_its_keys_tell(first: int, many: int, data: st.DataObject) -> None:
    shard = Shard("run", "directory", 1, 1, first, first + many - 1)
    reached = data.draw(st.integers(first - 1, shard.last))
    sight = ShardSight(shard, reached, Tally("directory"), 1, free=False, finished=False)
    assert sight.done == (reached - first + 1) / many
    assert replace(sight, finished=True).done == 1


def test_a_shard_that_nobody_has_begun_is_not_done_at_all() -> None:
    assert ShardSight(SHARD, SHARD.first - 1, Tally("directory"), 0, free=True, finished=False).done == 0
