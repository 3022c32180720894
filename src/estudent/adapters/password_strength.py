"""How hard a password is to guess, judged by zxcvbn."""

from __future__ import annotations

from collections.abc import Sequence

from zxcvbn import zxcvbn

JUDGED = 72
"""Characters that are looked at: the work grows with the square of the length (20 ms for these at worst, measured)."""


def strength(password: str, known: Sequence[str] = ()) -> int:
    """Return zxcvbn's score from 0, guessed at once, to 4; `known` are words that a guesser would try first."""
    score: int = zxcvbn(password[:JUDGED], user_inputs=list(known))["score"] if password else 0
    return score
