"""Which steps are sent together, and what is told when they cannot all be taken."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import accumulate, count
from types import MappingProxyType
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.ber import ENUMERATED, SEQUENCE, element, elements_in, number, octets, span
from estudent.adapters.ldap.carrying import BATCH, WINDOW, Carrier
from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.steps import Steps
from estudent.adapters.ldap.writing import Add, Modify
from estudent.domain.directory_entry import Entry
from estudent.domain.outcome import Outcome, Result
from estudent.domain.plan import Step, StepKind
from estudent.ports import FarSideError, Misconfigured, Refused, Unavailable
from tests.builders import an_entry

ADDED = 0x69
ADDRESSES = st.lists(st.sampled_from([f"{letter}@example.pl" for letter in "abcdefgh"]), max_size=2).map(tuple)
ENTRIES = st.builds(lambda at, mail: an_entry(str(1000 + at), mail=mail), st.integers(0, 9), ADDRESSES)
STEPS = st.lists(st.builds(lambda wanted, found: Step(StepKind.CHANGE, wanted, found), ENTRIES, st.none() | ENTRIES))


def touched(step: Step[Entry]) -> set[str]:
    entries = [step.wanted] + ([step.found] if step.found else [])
    return {name for entry in entries for name in (entry.uid, *entry.mail)}


class Server:
    """Stands in for the directory, for the way to it, and for the careful way, which meets `trouble`.

    It answers what is on its way in an order of its own, and hangs up once nothing of that is to be answered.
    """

    def __init__(
        self,
        steps: Sequence[Step[Entry]],
        accepts: Container[int],
        trouble: Mapping[int, FarSideError] = MappingProxyType({}),
        *,
        refuses: Container[int] = (),
        choose: Callable[[int], int] = lambda _: 0,
    ) -> None:
        self.pool = self.socket = self.server = self
        self.place_of = {id(step): at for at, step in enumerate(steps)}
        self.on_the_way: dict[int, int] = {}
        self.most, self.happened, self.alone = 0, list[tuple[str, int]](), list[int]()
        self._accepts, self._refuses, self._trouble, self._choose = accepts, refuses, trouble, choose
        self._numbers = count(1)

    @contextmanager
    def lend(self) -> Iterator[Server]:
        yield self

    def request(self, step: Step[Entry]) -> Add | Modify | None:
        return Add(str(self.place_of[id(step)]), {})

    def next_message_id(self) -> int:
        return next(self._numbers)

    def sendall(self, data: bytes) -> None:
        for number_of, place in places(data):
            self.happened.append(("sent", place))
            self.on_the_way[number_of] = place
        self.most = max(self.most, len(self.on_the_way))

    def recv(self, _: int) -> bytes:
        ready = [of for of, at in self.on_the_way.items() if at in self._accepts or at in self._refuses]
        if not ready:
            return b""
        chosen = ready[self._choose(len(ready))]
        at = self.on_the_way.pop(chosen)
        self.happened.append(("answered", at))
        result = number(0 if at in self._accepts else 68, ENUMERATED)
        return element(SEQUENCE, number(chosen) + element(ADDED, result + octets("") + octets("")))

    def take(self, step: Step[Entry]) -> None:
        place = self.place_of[id(step)]
        self.happened.append(("alone", place))
        self.alone.append(place)
        if trouble := self._trouble.get(place):
            raise trouble


def places(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the number of each request and what it is named: the place of its step."""
    at = 0
    while at < len(data):
        (_, number_of), (_, operation) = elements_in(data[at:])
        at = span(data, at)[1]
        begin, end = span(operation, 0)
        yield int.from_bytes(number_of, "big"), int(operation[begin:end])


def carried(server: Server, steps: Iterable[Step[Entry]]) -> list[Outcome]:
    return list(Carrier(cast("Steps", server)).carry_out(steps))


def adds(many: int) -> list[Step[Entry]]:
    return [Step(StepKind.ADD, an_entry(str(1000 + at))) for at in range(many)]


@given(STEPS, st.sets(st.integers(0, 60)), st.data())
def test_what_touches_the_same_is_never_on_its_way_together_and_keeps_its_order(
    steps: list[Step[Entry]], refused: set[int], data: st.DataObject
) -> None:
    everywhere = range(len(steps))
    accepts = set(everywhere) - refused
    server = Server(steps, accepts, refuses=refused, choose=lambda many: data.draw(st.integers(0, many - 1)))
    outcomes = carried(server, iter(steps))
    assert [outcome.step for outcome in outcomes] == steps
    settled: set[int] = set()
    for what, at in server.happened:
        before = {earlier for earlier in range(at) if touched(steps[earlier]) & touched(steps[at])}
        if what != "answered":
            assert before <= settled
        if what == "alone" or (what == "answered" and at in accepts):
            settled.add(at)


