"""The text in the QR code of a transfer, by the Polish Bank Association's recommendation on 2D codes (1.0, 2013)."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal

from estudent.domain.nrb import Nrb

LONGEST_NAME = 20
LONGEST_TITLE = 32
LARGEST_AMOUNT = Decimal("9999.99")
TYPED_BY_THE_PAYER = "000000"
PLAIN = str.maketrans({"‐": "-", "‑": "-", "–": "-", "—": "-", "„": '"', "”": '"', "“": '"', "’": "'", "|": " "})


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer in złotys as the payer's bank takes it; texts are cleaned and cut to what the code has room for."""

    account: Nrb = field(repr=False)
    amount: Decimal
    recipient: str
    title: str

    def __post_init__(self) -> None:
        if self.amount <= 0 or self.amount != round(self.amount, 2):
            raise ValueError(f"a transfer is of whole grosze and of one at least, not of {self.amount}")
        object.__setattr__(self, "recipient", _cleaned(self.recipient)[:LONGEST_NAME].rstrip())
        object.__setattr__(self, "title", _whole_words(_cleaned(self.title), LONGEST_TITLE))

    @property
    def amount_fits(self) -> bool:
        """Tell whether the code carries the amount; over 9,999.99 the payer types it."""
        return self.amount <= LARGEST_AMOUNT

    @property
    def code(self) -> str:
        """The code's text: NIP (may stay empty), country, NRB, grosze, name, title, three reserved fields."""
        grosze = f"{int(self.amount * 100):06d}" if self.amount_fits else TYPED_BY_THE_PAYER
        return "|".join(("", "PL", str(self.account), grosze, self.recipient, self.title, "", "", ""))


def _cleaned(text: str) -> str:
    """Return the text without separators and invisible signs; Polish letters stay, spaces are single."""
    plain = unicodedata.normalize("NFC", text).translate(PLAIN)
    return " ".join("".join(_sign(sign) for sign in plain).split())


def _whole_words(text: str, length: int) -> str:
    """Return as many whole words as there is room for; a word that alone is too long is cut."""
    if len(text) <= length:
        return text
    words = text[: length + 1].rpartition(" ")[0].rstrip(" ,;:-(")
    return words if len(words) > length // 2 else text[:length].rstrip()


def _sign(sign: str) -> str:
    if sign.isspace():
        return " "
    return "" if unicodedata.category(sign).startswith("C") else sign
