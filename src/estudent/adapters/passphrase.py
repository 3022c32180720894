"""Passphrases to offer, made by xkcdpass."""

from __future__ import annotations

from functools import cache

from xkcdpass import xkcd_password

WORDS = 5


def passphrase() -> str:
    """Return five English words of EFF's long list, drawn by the system's random source: 64.6 bits (5 × log2 7776).

    xkcdpass has no Polish or Ukrainian list; words without foreign letters can be typed on every keyboard.
    """
    made: str = xkcd_password.generate_xkcdpassword(_words(), numwords=WORDS, delimiter="-")
    return made


@cache
def _words() -> list[str]:
    """Return all of the list's words: leaving out short or long ones would cost bits."""
    words: list[str] = xkcd_password.generate_wordlist("eff-long", min_length=1, max_length=30)
    return words
