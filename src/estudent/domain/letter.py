"""Letters to students, and the activation link inside the first one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from estudent.domain.fingerprint import Fingerprints
from estudent.domain.one_time_code import LIFETIME, Purpose
from estudent.domain.student import Student

CODES_OF: Mapping[str, tuple[Purpose, ...]] = {
    "email_code": (Purpose.EMAIL,),
    "recovery": (Purpose.RECOVERY, Purpose.LINK),
    "activation": (Purpose.RECOVERY, Purpose.LINK),
    "too_many_tries": (Purpose.LINK,),
}
"""The kinds of letters that bring codes, and which."""

OUT_OF_DATE_AFTER: Mapping[str, timedelta] = {
    kind: min(LIFETIME[purpose] for purpose in purposes) for kind, purposes in CODES_OF.items()
}
"""A letter is not sent any more when its code has run out."""

GIVEN_UP_AFTER = timedelta(days=2)
INVITED_FOR = timedelta(days=60)
"""How long the link of an album number letter works."""


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
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
