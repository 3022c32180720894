"""Many requests on one connection: answers come in any order and in any pieces, or do not come at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import count, islice
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3 import Connection
from ldap3.operation import search
from ldap3.protocol.rfc4511 import LDAPMessage, PartialAttributeList, ProtocolOp, SearchResultEntry
from ldap3.utils import asn1

from estudent.adapters.ldap.answers import ADMITTED, SPELLINGS, texts_found, values_found
from estudent.adapters.ldap.attributes import READ, decoded
from estudent.adapters.ldap.ber import BOOLEAN, ENUMERATED, OCTETS, SEQUENCE, SET, element, number, octets
from estudent.adapters.ldap.binding import POLICY, bind
from estudent.adapters.ldap.binding import Answer as Admitted
from estudent.adapters.ldap.changes import DONE, changes_since
from estudent.adapters.ldap.directory import _entries
from estudent.adapters.ldap.errors import OutOfReach
from estudent.adapters.ldap.likeness import Likeness
from estudent.adapters.ldap.locks import STATE
from estudent.adapters.ldap.reading import all_with_albums, one, with_albums
from estudent.adapters.ldap.requests import CONTROLS
from estudent.adapters.ldap.wire import incoming
from estudent.adapters.ldap.writing import Add, Modify, Window
from estudent.domain.directory_entry import Entry
from estudent.ports import EntryChanges, Misconfigured
from tests.builders import an_entry

# As ldap3 reads messages; parts of it have no types.
CODEC: Any = asn1
SEARCH: Any = search
ADDED, FOUND, FINISHED, REFERENCE, EXTENDED = 0x69, 0x64, 0x65, 0x73, 0x78
GOOD_BYE = element(
    EXTENDED, number(52, ENUMERATED) + octets("") + octets("") + element(0x8A, b"1.3.6.1.4.1.1466.20036")
)


class Line:
    """Stands in for ldap3's connection, its server and its socket; it says what it was told to, and then nothing."""

    def __init__(self, *pieces: bytes, silence: type[OSError] | None = None) -> None:
        self.socket = self.server = self
        self.closed = False
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
    window = Window(line)
    window.send(requests)
    return set(answered(window))


def answered(window: Window) -> Iterator[int]:
    while len(window):
        key, succeeded = window.answer()
        if succeeded:
            yield key


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
    window = Window(cast("Connection", Line(answer(1))))
    assert window.send({1: broken, 2: an_add(2)}) == 1
    assert list(answered(window)) == [2]


@pytest.mark.parametrize(
    "line",
    [
        Line(answer(2)),
        Line(answer(2), silence=TimeoutError),
        Line(answer(2), silence=ConnectionResetError),
        Line(answer(2) + message(0, GOOD_BYE) + answer(1)),
        Line(answer(2), answer(17)),
        Line(answer(2), b"\x30\x03\x02\x01\x01\x30\x00\x00"),
        Line(answer(2), message(1, element(ADDED, b"\x0a\x00"))),
        Line(answer(2), message(1, element(ADDED, b"\x0a\x01"))),
        Line(answer(2), message(1, element(REFERENCE, octets("")))),
    ],
    ids=["closed", "silent", "reset", "good-bye", "answer to nothing", "nonsense", "empty", "cut short", "no result"],
)
def test_on_a_lost_connection_only_what_was_answered_before_counts(line: Line) -> None:
    window = Window(cast("Connection", line))
    assert window.send({1: an_add(1), 2: an_add(2), 3: an_add(3)}) == 3
    accepted: list[int] = []
    with pytest.raises(OutOfReach):
        accepted.extend(answered(window))
    assert accepted == [2]


OTHERS = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=100)
NAMES = st.sampled_from(READ) | OTHERS.filter(lambda name: name.casefold() not in SPELLINGS)
VALUES = st.lists(st.binary(max_size=300), min_size=1, max_size=4)


def an_answer_with(attributes: dict[str, list[bytes]]) -> bytes:
    entry: Any = SearchResultEntry()
    entry["object"], entry["attributes"] = "uid=s1,ou=people", PartialAttributeList()
    for at, (name, values) in enumerate(attributes.items()):
        entry["attributes"][at]["type"] = name
        entry["attributes"][at]["vals"].extend(values)
    whole: Any = LDAPMessage()
    whole["messageID"] = 1
    whole["protocolOp"] = ProtocolOp().setComponentByName("searchResEntry", entry)
    return bytes(CODEC.encode(whole))


