"""A number where a text belongs, as spreadsheets and programs store it."""

from __future__ import annotations

from estudent.domain.fault import Column, Fault, FaultKind

EXACT = 2**53
PESEL_LENGTH = 11


def text_of(column: Column, number: float) -> str | Fault:
    """Return a number's text, a PESEL with its leading zeros, or the fault of one that has lost digits for certain."""
    if column is Column.ACCOUNT_NUMBER or not abs(number) < EXACT:
        return Fault(column.value, FaultKind.UNREADABLE_ROW, "liczba zamiast tekstu / a number instead of text")
    text = str(int(number)) if number == int(number) else str(number)
    return text.zfill(PESEL_LENGTH) if column is Column.PESEL else text
