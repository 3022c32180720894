"""Requests as LDAP sends them (RFC 4511, section 4): byte for byte what ldap3 makes of them, in far less time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE

from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.ber import ENUMERATED, OCTETS, SEQUENCE, SET, element, number, octets

BIND, SEARCH, MODIFY, ADD = 0x60, 0x63, 0x66, 0x68
VERSION_3, SIMPLE = number(3), 0x80
ALL_OF, ANY_OF, EQUAL, PRESENT = 0xA0, 0xA1, 0xA3, 0x87
BASE, LEVEL, DEREF_NEVER = number(0, ENUMERATED), number(1, ENUMERATED), number(0, ENUMERATED)
CONTROLS, TRUE = 0xA0, b"\x01\x01\xff"
UNLIMITED, WITH_VALUES = number(0), b"\x01\x01\x00"
CHANGES = {name: number(at, ENUMERATED) for at, name in enumerate((MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE))}


def message(number_of: int, operation: bytes) -> bytes:
    """Return the envelope in which an operation travels, with the number that its answers will have."""
    return element(SEQUENCE, number(number_of) + operation)


def bind(name: str, password: bytes) -> bytes:
    """Return the request to sign in by a password, which is sent as it is.

    Without a name or a password the server may let in whoever asks, as nobody (RFC 4513, section 5.1): a ValueError.
    """
    if not (name and password):
        raise ValueError("to sign in takes a name and a password")
    return element(BIND, VERSION_3 + octets(name) + element(SIMPLE, password))


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


def search(base: str, condition: bytes, attributes: Sequence[str], scope: bytes = LEVEL) -> bytes:
    """Return the request for these attributes of the entries right below `base` that meet a condition, or of itself."""
    where = octets(base) + scope + DEREF_NEVER + UNLIMITED + UNLIMITED + WITH_VALUES
    return element(SEARCH, where + condition + element(SEQUENCE, b"".join(map(octets, attributes))))


def control(name: str, value: bytes) -> bytes:
    """Return a control that must be heeded, to be sent behind an operation (section 4.1.11)."""
    return element(CONTROLS, element(SEQUENCE, octets(name) + TRUE + element(OCTETS, value)))


def wish(name: str) -> bytes:
    """Return a control without a value that a server may leave unheeded."""
    return element(CONTROLS, element(SEQUENCE, octets(name)))


def has(attribute: str) -> bytes:
    """Return the condition that there is such an attribute."""
    return element(PRESENT, attribute.encode())


def is_any_of(attribute: str, values: Iterable[str]) -> bytes:
    """Return the condition that an attribute has one of these values."""
    return any_of([equals(attribute, value) for value in values])


def equals(attribute: str, value: str) -> bytes:
    """Return the condition that one of an attribute's values is this one."""
    return element(EQUAL, octets(attribute) + octets(value))


def any_of(conditions: Iterable[bytes]) -> bytes:
    """Return the condition that one of these is met."""
    return element(ANY_OF, b"".join(conditions))


def all_of(conditions: Iterable[bytes]) -> bytes:
    """Return the condition that all of these are met."""
    return element(ALL_OF, b"".join(conditions))


def attribute(name: str, values: Iterable[str]) -> bytes:
    """Return an attribute with its values."""
    return element(SEQUENCE, octets(name) + element(SET, b"".join(map(octets, values))))
