"""Which steps are sent together, and what is told when they cannot all be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.carrying import Carrier, waves
from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.writing import Add, Modify
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable
from tests.builders import an_entry

ADDRESSES = st.lists(st.sampled_from([f"{letter}@example.pl" for letter in "abcdefgh"]), max_size=2).map(tuple)
ENTRIES = st.builds(lambda at, mail: an_entry(str(1000 + at), mail=mail), st.integers(0, 9), ADDRESSES)
STEPS = st.lists(st.builds(lambda wanted, found: Step(StepKind.CHANGE, wanted, found), ENTRIES, st.none() | ENTRIES))


def touched(step: Step[Entry]) -> set[str]:
    entries = [step.wanted] + ([step.found] if step.found else [])
    return {name for entry in entries for name in (entry.uid, *entry.mail)}


@given(STEPS)
def test_nothing_is_touched_twice_within_a_wave(steps: list[Step[Entry]]) -> None:
    for wave in waves(steps):
        names = [name for step in wave.values() for name in touched(step)]
        assert len(names) == len(set(names))


@given(STEPS)
def test_each_step_comes_once_and_after_those_before_it_that_touch_the_same(steps: list[Step[Entry]]) -> None:
    parted = waves(steps)
    assert {at: step for wave in parted for at, step in wave.items()} == dict(enumerate(steps))
    wave_of = {at: number for number, wave in enumerate(parted) for at in wave}
    for later, step in enumerate(steps):
        earlier = [at for at in range(later) if touched(steps[at]) & touched(step)]
        assert all(wave_of[at] < wave_of[later] for at in earlier)


def test_steps_on_different_students_are_one_wave() -> None:
    assert len(waves(Step(StepKind.ADD, an_entry(str(1000 + at))) for at in range(100))) == 1


class Directory:
    """Stands in for the careful way: `together` is accepted, the others meet `trouble`, or are taken one by one."""

    def __init__(self, together: set[str], trouble: dict[str, FarSideError] | None = None) -> None:
        self.pool = self
        self.alone: list[str] = []
        self._together, self._trouble = together, trouble or {}

    def request(self, step: Step[Entry]) -> Add | Modify | None:
        return Add(step.album.digits, {})

    def ask_once(self, question: Callable[..., None]) -> None:
        keywords = question.keywords  # type: ignore[attr-defined]
        keywords["accepted"].update(at for at, each in keywords["wanted"].items() if each.name in self._together)
        raise OutOfReach("lost")

    def take(self, step: Step[Entry]) -> None:
        self.alone.append(step.album.digits)
        if trouble := self._trouble.get(step.album.digits):
            raise trouble


def five() -> list[Step[Entry]]:
    return [Step(StepKind.ADD, an_entry(str(1000 + at))) for at in range(1, 6)]


def test_what_was_not_accepted_is_taken_alone_in_its_order() -> None:
    directory: Any = Directory({"1001", "1004"})
    outcomes = list(Carrier(directory).carry_out(five()))
    assert [outcome.result for outcome in outcomes] == [Result.DONE] * 5
    assert directory.alone == ["1002", "1003", "1005"]


def test_each_has_the_outcome_that_it_met_alone() -> None:
    directory: Any = Directory({"1001"}, {"1002": Refused("taken"), "1003": Unavailable("busy")})
    outcomes = list(Carrier(directory).carry_out(five()))
    assert [(outcome.result, outcome.detail) for outcome in outcomes] == [
        (Result.DONE, ""), (Result.REFUSED, "taken"), (Result.FAILED, "busy"), (Result.DONE, ""), (Result.DONE, "")
    ]  # fmt: skip


class Busy(Directory):
    """Accepts what comes together first; whoever signs in afterwards is told that it is busy."""

    def ask_once(self, question: Callable[..., None]) -> None:
        keywords = question.keywords  # type: ignore[attr-defined]
        if self._together:
            keywords["accepted"].update(keywords["wanted"])
            self._together.clear()
            return
        raise Unavailable("busy")


def test_where_nobody_can_sign_in_for_a_while_each_has_its_outcome_all_the_same() -> None:
    directory: Any = Busy({"1001"}, {step.album.digits: Unavailable("busy") for step in five()})
    outcomes = list(Carrier(directory).carry_out([*five(), *five()]))
    assert [outcome.result for outcome in outcomes] == [*[Result.DONE] * 5, *[Result.FAILED] * 5]


def test_once_the_directory_is_out_of_reach_nothing_more_is_tried() -> None:
    directory: Any = Directory({"1005"}, {"1002": OutOfReach("gone")})
    outcomes = list(Carrier(directory).carry_out([*five(), *five()]))
    assert [outcome.result is Result.DONE for outcome in outcomes] == [True, False, False, False, True, *[False] * 5]
    assert directory.alone == ["1001", "1002"]
    assert {outcome.detail for outcome in outcomes} == {"", "gone"}


def test_what_was_done_is_told_before_everything_stops() -> None:
    directory: Any = Directory({"1001", "1004"}, {"1003": Misconfigured("no right to write")})
    outcomes = Carrier(directory).carry_out(five())
    told = [next(outcomes) for _ in range(3)]
    assert [outcome.step.album.digits for outcome in told] == ["1001", "1002", "1004"]
    with pytest.raises(Misconfigured):
        next(outcomes)
    assert directory.alone == ["1002", "1003"]
