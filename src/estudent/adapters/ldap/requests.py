"""Requests as LDAP sends them (RFC 4511, section 4): byte for byte what ldap3 makes of them, in far less time."""

from __future__ import annotations

from collections.abc import Iterable

from ldap3 import MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE

from estudent.adapters.ldap.attributes import Changes
from estudent.adapters.ldap.ber import ENUMERATED, SEQUENCE, SET, element, number, octets

MODIFY, ADD = 0x66, 0x68
CHANGES = {name: number(at, ENUMERATED) for at, name in enumerate((MODIFY_ADD, MODIFY_DELETE, MODIFY_REPLACE))}


def message(number_of: int, operation: bytes) -> bytes:
    """Return the envelope in which an operation travels, with the number that its answers will have."""
    return element(SEQUENCE, number(number_of) + operation)


def add(name: str, attributes: dict[str, list[str]]) -> bytes:
    """Return the request to add an entry."""
    listed = b"".join([_attribute(each, values) for each, values in attributes.items()])
    return element(ADD, octets(name) + element(SEQUENCE, listed))


def modify(name: str, changes: Changes) -> bytes:
    """Return the request to change an entry."""
    listed = b"".join(
        [
            element(SEQUENCE, CHANGES[how] + _attribute(attribute, values))
            for attribute, parts in changes.items()
            for how, values in parts
        ]
    )
    return element(MODIFY, octets(name) + element(SEQUENCE, listed))


def _attribute(name: str, values: Iterable[str]) -> bytes:
    return element(SEQUENCE, octets(name) + element(SET, b"".join(map(octets, values))))
