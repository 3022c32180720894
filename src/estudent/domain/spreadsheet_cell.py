"""A cell of a table that somebody may open in a spreadsheet program."""

from __future__ import annotations

FORMULA = frozenset("=+-@|%\t\r\n＝＋－＠")
"""What makes a spreadsheet program take a cell for a formula (OWASP, CSV injection)."""


def harmless(text: str) -> str:
    """Return a text in which no spreadsheet program sees a formula."""
    return f"'{text}" if text.lstrip(" \u00a0")[:1] in FORMULA and text else text
