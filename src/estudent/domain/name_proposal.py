"""Names that are proposed to a student for the mailbox."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count

from estudent.domain.mailbox_name import LONGEST, fault_of
from estudent.domain.person_name import PersonName, Transliterate, latin

NOBODY = "person"
"""What stands in numbered names of those whose own name cannot be used."""


def proposals(name: PersonName, transliterate: Transliterate) -> Iterator[str]:
    """Yield names for a student's mailbox, best first, without end: numbers are the last resort."""
    given, middle, family = (latin(part, transliterate) for part in (name.given, name.middle, name.family))
    if not re.search("[a-z]", given + family):  # letters that transliterate to digits, or to nothing, make no name
        given, middle, family = "", "", ""
    stems = list(dict.fromkeys(_stems(given, middle, family)))
    yield from (stem for stem in stems if not fault_of(stem))
    yield from (_numbered(stems, number) for number in count(2))


def _stems(given: str, middle: str, family: str) -> Iterator[str]:
    if not given or not family:
        yield given or family
        return
    yield f"{given}.{family}"
    if middle:
        yield f"{given}.{middle[0]}.{family}"
    yield f"{given[0]}.{family}"
    yield f"{family}.{given}"


def _numbered(stems: list[str], number: int) -> str:
    """Return the first stem that a number makes a name of; everybody may be called a person of some number."""
    short = (stem[: LONGEST - 7].rstrip(".") for stem in [*stems, NOBODY])
    names = (f"{stem}.{number}" for stem in short if stem)
    return next(name for name in names if name not in stems and not fault_of(name))
