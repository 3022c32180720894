"""Rules for passwords, after NIST SP 800-63B: long, not easily guessed, and nothing about which characters to mix."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from estudent.domain.person_name import Transliterate, latin
from estudent.domain.student import Student

SHORTEST, LONGEST = 12, 128
"""Characters of the prepared password; NIST asks for 8 at least and to allow 64 at least."""

SHORTEST_WORD = 4
"""Shorter words stand in others by chance: nobody called Li should be told off for "ceiling"."""

GOOD_ENOUGH = 3
"""zxcvbn's score from which a password withstands guessing even against stolen hashes."""

Strength = Callable[[str, Sequence[str]], int]
"""Judges a password from 0 to 4, given words that a guesser would try first."""


class PasswordFault(StrEnum):
    """Why a password is not taken."""

    UNTYPABLE = "untypable"
    TOO_SHORT = "too short"
    TOO_LONG = "too long"
    PERSONAL = "personal"
    COMMON = "common"


def prepared(password: str) -> str:
    """Return the form of a password that is hashed and compared: RFC 8265's OpaqueString, NFC and plain spaces.

    The portal calls this wherever a password is set or tried. Not NFKC, which NIST offers too: it would change
    characters such as ² or ﬁ, and then USOSweb's sign-in and eduroam, which compare what is typed, would refuse them.
    """
    spaced = "".join(" " if unicodedata.category(letter) == "Zs" else letter for letter in password)
    return unicodedata.normalize("NFC", spaced)


def faults_of(password: str, forbidden: Sequence[str], strength: Strength) -> list[PasswordFault]:
    """Return what is wrong with a password; `forbidden` are words of the student and the university."""
    chosen = prepared(password)
    faults = list(_form_faults(chosen))
    if PasswordFault.TOO_LONG in faults:
        return faults
    if holds_any(chosen, forbidden):
        faults.append(PasswordFault.PERSONAL)
    elif PasswordFault.TOO_SHORT not in faults and strength(chosen, forbidden) < GOOD_ENOUGH:
        faults.append(PasswordFault.COMMON)
    return faults


def holds_any(password: str, words: Sequence[str]) -> bool:
    """Tell whether a password holds one of the words, whatever its capitals and accents."""
    written = (password.casefold(), _bare(password))
    return any(word in each for word in words if len(word) >= SHORTEST_WORD for each in written)


def words_of(whose: Student | None, transliterate: Transliterate, *others: str) -> list[str]:
    """Return the words that a password must not hold: of the student and of `others`, plain and in Latin letters."""
    texts = [*others, *(_told_of(whose) if whose else ())]
    parts = [part for text in texts for part in re.split(r"[\W_]+", text.casefold()) if part]
    return sorted({form for part in parts for form in (part, _bare(part), latin(part, transliterate)) if form})


def _form_faults(chosen: str) -> Iterator[PasswordFault]:
    if any(unicodedata.category(letter) in {"Cc", "Cs", "Cn"} for letter in chosen):
        yield PasswordFault.UNTYPABLE
    if len(chosen) < SHORTEST:
        yield PasswordFault.TOO_SHORT
    if len(chosen) > LONGEST:
        yield PasswordFault.TOO_LONG


def _told_of(whose: Student) -> list[str]:
    name = whose.name
    addresses = [address.partition("@")[0] for address in (whose.email, whose.mailbox or "")]
    return [name.family, name.given, name.middle, str(whose.album), whose.album.login, *addresses]


def _bare(text: str) -> str:
    """Return text in small letters without accents, the Polish ł among them."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
