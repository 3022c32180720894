"""The part of a mailbox's address before the @: what a student may choose, and what looks alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum

RFC_2142 = """info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp
list list-request"""
OFFICES = """admin admins administrator administracja administration root system sysadmin helpdesk help pomoc it bok
rektor rektorat prorektor kanclerz kwestor kwestura dziekan dziekanat prodziekan rekrutacja admissions cos biuro
sekretariat office rector dean bursar chancellor bezpieczenstwo iod rodo dpo dyrektor dyrekcja samorzad
noreply no-reply donotreply mailer-daemon mail email poczta hasla haslo password passwords usos usosweb estudent
microsoft office365 teams eduroam security-team abuse-team account accounts konto konta platnosci oplaty"""
EVERYBODY = "student students studenci wszyscy everyone"
RESERVED = frozenset(f"{RFC_2142} {OFFICES} {EVERYBODY}".split())

OFFENSIVE_STEMS = """kurw chuj pierdol pierdal jeban jebac zajeb pojeb wyjeb rozjeb
fuck nigger faggot asshole cocksuck hitler"""
OFFENSIVE_WORDS = """kurwa chuj huj huje cipa cipka dupa kutas kutasy pizda pizdo pizdy suka gowno cwel ciota pedal
dziwka dziwki shit bullshit bitch cunt slut whore penis porno nazi sieg.heil czarnuch"""
"""Stems count anywhere in a word, words by themselves: many a surname holds a vulgar word (Matsushita, Dikshit)."""

ALLOWED = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
SEPARATORS = re.compile("[._-]")
SHORTEST, LONGEST = 3, 40
LOOKS = str.maketrans({"0": "o", "1": "l", "i": "l", "3": "e", "4": "a", "5": "s", "7": "t", "w": "vv", "m": "rn"})
"""What is easily read as something else; all numbers stay distinct, so that anna.nowak.2 and .3 do not look alike."""


class NameFault(StrEnum):
    """Why somebody cannot have a name."""

    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    CHARACTERS = "characters"
    NO_LETTER = "no_letter"
    RESERVED = "reserved"
    LIKE_RESERVED = "like_reserved"
    ALBUM_ALIAS = "album_alias"
    OFFENSIVE = "offensive"
    TAKEN = "taken"
    LIKE_TAKEN = "like_taken"


WHY = {
    NameFault.TOO_SHORT: f"a name has {SHORTEST} to {LONGEST} characters",
    NameFault.TOO_LONG: f"a name has {SHORTEST} to {LONGEST} characters",
    NameFault.CHARACTERS: "a name has the letters a-z, digits, and single dots, hyphens or underscores between them",
    NameFault.NO_LETTER: "a name needs at least one letter",
    NameFault.RESERVED: "this name is reserved for an office",
    NameFault.LIKE_RESERVED: "this name looks like one that is reserved for an office",
    NameFault.ALBUM_ALIAS: "names of s and digits are kept for the aliases with album numbers",
    NameFault.OFFENSIVE: "this name could offend somebody",
    NameFault.TAKEN: "this address was given to somebody already; choose another name",
    NameFault.LIKE_TAKEN: "this name looks like somebody else's; choose another one",
}


class BadName(ValueError):
    """A name against the rules; `fault` says which."""

    def __init__(self, fault: NameFault) -> None:
        super().__init__(WHY[fault])
        self.fault = fault


def check_local_part(local: str) -> str:
    """Return the name in lower case, or raise BadName saying which rule it breaks."""
    local = local.strip().lower()
    if fault := fault_of(local):
        raise BadName(fault)
    return local


def fault_of(local: str) -> NameFault | None:
    """Return the first rule that a name in lower case breaks by itself, whoever else has it."""
    return next((fault for fault, breaks in BROKEN_BY.items() if breaks(local)), None)


def likeness(local: str) -> str:
    """Return what a name looks like at a glance, equal for names that one could mistake for each other.

    Case and separators fall away, digits become the letters that they resemble (after Unicode's UTS 39).
    """
    return SEPARATORS.sub("", local.lower()).translate(LOOKS)


def _may_be_read_as_an_alias(local: str) -> bool:
    """Tell whether a name is s and digits but for separators and one letter that looks like a digit."""
    tail = SEPARATORS.sub("", local)[1:]
    digits = sum(letter.isdigit() for letter in tail)
    return local[0] in "s5" and digits >= len(tail) - (digits > 2) and not tail.strip("0123456789oils")


def _may_be_read_as_reserved(local: str) -> bool:
    unnumbered = re.sub(r"[._-]?\d+$", "", local)
    words = [likeness(word) for word in SEPARATORS.split(local)]
    return (
        likeness(local) in LIKE_RESERVED
        or likeness(unnumbered) in LIKE_OFFICES
        or all(word in LIKE_RESERVED for word in words)
    )


def _is_offensive(local: str) -> bool:
    """Tell whether a word of a name is on the list, or its short parts together are, as in k.u.r.w.a."""
    spelled = re.sub(r"(?<![a-z0-9])([a-z0-9]{1,3})[._-](?=[a-z0-9]{1,3}(?![a-z0-9]))", r"\1", local)
    words = {likeness(word) for name in (local, spelled) for word in SEPARATORS.split(name)}
    return not LIKE_WORDS.isdisjoint({*words, likeness(local)}) or any(
        stem in word for stem in LIKE_STEMS for word in words
    )


LIKE_RESERVED = frozenset(map(likeness, RESERVED))
LIKE_OFFICES = frozenset(map(likeness, OFFICES.split()))
LIKE_STEMS = frozenset(map(likeness, OFFENSIVE_STEMS.split()))
LIKE_WORDS = frozenset(map(likeness, OFFENSIVE_WORDS.split()))
BROKEN_BY: dict[NameFault, Callable[[str], bool]] = {
    NameFault.TOO_SHORT: lambda local: len(local) < SHORTEST,
    NameFault.TOO_LONG: lambda local: len(local) > LONGEST,
    NameFault.CHARACTERS: lambda local: not ALLOWED.fullmatch(local),
    NameFault.NO_LETTER: lambda local: not re.search("[a-z]", local),
    NameFault.RESERVED: lambda local: local in RESERVED,
    NameFault.ALBUM_ALIAS: _may_be_read_as_an_alias,
    NameFault.LIKE_RESERVED: _may_be_read_as_reserved,
    NameFault.OFFENSIVE: _is_offensive,
}
"""The rules in the order in which they are told; each may count on those before it."""