# ldap3 takes names that differ in case alone for one.
@given(st.lists(st.tuples(NAMES, VALUES), max_size=8, unique_by=lambda named: named[0].casefold()).map(dict))
def test_an_entry_is_read_as_ldap3_reads_it(attributes: dict[str, list[bytes]]) -> None:
    assert_read_as_ldap3_reads_it(attributes)


@pytest.mark.parametrize("name", READ)
@pytest.mark.parametrize("spelled", [str.swapcase, str.casefold, str.upper])
def test_names_are_read_as_we_write_them(name: str, spelled: Callable[[str], str]) -> None:
    ((_, operation),) = islice(incoming(cast("Connection", Line(an_answer_with({spelled(name): [b"x"]})))), 1)
    assert texts_found(operation) == {name: ("x",)}


def test_a_long_value_is_read_as_ldap3_reads_it() -> None:
    assert_read_as_ldap3_reads_it({"sn": [b"x" * 70_000, b"y"], "cn": [b"z" * 300]})


def test_an_attribute_with_a_long_name_is_read_as_ldap3_reads_it() -> None:
    assert_read_as_ldap3_reads_it({"sn": [b"x"], f"sn;lang-{'x' * 150}": [b"y"], "cn": [b"z"]})


def assert_read_as_ldap3_reads_it(attributes: dict[str, list[bytes]]) -> None:
    data = an_answer_with(attributes)
    by_ldap3 = dict(SEARCH.raw_attributes_to_dict_fast(CODEC.decode_message_fast(data)["payload"][1][3]))
    ((_, operation),) = islice(incoming(cast("Connection", Line(data))), 1)
    assert texts_found(operation) == decoded(by_ldap3) == decoded(attributes)
    assert values_found(operation) == attributes


def test_lengths_may_take_more_bytes_than_they_need() -> None:
    long = b"\x30\x84\x00\x00\x00\x0b\x04\x02sn\x31\x82\x00\x03\x04\x01N"
    assert texts_found(element(FOUND, octets("") + element(SEQUENCE, long))) == {"sn": ("N",)}


def test_names_of_attributes_are_spelt_as_we_spell_them() -> None:
    named = element(SEQUENCE, octets("MAILlocalADDRESS") + element(SET, octets("a@b")))
    assert texts_found(element(FOUND, octets("") + element(SEQUENCE, named))) == {"mailLocalAddress": ("a@b",)}


def test_an_attribute_without_values_has_none() -> None:
    named = element(SEQUENCE, octets("sn") + element(SET, b""))
    assert texts_found(element(FOUND, octets("") + element(SEQUENCE, named))) == {"sn": ()}


# Passwords


def bound(at: int, result: int, controls: bytes = b"") -> bytes:
    return message(at, element(ADMITTED, number(result, ENUMERATED) + octets("") + octets("")) + controls)


def told(*parts: bytes) -> bytes:
    """Return slapd's answer to the control by which it is asked about passwords."""
    value = element(OCTETS, element(SEQUENCE, b"".join(parts)))
    return element(CONTROLS, element(SEQUENCE, octets(POLICY) + value))


EXPIRES_SOON = element(0xA0, number(60, 0x80))
"""A warning: the password expires in a minute."""


@pytest.mark.parametrize(
    ("said", "must_change"),
    [
        (b"", False),
        (told(), False),
        (told(EXPIRES_SOON), False),
        (told(number(2, 0x81)), True),
        (told(EXPIRES_SOON, number(2, 0x81)), True),
        (told(number(0, 0x81)), False),
    ],
    ids=["no control", "nothing", "a warning", "must change", "both", "expired"],
)
def test_a_right_password_may_have_to_be_changed(said: bytes, must_change: bool) -> None:
    line: Any = Line(bound(1, 0, said))
    assert bind(line, "uid=s1,ou=people", b"a password") == Admitted(accepted=True, must_change=must_change)


@pytest.mark.parametrize("result", [48, 49, 53])
def test_a_wrong_password_is_no_failure_of_the_directory(result: int) -> None:
    line: Any = Line(bound(1, result))
    assert bind(line, "uid=s1,ou=people", b"a password") == Admitted(accepted=False)


@pytest.mark.parametrize(
    "line",
    [
        Line(),
        Line(silence=TimeoutError),
        Line(message(0, GOOD_BYE)),
        Line(bound(2, 0)),
        Line(b"\x30\x03\x02\x01\x01\x30\x00\x00"),
        Line(message(1, element(ADMITTED, b"\x0a\x00"))),
        Line(message(1, element(ADDED, number(0, ENUMERATED) + octets("") + octets("")))),
    ],
    ids=["closed", "silent", "good-bye", "answer to nothing", "nonsense", "no result", "another answer"],
)
def test_whoever_has_no_answer_is_not_let_in(line: Line) -> None:
    nothing: Any = line
    with pytest.raises(OutOfReach):
        bind(nothing, "uid=s1,ou=people", b"a password")


