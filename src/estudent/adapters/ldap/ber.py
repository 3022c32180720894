"""The pieces of BER (X.690, narrowed by RFC 4511, section 5.1) of which LDAP's messages are made."""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
LONG = 0x80
"""From here on a length does not fit one byte: this bit and the number of the bytes that hold it come first (8.1.3)."""


def element(tag: int, content: bytes) -> bytes:
    """Return a tag, the content's length in as few bytes as it needs, and the content."""
    size = len(content)
    if size < LONG:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, LONG | len(length))) + length + content


def number(value: int, tag: int = INTEGER) -> bytes:
    """Return a number that is not negative; one more bit than it needs stays free for its sign (8.3)."""
    return element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(text: str) -> bytes:
    """Return a text in UTF-8."""
    return element(OCTETS, text.encode())


def span(data: bytes, at: int) -> tuple[int, int]:
    """Return where the content of the element at `at` begins and where it ends."""
    size, begin = data[at + 1], at + 2
    if size >= LONG:
        begin += size - LONG
        size = int.from_bytes(data[at + 2 : begin], "big")
    return begin, begin + size


def elements_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element within the one that `data` begins with."""
    at, end = span(data, 0)
    while at < end:
        tag = data[at]
        begin, at = span(data, at)
        yield tag, data[begin:at]
