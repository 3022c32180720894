"""Keyed hashes, the only form in which the registry keeps PESELs and document numbers."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from estudent.domain.identity_document import IdentityDocument
from estudent.domain.pesel import Pesel

SHORTEST_KEY = 32
BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Make look-up hashes with a secret key: without the key nobody can try all PESELs against them."""

    key: bytes = field(repr=False)
    begun: hmac.HMAC = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.key) < SHORTEST_KEY:
            raise ValueError(f"the fingerprint key needs at least {SHORTEST_KEY} bytes")
        # Beginning anew with the key takes longer than all the rest of a short text's hash.
        object.__setattr__(self, "begun", hmac.new(self.key, digestmod="sha256"))

    def of_pesel(self, pesel: Pesel) -> str:
        """Return 64 hexadecimal digits, equal for equal PESELs."""
        return self.of("pesel", pesel.digits)

    def of_document(self, document: IdentityDocument) -> str:
        """Return 64 hexadecimal digits; the document's kind is left out, since feeds disagree about it."""
        return self.of("document", document.country, document.number)

    def of(self, purpose: str, *parts: str) -> str:
        """Return the keyed SHA-256 of `parts`, different for every purpose."""
        ours = self.begun.copy()
        ours.update(BETWEEN.join((purpose, *parts)).encode(errors="surrogatepass"))
        return ours.hexdigest()

    def of_rows(self) -> Callable[[bytes], bytes]:
        """Return what makes keyed hashes (BLAKE2b, RFC 7693) of whole rows: a third of the time, for many of them."""
        begun = hashlib.blake2b(digest_size=32, key=hashlib.sha512(self.key).digest(), person=b"row")

        def digest(row: bytes) -> bytes:
            ours = begun.copy()
            ours.update(row)
            return ours.digest()

        return digest
