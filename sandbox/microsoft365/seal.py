"""Signed texts that only this tenant made: access tokens and the tokens of delta queries (RFC 7519)."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import secrets

from sandbox.microsoft365.shelf import Json, Shelf


class Seal:
    """Signs and knows its own again, after a restart too."""

    def __init__(self, shelf: Shelf) -> None:
        kept = shelf.get("key", "tokens") or {"key": secrets.token_hex(32)}
        shelf.put("key", "tokens", kept)
        self._key = bytes.fromhex(str(kept["key"]))

    def signed(self, claims: Json) -> str:
        """Return the claims as a signed JWT."""
        head = coded(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        signed = f"{head}.{coded(json.dumps(claims).encode())}"
        return f"{signed}.{coded(hmac.digest(self._key, signed.encode(), 'sha256'))}"

    def opened(self, token: str) -> Json | None:
        """Return what the token says when it is ours."""
        signed, _, signature = token.rpartition(".")
        expected = coded(hmac.digest(self._key, signed.encode(), "sha256"))
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        return decoded(signed.rpartition(".")[2])


def coded(content: bytes) -> str:
    """Return base64url without padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def uncoded(text: str) -> bytes:
    """Undo it; raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decoded(text: str) -> Json | None:
    """Return the JSON object in a part of a JWT."""
    try:
        claims = json.loads(uncoded(text))
    except (ValueError, binascii.Error):
        return None
    return claims if isinstance(claims, dict) else None
