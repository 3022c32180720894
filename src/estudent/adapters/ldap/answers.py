"""What the directory answers (RFC 4511, section 4), read from its bytes."""

from __future__ import annotations

from functools import lru_cache

from estudent.adapters.ldap.attributes import READ, Found, Texts, text
from estudent.adapters.ldap.ber import ENUMERATED, LONG, SEQUENCE, SET, element, elements_in, span

ADMITTED, FOUND, FINISHED = 0x61, 0x64, 0x65
SPELLINGS = {name.casefold(): name for name in READ}


def result_of(operation: bytes) -> int:
    """Return the result code with which an operation ended; raise a LookupError for what is no result."""
    at, _ = span(operation, 0)
    begin, end = span(operation, at)
    if operation[at] != ENUMERATED or not begin < end <= len(operation):
        raise LookupError("an answer that does not begin with a result")
    return int.from_bytes(operation[begin:end], "big")


def controls_of(operation: bytes) -> dict[str, bytes]:
    """Return the values of the controls that came with an operation, by their object identifiers; some have none."""
    _, end = span(operation, 0)
    if end == len(operation):
        return {}
    controls = ([each for _, each in elements_in(element(SEQUENCE, one))] for _, one in elements_in(operation[end:]))
    return {text(name): b"".join(values[-1:]) for name, *values in controls}


def entry_found(operation: bytes) -> tuple[bytes, bytes]:
    """Return the name of an entry that was found, and the attributes as they came."""
    begin, _ = span(operation, 0)
    name, behind_name = span(operation, begin)
    first, end = span(operation, behind_name)
    return operation[name:behind_name], operation[first:end]


def parted(attributes: bytes) -> list[bytes]:
    """Return attributes that came together one by one."""
    at, end = 0, len(attributes)
    found = []
    while at < end:
        begin, size = at, attributes[at + 1]
        at = at + 2 + size if size < LONG else span(attributes, at)[1]
        found.append(attributes[begin:at])
    return found


def values_found(operation: bytes) -> Found:
    """Return the attributes of an entry that was found, with values as they came: some are no texts."""
    found = {}
    for each in parted(entry_found(operation)[1]):
        (_, name), (_, values) = elements_in(each)
        found[_spelling(name)] = [value for _, value in elements_in(element(SET, values))]
    return found


def texts_found(operation: bytes) -> Texts:
    """Return the attributes of an entry that was found.

    Of a hundred thousand entries this is most of the work, so what is short nearly always is read without a call.
    """
    at, end = _list_of_attributes(operation)
    found = {}
    while at < end:
        size, begin = operation[at + 1], at + 2
        if size >= LONG:
            begin, _ = span(operation, at)
        size, name = operation[begin + 1], begin + 2
        values = name + size
        if size >= LONG:
            # Not one that we ask for, but one with options: sn;lang-uk, and whatever else somebody calls it.
            name, values = span(operation, begin)
        size, first = operation[values + 1], values + 2
        if size < LONG:
            at = first + size
        else:
            first, at = span(operation, values)
        found[_spelling(operation[name:values])] = _values(operation, first, at)
    return found


def _list_of_attributes(operation: bytes) -> tuple[int, int]:
    begin, _ = span(operation, 0)
    _, behind_name = span(operation, begin)
    return span(operation, behind_name)


def _values(data: bytes, at: int, end: int) -> tuple[str, ...]:
    """Return the values between two places; most attributes have a single one, and a short one."""
    only = at + 2
    if only <= end and data[at + 1] < LONG and only + data[at + 1] == end:
        return (data[only:end].decode("utf-8", "replace"),)
    values = []
    while at < end:
        begin, at = span(data, at)
        values.append(text(data[begin:at]))
    return tuple(values)


@lru_cache(1000)
def _spelling(name: bytes) -> str:
    """Return an attribute's name as we write it: case does not matter in the directory (RFC 4512, section 2.5)."""
    return SPELLINGS.get(text(name).casefold(), text(name))
