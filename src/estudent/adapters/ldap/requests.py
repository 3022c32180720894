"""Requests as LDAP sends them (RFC 4511, section 4): byte for byte what ldap3 makes of them, in far less time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE

from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.ber import ENUMERATED, OCTETS, SEQUENCE, SET, element, number, octets

SEARCH, MODIFY, ADD = 0x63, 0x66, 0x68
ANY_OF, EQUAL, PRESENT = 0xA1, 0xA3, 0x87
LEVEL, DEREF_NEVER = number(1, ENUMERATED), number(0, ENUMERATED)
CONTROLS, TRUE = 0xA0, b"\x01\x01\xff"
UNLIMITED, WITH_VALUES = number(0), b"\x01\x01\x00"
CHANGES = {name: number(at, ENUMERATED) for at, name in enumerate((MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE))}


def message(number_of: int, operation: bytes) -> bytes:
    """Return the envelope in which an operation travels, with the number that its answers will have."""
    return element(SEQUENCE, number(number_of) + operation)


def add(name: str, attributes: dict[str, list[str]]) -> bytes:
    """Return the request to add an entry."""
    listed = b"".join([attribute(each, values) for each, values in attributes.items()])
    return element(ADD, octets(name) + element(SEQUENCE, listed))


def modify(name: str, changes: Changes) -> bytes:
    """Return the request to change an entry."""
    listed = b"".join(
        [
            element(SEQUENCE, CHANGES[how] + attribute(name_of, values))
            for name_of, parts in changes.items()
            for how, values in parts
        ]
    )
    return element(MODIFY, octets(name) + element(SEQUENCE, listed))


def search(base: str, condition: bytes, attributes: Sequence[str]) -> bytes:
    """Return the request for these attributes of the entries right below `base` that meet a condition."""
    where = octets(base) + LEVEL + DEREF_NEVER + UNLIMITED + UNLIMITED + WITH_VALUES
    return element(SEARCH, where + condition + element(SEQUENCE, b"".join(map(octets, attributes))))


def control(name: str, value: bytes) -> bytes:
    """Return a control that must be heeded, to be sent behind an operation (section 4.1.11)."""
    return element(CONTROLS, element(SEQUENCE, octets(name) + TRUE + element(OCTETS, value)))


def has(attribute: str) -> bytes:
    """Return the condition that there is such an attribute."""
    return element(PRESENT, attribute.encode())


def is_any_of(attribute: str, values: Iterable[str]) -> bytes:
    """Return the condition that an attribute has one of these values."""
    name = octets(attribute)
    return element(ANY_OF, b"".join([element(EQUAL, name + octets(value)) for value in values]))


def attribute(name: str, values: Iterable[str]) -> bytes:
    """Return an attribute with its values."""
    return element(SEQUENCE, octets(name) + element(SET, b"".join(map(octets, values))))
