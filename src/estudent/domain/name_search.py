"""Finding people by name: words in any order, typed with or without diacritics, in Latin letters or their own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from estudent.domain.person_name import POLISH, Transliterate, tidy

APOSTROPHES = str.maketrans("", "", "'’ʼ`ʹ")


def words_of(text: str, transliterate: Transliterate) -> tuple[str, ...]:
    """Return the words of a name as plain lower-case Latin letters; hyphens part words, apostrophes do not."""
    plain = text if text.isascii() else transliterate(tidy(text).translate(POLISH))
    return tuple(re.findall("[a-z0-9]+", plain.translate(APOSTROPHES).lower()))


def distance(wanted: Sequence[str], name: Sequence[str]) -> int | None:
    """Return how many wanted words are only beginnings of the name's words; None where one is not in the name."""
    if not all(any(word.startswith(start) for word in name) for start in wanted):
        return None
    return sum(word not in name for word in wanted)
