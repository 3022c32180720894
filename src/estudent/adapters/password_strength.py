"""How hard a password is to guess, judged by zxcvbn."""

from __future__ import annotations

from collections.abc import Sequence

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE, enumerate_l33t_subs, relevant_l33t_subtable

JUDGED = 72
"""Characters that are looked at: the work grows with the square of the length (20 ms for these at worst, measured)."""

READINGS = 16
"""In how many ways so many characters are read (@ for a, | for i or l); zxcvbn tries each, 704 at worst: 1.5 s."""


def strength(password: str, known: Sequence[str] = ()) -> int:
    """Return zxcvbn's score from 0, guessed at once, to 4; `known` are words that a guesser would try first."""
    score: int = zxcvbn(_judged(password), user_inputs=list(known))["score"] if password else 0
    return score


def _judged(password: str) -> str:
    """Return as much of a password as can be judged in the time for a usual one; a shorter one never scores higher."""
    shown = password[:JUDGED]
    readings = len(enumerate_l33t_subs(relevant_l33t_subtable(shown, L33T_TABLE)))
    return shown[: int(JUDGED * min(1.0, READINGS / readings) ** 0.5)]
