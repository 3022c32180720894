"""How one bank writes what its customer wants to know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from estudent.domain.nrb import Nrb

NRB_DIGITS = 26
ONLY_DIGITS = re.compile("[^0-9]")


@dataclass(frozen=True, slots=True)
class BankScheme:
    """Where a bank puts things; codes are those of the sub-fields of MT940's field 86.

    `account_pattern` finds the individual account in its sub-field, in its first group where it has one; fewer digits
    than 26 are completed by `account_prefix`: the sort code and whatever the bank leaves out. `columns` are our
    fields by the header of a report of mass payments, `trailer` the word with which its line of sums begins.
    """

    name: str = ""
    own_accounts: tuple[str, ...] = ()
    encoding: str | None = None
    account_fields: tuple[str, ...] = ("38",)
    account_pattern: re.Pattern[str] | None = None
    account_prefix: str = ""
    reference_pattern: re.Pattern[str] | None = None
    title_fields: tuple[str, ...] = ("20", "21", "22", "23", "24", "25", "26")
    payer_fields: tuple[str, ...] = ("32", "33")
    columns: Mapping[str, str] = field(default_factory=dict)
    trailer: str = ""

    def individual_account(self, places: Iterable[str]) -> str:
        """Return the one account number that stands in these places, empty for none or for several."""
        found = {number for place in places if (number := self._number_in(place))}
        return found.pop() if len(found) == 1 else ""

    def reference_in(self, text: str) -> str:
        """Return the bank's own number of a payment out of a text, where the scheme says how to find it."""
        found = self.reference_pattern.search(text) if self.reference_pattern else None
        return _group(found) if found else ""

    def _number_in(self, place: str) -> str:
        if self.account_pattern is None:
            return digits_of(place)
        found = self.account_pattern.search(place)
        return self._completed(digits_of(_group(found))) if found else ""

    def _completed(self, digits: str) -> str:
        """Return the whole number of an account of which the bank tells only the end."""
        if not self.account_prefix or len(digits) + len(self.account_prefix) != NRB_DIGITS - 2:
            return digits
        whole = self.account_prefix + digits
        return str(Nrb.build(whole[:8], whole[8:]))


def digits_of(text: str) -> str:
    """Return the digits of an account number, however it is written: PL, spaces, slashes and dashes fall away."""
    digits = text.removeprefix("PL")
    return digits if digits.isascii() and digits.isdecimal() else ONLY_DIGITS.sub("", text)


def joined(parts: Mapping[str, str], codes: Sequence[str]) -> str:
    """Return the text that a bank has spread over several sub-fields."""
    return " ".join("".join([parts[code] for code in codes if code in parts]).split())


def _group(found: re.Match[str]) -> str:
    return found[1] if found.re.groups else found[0]
