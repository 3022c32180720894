"""What the directory answers (RFC 4511, section 4), read from its bytes."""

from __future__ import annotations

from estudent.adapters.ldap.ber import span


def result_of(operation: bytes) -> int:
    """Return the result code with which an operation ended."""
    begin, end = span(operation, span(operation, 0)[0])
    return int.from_bytes(operation[begin:end], "big")
