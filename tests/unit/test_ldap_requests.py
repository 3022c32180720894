"""What we send is what ldap3 would send, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ldap3 import BASE, DEREF_NEVER, LEVEL, MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE
from ldap3.operation.add import add_operation
from ldap3.operation.bind import bind_operation
from ldap3.operation.modify import modify_operation
from ldap3.operation.search import search_operation
from ldap3.protocol.convert import build_controls_list
from ldap3.protocol.rfc4511 import LDAPMessage, MessageID, ProtocolOp
from ldap3.utils import asn1

from estudent.adapters.ldap import requests
from estudent.adapters.ldap.attributes import ALBUM, READ, attributes_of, changes_of
from estudent.adapters.ldap.ber import OCTETS, element, span
from estudent.domain.plan import Lock
from tests.builders import an_entry

NUMBERS = st.integers(1, 2**31 - 1)
# Before and after each size from which a length takes a byte more.
SIZES = [0, 127, 128, 255, 256, 65_535, 65_536]
EDGES = st.sampled_from([1, 127, 128, 255, 256]).map("x".__mul__)
NAMES = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=20) | EDGES
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
VALUES = st.lists(TEXT | EDGES, max_size=4)
HOW = st.sampled_from([MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE])
# As ldap3 codes messages; parts of it have no types.
CODEC: Any = asn1
SUFFIX = "dc=student,dc=example,dc=pl"


def as_ldap3_sends(number: int, kind: str, operation: Any, controls: Any = None) -> bytes:
    message: Any = LDAPMessage()
    message["messageID"] = MessageID(number)
    message["protocolOp"] = ProtocolOp().setComponentByName(kind, operation)
    if controls:
        message["controls"] = build_controls_list(controls)
    return bytes(CODEC.encode(message))


def added_by_ldap3(number: int, name: str, attributes: dict[str, list[str]]) -> bytes:
    return as_ldap3_sends(number, "addRequest", add_operation(name, attributes, auto_encode=True))


def modified_by_ldap3(number: int, name: str, changes: dict[str, list[tuple[str, list[str]]]]) -> bytes:
    return as_ldap3_sends(number, "modifyRequest", modify_operation(name, changes, auto_encode=True))


def searched_by_ldap3(
    number: int, base: str, condition: str, attributes: Any, controls: Any = None, *, scope: Any = LEVEL
) -> bytes:
    operation = search_operation(
        base,
        condition,
        scope,
        DEREF_NEVER,
        attributes,
        size_limit=0,
        time_limit=0,
        types_only=False,
        auto_escape=True,
        auto_encode=True,
    )
    return as_ldap3_sends(number, "searchRequest", operation, controls)


def escaped(value: str) -> str:
    """Return a value as it stands in a search filter (RFC 4515, section 3), more of it escaped than is needed."""
    return "".join(f"\\{byte:02x}" for byte in value.encode())


@given(NUMBERS, NAMES, st.binary(min_size=1, max_size=300))
def test_any_password_is_sent_as_ldap3_sends_it(number: int, name: str, password: bytes) -> None:
    by_ldap3 = as_ldap3_sends(number, "bindRequest", bind_operation(3, "SIMPLE", name, password))
    assert requests.message(number, requests.bind(name, password)) == by_ldap3


@given(NUMBERS, NAMES, st.dictionaries(NAMES, VALUES, max_size=6))
def test_any_entry_is_added_as_ldap3_adds_it(number: int, name: str, attributes: dict[str, list[str]]) -> None:
    sent = requests.message(number, requests.add(name, attributes))
    assert sent == added_by_ldap3(number, name, attributes)


@given(NUMBERS, NAMES, st.dictionaries(NAMES, st.lists(st.tuples(HOW, VALUES), max_size=3), max_size=4))
def test_any_change_is_sent_as_ldap3_sends_it(
    number: int, name: str, changes: dict[str, list[tuple[str, list[str]]]]
) -> None:
    sent = requests.message(number, requests.modify(name, changes))
    assert sent == modified_by_ldap3(number, name, changes)


@pytest.mark.parametrize("lock", Lock)
def test_a_student_is_added_and_changed_as_ldap3_does_it(lock: Lock) -> None:
    entry, name = an_entry(surname="Żółć-Gęślą", lock=lock), f"uid=s123456,ou=people,{SUFFIX}"
    changes = changes_of(entry, ("surname", "mail", "local_addresses"))
    assert requests.message(7, requests.add(name, attributes_of(entry))) == added_by_ldap3(
        7, name, attributes_of(entry)
    )
    assert requests.message(8, requests.modify(name, changes)) == modified_by_ldap3(8, name, changes)


@given(NUMBERS, st.lists(TEXT.filter(bool), min_size=2, max_size=8))
def test_any_values_are_looked_for_as_ldap3_looks_for_them(number: int, values: list[str]) -> None:
    condition = "".join(f"({ALBUM}={escaped(value)})" for value in values)
    sent = requests.message(number, requests.search(SUFFIX, requests.is_any_of(ALBUM, values), READ))
    assert sent == searched_by_ldap3(number, SUFFIX, f"(|{condition})", list(READ))


def test_whoever_has_an_album_number_is_looked_for_as_ldap3_does_it() -> None:
    sent = requests.message(1, requests.search(SUFFIX, requests.has(ALBUM), READ))
    assert sent == searched_by_ldap3(1, SUFFIX, f"({ALBUM}=*)", list(READ))


@given(TEXT.filter(bool), TEXT.filter(bool))
def test_what_meets_several_conditions_is_looked_for_as_ldap3_does_it(one: str, other: str) -> None:
    both = requests.all_of([requests.equals("uid", one), requests.equals("cn", other)])
    condition = f"(&(uid={escaped(one)})(cn={escaped(other)}))"
    sent = requests.message(1, requests.search(SUFFIX, both, ["cn"]))
    assert sent == searched_by_ldap3(1, SUFFIX, condition, ["cn"])


def test_an_entry_itself_is_looked_for_as_ldap3_does_it() -> None:
    sent = requests.message(1, requests.search(SUFFIX, requests.has("objectClass"), ["1.1"], requests.BASE))
    assert sent == searched_by_ldap3(1, SUFFIX, "(objectClass=*)", ["1.1"], scope=BASE)


def test_a_wish_is_sent_as_ldap3_sends_it() -> None:
    asked = requests.search(SUFFIX, requests.has(ALBUM), READ) + requests.wish("1.2.3")
    by_ldap3 = searched_by_ldap3(1, SUFFIX, f"({ALBUM}=*)", list(READ), [("1.2.3", False, None)])
    assert requests.message(1, asked) == by_ldap3


@given(st.binary(max_size=300))
def test_a_control_is_sent_as_ldap3_sends_it(value: bytes) -> None:
    asked = requests.search(SUFFIX, requests.has(ALBUM), READ) + requests.control("1.2.3", value)
    controls = [("1.2.3", True, value)]
    assert requests.message(1, asked) == searched_by_ldap3(1, SUFFIX, f"({ALBUM}=*)", list(READ), controls)


@pytest.mark.parametrize("size", SIZES)
def test_a_value_of_any_size_is_sent_as_ldap3_sends_it(size: int) -> None:
    attributes = {"sn": ["x" * size, "y"]}
    assert requests.message(1, requests.add("uid=s1", attributes)) == added_by_ldap3(1, "uid=s1", attributes)


@pytest.mark.parametrize("size", SIZES)
def test_an_element_ends_where_its_length_says(size: int) -> None:
    data = element(OCTETS, b"x" * size) + b"more"
    begin, end = span(data, 0)
    assert (data[begin:end], data[end:]) == (b"x" * size, b"more")