@pytest.mark.parametrize(("name", "password"), [("uid=s1,ou=people", b""), ("", b"a password")])
def test_whoever_could_be_let_in_as_nobody_does_not_ask(name: str, password: bytes) -> None:
    """A server that takes such a request lets everybody in with it (RFC 4513, sections 5.1.1 and 5.1.2)."""
    line: Any = Line(bound(1, 0))
    with pytest.raises(Misconfigured):
        bind(line, name, password)
    assert line.heard == b""


# Searches


def found(at: int, name: str) -> bytes:
    named = element(SEQUENCE, octets("uid") + element(SET, octets(name)))
    return message(at, element(FOUND, octets("") + element(SEQUENCE, named)))


def test_several_searches_are_answered_at_once() -> None:
    digits = [str(at) for at in range(1000, 1120)]
    answers = found(3, "c"), found(1, "a"), answer(3, kind=FINISHED), answer(1, kind=FINISHED), found(2, "b")
    line: Any = Line(b"".join(answers), answer(2, kind=FINISHED))
    assert [texts_found(each)["uid"] for each in with_albums(line, "ou=people", digits)] == [("c",), ("a",), ("b",)]


@pytest.mark.parametrize("spelled", [str.swapcase, str.casefold, str.upper])
@pytest.mark.parametrize("name", [*STATE, "objectClass", "pwdLockoutDuration"])
def test_what_was_asked_for_is_found_however_the_directory_spells_it(name: str, spelled: Callable[[str], str]) -> None:
    """A password's state that is overlooked would let somebody in who is locked, or keep somebody out."""
    line: Any = Line(an_answer_with({spelled(name): [b"x"]}), answer(1, kind=FINISHED))
    assert one(line, "uid=s1,ou=people", [name]) == {name: [b"x"]}


def test_a_search_that_is_refused_is_no_empty_one() -> None:
    line: Any = Line(found(1, "a"), answer(1, 4, FINISHED))
    with pytest.raises(Misconfigured, match="4 sizeLimitExceeded"):
        list(all_with_albums(line, "ou=people"))


@pytest.mark.parametrize(
    "last",
    [b"", message(0, GOOD_BYE), answer(2, kind=FINISHED), b"\x30\x03\x02\x01\x01\x00\x00\x00"],
    ids=["closed", "good-bye", "answer to nothing", "nonsense"],
)
def test_a_search_that_is_cut_off_is_no_short_one(last: bytes) -> None:
    line: Any = Line(found(1, "a"), last)
    with pytest.raises(OutOfReach):
        list(all_with_albums(line, "ou=people"))


@pytest.mark.parametrize("wanted", [[], [an_entry()]], ids=["finding", "comparing"])
@pytest.mark.parametrize(
    "operation",
    [element(FOUND, b""), element(FOUND, octets("") + element(SEQUENCE, b"\x30\x84\x7f"))],
    ids=["without attributes", "cut short"],
)
def test_an_entry_that_cannot_be_read_is_no_answer(operation: bytes, wanted: list[Entry]) -> None:
    line: Any = Line(message(1, operation), answer(1, kind=FINISHED))
    with pytest.raises(OutOfReach):
        _entries(line, partial(all_with_albums, people="ou=people"), {}, Likeness(wanted))


# Changes


def refreshed(*told: bytes) -> Any:
    """The answer to a question for changes, after nobody was named."""
    controls = [
        element(SEQUENCE, octets("1.2.3")),
        element(SEQUENCE, octets(DONE) + element(OCTETS, element(SEQUENCE, b"".join(told)))),
    ]
    result = element(FINISHED, number(0, ENUMERATED) + octets("") + octets(""))
    return Line(message(1, result + element(0xA0, b"".join(controls))))


def test_nobody_is_gone_where_the_directory_names_who_is_and_named_nobody() -> None:
    line = refreshed(octets("new"), element(BOOLEAN, b"\xff"))
    assert changes_since(line, "ou=people", b"old".hex()) == EntryChanges(frozenset(), b"new".hex(), complete=True)


@pytest.mark.parametrize("told", [(), (element(BOOLEAN, b"\x00"),)], ids=["by default", "in words"])
def test_somebody_may_be_gone_where_the_directory_names_who_is_still_there(told: tuple[bytes, ...]) -> None:
    line = refreshed(octets("new"), *told)
    assert changes_since(line, "ou=people", b"old".hex()) == EntryChanges(frozenset(), b"new".hex(), complete=False)