def test_as_many_as_the_window_holds_are_on_their_way_and_no_more() -> None:
    steps = adds(3 * WINDOW)
    server = Server(steps, range(len(steps)))
    assert {outcome.result for outcome in carried(server, steps)} == {Result.DONE}
    assert WINDOW - BATCH < server.most <= WINDOW
    assert server.alone == []


def test_those_who_lack_the_same_name_do_not_wait_for_each_other() -> None:
    """Entries that were made by hand have no principal name yet; each gets its own."""
    steps = [Step(StepKind.CHANGE, each.wanted, replace(each.wanted, principal_name="")) for each in adds(2 * WINDOW)]
    server = Server(steps, range(len(steps)))
    assert {outcome.result for outcome in carried(server, steps)} == {Result.DONE}
    assert server.alone == []


def test_the_directory_has_work_until_the_last_is_sent() -> None:
    steps = adds(3 * WINDOW)
    server = Server(steps, range(len(steps)))
    carried(server, steps)
    last_sent = max(at for at, (what, _) in enumerate(server.happened) if what == "sent")
    on_the_way = list(accumulate(1 if what == "sent" else -1 for what, _ in server.happened[:last_sent]))
    assert min(on_the_way[WINDOW:]) >= WINDOW - BATCH


def test_what_is_done_is_told_while_others_are_on_their_way() -> None:
    steps = adds(3 * WINDOW)
    server = Server(steps, range(len(steps)))
    outcomes = Carrier(cast("Steps", server)).carry_out(steps)
    assert next(outcomes).step == steps[0]
    assert len(server.on_the_way) >= WINDOW - BATCH


def test_after_a_refusal_nothing_more_is_sent_until_it_is_settled() -> None:
    steps = adds(3 * WINDOW)
    server = Server(steps, set(range(len(steps))) - {7}, refuses={7})
    carried(server, steps)
    settled = server.happened.index(("alone", 7))
    refused = server.happened.index(("answered", 7))
    assert {what for what, _ in server.happened[refused:settled]} == {"answered"}
    assert server.on_the_way == {}


def test_what_was_not_accepted_is_taken_alone_in_its_order() -> None:
    steps = adds(5)
    server = Server(steps, {0, 3})
    assert [outcome.result for outcome in carried(server, steps)] == [Result.DONE] * 5
    assert server.alone == [1, 2, 4]


def test_each_has_the_outcome_that_it_met_alone() -> None:
    steps = adds(5)
    outcomes = carried(Server(steps, {0}, {1: Refused("taken"), 2: Unavailable("busy")}), steps)
    assert [(outcome.result, outcome.detail) for outcome in outcomes] == [
        (Result.DONE, ""), (Result.REFUSED, "taken"), (Result.FAILED, "busy"), (Result.DONE, ""), (Result.DONE, "")
    ]  # fmt: skip


def test_a_single_step_is_taken_alone() -> None:
    steps = adds(1)
    server = Server(steps, {0})
    assert [outcome.result for outcome in carried(server, steps)] == [Result.DONE]
    assert server.happened == [("alone", 0)]


class Busy(Server):
    """Accepts what comes together first; whoever signs in afterwards is told that it is busy."""

    @contextmanager
    def lend(self) -> Iterator[Server]:
        if self.happened:
            raise Unavailable("busy")
        yield self


def test_where_nobody_can_sign_in_for_a_while_each_has_its_outcome_all_the_same() -> None:
    steps = [*adds(5), *adds(5)]
    server = Busy(steps, range(5), dict.fromkeys(range(5, 10), Unavailable("busy")))
    assert [outcome.result for outcome in carried(server, steps)] == [*[Result.DONE] * 5, *[Result.FAILED] * 5]


def test_once_the_directory_is_out_of_reach_nothing_more_is_tried() -> None:
    steps = [*adds(5), *adds(5)]
    server = Server(steps, {4}, {1: OutOfReach("gone")})
    outcomes = carried(server, steps)
    assert [outcome.result is Result.DONE for outcome in outcomes] == [True, False, False, False, True, *[False] * 5]
    assert server.alone == [0, 1]
    assert {outcome.detail for outcome in outcomes} == {"", "gone"}


def test_what_was_done_is_told_before_everything_stops() -> None:
    steps = adds(5)
    server = Server(steps, {0, 3}, {2: Misconfigured("no right to write")})
    outcomes = Carrier(cast("Steps", server)).carry_out(steps)
    assert [next(outcomes).step for _ in range(3)] == [steps[0], steps[1], steps[3]]
    with pytest.raises(Misconfigured):
        next(outcomes)
    assert server.alone == [1, 2]
