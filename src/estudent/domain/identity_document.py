"""The identity document of a student who has no PESEL."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class DocumentKind(StrEnum):
    """The kinds of document that recruitment accepts."""

    PASSPORT = "passport"
    IDENTITY_CARD = "identity_card"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class IdentityDocument:
    """Kind, number and issuing country: what the album record holds without a PESEL (Dz.U. 2023.2787 § 14(2)(5))."""

    kind: DocumentKind
    number: str = field(repr=False)
    country: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", re.sub(r"[\W_]", "", self.number).upper())
        if not 3 <= len(self.number) <= 20:
            raise ValueError("a document number has 3 to 20 letters and digits")
        if not re.fullmatch(r"[A-Z]{2}", self.country):
            raise ValueError("a country is two capital letters (ISO 3166-1), e.g. UA")
