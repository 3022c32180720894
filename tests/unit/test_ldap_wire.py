"""Many requests on one connection: answers come in any order and in any pieces, or do not come at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estudent.adapters.ldap.ber import ENUMERATED, SEQUENCE, element, number, octets
from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.writing import Add, Modify, write_together

ADDED, EXTENDED = 0x69, 0x78
GOOD_BYE = element(
    EXTENDED, number(52, ENUMERATED) + octets("") + octets("") + element(0x8A, b"1.3.6.1.4.1.1466.20036")
)


class Line:
    """Stands in for ldap3's connection, its server and its socket; it says what it was told to, and then nothing."""

    def __init__(self, *pieces: bytes, silence: type[OSError] | None = None) -> None:
        self.socket = self.server = self
        self.heard = b""
        self._pieces, self._silence, self._numbers = iter(pieces), silence, count(1)

    def next_message_id(self) -> int:
        return next(self._numbers)

    def sendall(self, data: bytes) -> None:
        self.heard += data

    def recv(self, _: int) -> bytes:
        piece = next(self._pieces, b"")
        if not piece and self._silence:
            raise self._silence
        return piece


def message(at: int, operation: bytes) -> bytes:
    return element(SEQUENCE, number(at) + operation)


def answer(at: int, result: int = 0, kind: int = ADDED) -> bytes:
    return message(at, element(kind, number(result, ENUMERATED) + octets("") + octets("")))


def an_add(at: int) -> Add:
    return Add(f"uid=s{at},ou=people", {"objectClass": ["inetOrgPerson"], "sn": ["Żak"]})


def accepted_by(line: Any, requests: dict[int, Add | Modify]) -> set[int]:
    accepted: set[int] = set()
    write_together(line, requests, accepted)
    return accepted


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    before = 0
    for place in sorted({*places, len(data)}):
        if before < place <= len(data):
            yield data[before:place]
            before = place


@given(st.permutations(range(1, 41)), st.sets(st.integers(1, 600)), st.sets(st.integers(1, 40)))
def test_what_was_accepted_is_known_in_whatever_order_and_pieces_answers_come(
    order: list[int], places: set[int], refused: set[int]
) -> None:
    answers = b"".join(answer(at, 68 if at in refused else 0) for at in order)
    requests: dict[int, Add | Modify] = {100 + at: an_add(at) for at in range(1, 41)}
    assert accepted_by(Line(*cut(answers, places)), requests) == {100 + at for at in range(1, 41) if at not in refused}


def test_requests_are_numbered_as_they_are_sent() -> None:
    line: Any = Line(answer(1), answer(2))
    accepted_by(line, {7: an_add(7), 9: Modify("uid=s9,ou=people", {})})
    assert line.heard == message(1, an_add(7).encoded()) + message(2, Modify("uid=s9,ou=people", {}).encoded())


def test_nothing_is_sent_for_nothing() -> None:
    assert accepted_by(Line(), {}) == set()


def test_text_that_cannot_be_sent_keeps_nobody_else_back() -> None:
    broken = Add("uid=s1,ou=people", {"sn": ["\ud800"]})
    assert accepted_by(Line(answer(1)), {1: broken, 2: an_add(2)}) == {2}


@pytest.mark.parametrize(
    "line",
    [
        Line(answer(2)),
        Line(answer(2), silence=TimeoutError),
        Line(answer(2), silence=ConnectionResetError),
        Line(answer(2) + message(0, GOOD_BYE) + answer(1)),
        Line(answer(2), answer(17)),
        Line(answer(2), b"\x30\x03\x02\x01\x01\x30\x00\x00"),
    ],
    ids=["closed", "silent", "reset", "good-bye", "answer to nothing", "nonsense"],
)
def test_on_a_lost_connection_only_what_was_answered_before_counts(line: Line) -> None:
    accepted: set[int] = set()
    nothing: Any = line
    with pytest.raises(OutOfReach):
        write_together(nothing, {1: an_add(1), 2: an_add(2), 3: an_add(3)}, accepted)
    assert accepted == {2}
