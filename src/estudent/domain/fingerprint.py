"""Keyed hashes, the only form in which the registry keeps PESELs and document numbers."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from estudent.domain.identity_document import IdentityDocument
from estudent.domain.pesel import Pesel

SHORTEST_KEY = 32


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Make look-up hashes with a secret key: without the key nobody can try all PESELs against them."""

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < SHORTEST_KEY:
            raise ValueError(f"the fingerprint key needs at least {SHORTEST_KEY} bytes")

    def of_pesel(self, pesel: Pesel) -> str:
        """Return 64 hexadecimal digits, equal for equal PESELs."""
        return self.of("pesel", pesel.digits)

    def of_document(self, document: IdentityDocument) -> str:
        """Return 64 hexadecimal digits; the document's kind is left out, since feeds disagree about it."""
        return self.of("document", document.country, document.number)

    def of(self, purpose: str, *parts: str) -> str:
        """Return the keyed SHA-256 of `parts`, different for every purpose."""
        message = "\x1f".join((purpose, *parts)).encode(errors="surrogatepass")
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()
