"""Names of people, and their form in plain Latin letters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Transliterate = Callable[[str], str]
"""Turns text of any script into ASCII; a kept library stands behind it (see `estudent.bootstrap`)."""

POLISH = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
LONGEST = 100


@dataclass(frozen=True, slots=True)
class PersonName:
    """Given, middle and family name as the documents spell them; a one-word name is a family name alone."""

    family: str
    given: str = ""
    middle: str = ""

    def __post_init__(self) -> None:
        if not (_is_plain(self.family) and _is_plain(self.given) and _is_plain(self.middle)):
            for part in ("family", "given", "middle"):
                object.__setattr__(self, part, _checked(tidy(getattr(self, part))))
        if not self.family:
            raise ValueError("a family name is missing")

    @property
    def display(self) -> str:
        """The name as people read it: given name first."""
        return f"{self.given} {self.family}".strip()


def tidy(text: str) -> str:
    """Return text in composed Unicode form (NFC) with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def latin(text: str, transliterate: Transliterate) -> str:
    """Return lower-case ASCII letters and digits of a name: Polish letters exactly, all others by the library.

    Hyphens and spaces fall away, so `Nowak-Wójcik` becomes `nowakwojcik`.
    """
    return re.sub(r"[^a-z0-9]", "", transliterate(tidy(text).translate(POLISH)).lower())


# Many people share a name.
@lru_cache(maxsize=8192)
def _is_plain(part: str) -> bool:
    """Tell whether there is nothing to tidy and nothing to refuse, as in most names: one word, or none."""
    return not part or (part.isalpha() and len(part) <= LONGEST and unicodedata.is_normalized("NFC", part))


def _checked(part: str) -> str:
    if len(part) > LONGEST:
        raise ValueError(f"a name has at most {LONGEST} characters")
    if part and not part.replace(" ", "").replace("-", "").isalpha():
        _refuse_what_is_no_name(part)
    return part


def _refuse_what_is_no_name(part: str) -> None:
    wrong = next((letter for letter in part if not _may_stand_in_a_name(letter)), None)
    if wrong is not None:
        raise ValueError(f"a name cannot hold {unicodedata.name(wrong, 'a control character').lower()}")


def _may_stand_in_a_name(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LM" or letter in " -'’ʼ.`"
