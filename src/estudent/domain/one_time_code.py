"""One-time codes that people type, and the links that stand for them in letters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

from estudent.domain.fingerprint import Fingerprints

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L and O, which look like digits, and no U."""

READ_AS = str.maketrans("OIL", "011")
BITS = 5


class Purpose(StrEnum):
    """What a code or a link was given out for; LINK is the part of a recovery letter that is clicked."""

    EMAIL = "email_code"
    RECOVERY = "recovery"
    LINK = "recovery_link"
    OFFICE = "office"


LIFETIME: Mapping[Purpose, timedelta] = {
    Purpose.EMAIL: timedelta(minutes=30),
    Purpose.RECOVERY: timedelta(minutes=30),
    Purpose.LINK: timedelta(minutes=30),
    Purpose.OFFICE: timedelta(days=7),
}
MOST_WRONG_TRIES: Mapping[Purpose, int] = {
    Purpose.EMAIL: 5,
    Purpose.RECOVERY: 5,
    Purpose.LINK: 5,
    Purpose.OFFICE: 1000,
}
"""How many end a code. Whoever knows an album number can try the office's, which must not cost a student the week and
the way to the desk; of its 2^50 values the waits between tries let somebody try some hundreds."""

LENGTH: Mapping[Purpose, int] = {Purpose.EMAIL: 8, Purpose.RECOVERY: 8, Purpose.OFFICE: 10}


def typed_code(purpose: Purpose, number: int) -> str:
    """Return the code that the last 40 bits of `number` make, 50 for the office's."""
    digits = (number >> BITS * at for at in reversed(range(LENGTH[purpose])))
    return "".join(ALPHABET[digit % len(ALPHABET)] for digit in digits)


def letter_code(fingerprints: Fingerprints, message_id: str, purpose: Purpose) -> str:
    """Return the typed code of a letter, the same at every attempt at the same letter."""
    return typed_code(purpose, int(fingerprints.of("one-time code", purpose, message_id), 16))


def letter_secret(fingerprints: Fingerprints, message_id: str) -> str:
    """Return the secret of a letter's link: 256 bits, the same at every attempt at the same letter."""
    return fingerprints.of("one-time", message_id)


def stored_code(fingerprints: Fingerprints, purpose: Purpose, student: int, code: str) -> str:
    """Return the form in which a typed code is stored: without the key so short a code cannot be found by trying."""
    return fingerprints.of("stored code", purpose, str(student), code)


def as_read_aloud(code: str) -> str:
    """Return a code in two groups, as people read it."""
    half = len(code) // 2
    return f"{code[:half]}-{code[half:]}"


def as_typed(text: str) -> str:
    """Return what somebody meant to type: case, spaces, hyphens, O for 0, and I or L for 1 are forgiven."""
    return re.sub(r"[^0-9A-Z]", "", text[:100].upper()).translate(READ_AS)
