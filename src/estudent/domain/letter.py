"""Letters to students, and the activation link inside the first one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from estudent.domain.fingerprint import Fingerprints
from estudent.domain.student import Student


@dataclass(frozen=True, slots=True)
class Notice:
    """A letter that is due: to whom, of which kind, under which Message-ID, stable over all attempts."""

    student: Student
    kind: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it goes out: one recipient, subject, plain text and HTML."""

    recipient: str = field(repr=False)
    message_id: str
    language: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


def activation_token(fingerprints: Fingerprints, message_id: str) -> str:
    """Return the secret of a letter's activation link: 256 bits, the same at every attempt at the same letter.

    It is derived from the secret key, so a letter that must be sent again after a crash holds the same link.
    """
    return fingerprints.of("activation", message_id)


def stored_form(token: str) -> str:
    """Return the form in which a token is stored: SHA-256, enough for a secret of 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()
